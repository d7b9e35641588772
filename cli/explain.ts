// `lifeboat explain NAME`: why something is in the rescue image, or why not.

import { LifeboatError } from "#os/error";
import { explainName, type Finding } from "../builder/explain-name.ts";
import { findOnMachine } from "../builder/find-on-machine.ts";
import { gatherImage } from "../builder/gather-image.ts";
import { sizeText } from "../ui/size-text.ts";
import { chooseKernel, IMAGE_OPTIONS, readGatherOptions } from "./image-options.ts";
import { JSON_OPTION, textOption, type CommandSpec } from "./command-spec.ts";

export const explainCommand: CommandSpec = {
  name: "explain",
  summary: "Say why something is in the rescue image, or why not",
  description:
    "Plans the image as lifeboat build would with the same options, writes nothing, and prints why the module, program, library, firmware or file " +
    "is in it and in which layer; or why it is not. NAME may also be a device's modalias, as lifeboat inspect --modules shows it.",
  args: [{ name: "NAME", required: true, description: "A module, alias, program, library, firmware name or path" }],
  options: [...IMAGE_OPTIONS, JSON_OPTION],
  examples: [
    { command: "lifeboat explain nvme", says: "a module" },
    { command: "lifeboat explain mkfs.ext4", says: "a program" },
    { command: "lifeboat explain --modules host iwlwifi", says: "whether an image for this machine alone would have it" },
    { command: "lifeboat explain pci:v00001AF4d00001042sv00001AF4sd00000002bc01sc00i00", says: "what serves a device" },
  ],
  async run({ args, options, print }) {
    const name = args[0] ?? "";
    const kernel = await chooseKernel(options);
    // The plan does not depend on the agent's bytes, and a source checkout may have no binary yet.
    const contents = await gatherImage(kernel, { ...readGatherOptions(options), agentPath: process.execPath });
    const facts = {
      release: kernel.release,
      contents,
      hostOnly: textOption(options, "modules") === "host",
      withFirmware: textOption(options, "firmware") !== "none",
    };
    const { findings, nearest } = explainName(name, facts, await findOnMachine(name));
    if (findings.length === 0) throw unknownName(name, kernel.release, nearest);
    const report = { name, kernel: kernel.release, findings };
    print(options["json"] === true ? JSON.stringify(report) : findings.flatMap(findingLines).join("\n"));
    return 0;
  },
};

function findingLines(finding: Finding): readonly string[] {
  if (finding.kind === "outside") {
    const hint = finding.hint === undefined ? [] : [`  ${finding.hint}`];
    return [`${finding.what} is not in the image`, `  ${finding.why}`, ...hint];
  }
  const { what, path, layer, sizeBytes, because, remarks } = finding;
  const place = layer === "initramfs" ? "in the initramfs" : "in the tools layer";
  return [
    `${what} is ${place}: ${path}${sizeBytes === 0 ? "" : `, ${sizeText(sizeBytes)}`}`,
    ...because.map((reason, index) => `  ${"  ".repeat(index)}because ${reason}`),
    ...remarks.map((text) => `  ${text}`),
  ];
}

function unknownName(name: string, release: string, nearest: string | undefined): LifeboatError {
  const message = `Cannot explain "${name}" as it must be a module, program, library, firmware or file: neither kernel ${release} nor the image has one of that name`;
  return new LifeboatError(message, { exitCode: 2, ...(nearest === undefined ? {} : { hint: `Did you mean "${nearest}"?` }) });
}
