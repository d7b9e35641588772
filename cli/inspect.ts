// `lifeboat inspect --modules`: this machine's devices, and what serves each in the rescue image.

import { LifeboatError } from "#os/error";
import { gatherImage } from "../builder/gather-image.ts";
import { inspectModules, type InspectedDevice, type ServingModule } from "../builder/inspect-modules.ts";
import { readHardwareModules } from "../machine/sysfs-modules.ts";
import { chooseKernel, IMAGE_OPTIONS, readGatherOptions } from "./build.ts";
import { JSON_OPTION, type CommandSpec } from "./command-spec.ts";

export const inspectCommand: CommandSpec = {
  name: "inspect",
  summary: "Show this machine's devices and what serves them in the rescue image",
  description:
    "With --modules: one row for each device that has a driver now or a module of the rescue image's kernel: its place on the bus, its driver under " +
    "the kernel that runs now, the modules that serve it in the rescue image, the layer these are in, and its modalias. Then what has no " +
    "driver, and which firmware is missing. Nothing is written.",
  args: [],
  options: [
    { name: "modules", description: "Show devices and modules; for now this must be given", inConfig: false },
    ...IMAGE_OPTIONS.filter(({ name }) => name !== "modules"),
    JSON_OPTION,
  ],
  examples: [
    { command: "lifeboat inspect --modules", says: "the table" },
    { command: "lifeboat inspect --modules --json", says: "all devices as data, those without a module too" },
  ],
  async run({ options, print }) {
    if (options["modules"] !== true) {
      throw new LifeboatError("Cannot inspect this machine as what to look at must be said: no --modules", {
        exitCode: 2,
        hint: "Give --modules; other views come with archiving",
      });
    }
    const kernel = await chooseKernel(options);
    // As in explain: the plan does not depend on the agent's bytes.
    const contents = await gatherImage(kernel, { ...readGatherOptions(options), agentPath: process.execPath });
    const devices = inspectModules(readHardwareModules(), contents);
    print(options["json"] === true ? JSON.stringify({ kernel: kernel.release, devices }) : reportText(kernel.release, devices));
    return 0;
  },
};

function reportText(release: string, devices: readonly InspectedDevice[]): string {
  const served = devices.filter(({ driver, modules }) => driver !== undefined || modules.length > 0);
  const header = ["DEVICE", "Driver", "Module", "Layer", "Modalias"];
  const rows = served.map(({ bus, id, modalias, driver, modules }) => [
    `${bus} ${id}`,
    driver ?? "-",
    modules.map(({ name }) => name).join(",") || "-",
    [...new Set(modules.map(({ place }) => place))].join(",") || "-",
    modalias,
  ]);
  const modules = new Map(served.flatMap((device) => device.modules).map((module) => [module.name, module]));
  return [
    ...table([header, ...rows]),
    ...devices
      .filter(({ isUnserved }) => isUnserved)
      .map(({ bus, id, modalias }) => `no driver: ${bus} ${id}: kernel ${release} has no module for it (${modalias})`),
    ...[...modules.values()].flatMap(moduleLines),
    `${served.length} of ${devices.length} devices are served; modules are those of kernel ${release}`,
  ].join("\n");
}

function moduleLines({ name, place, heldBecause, missingFirmware }: ServingModule): readonly string[] {
  const absent = place === "none" ? [`left out: ${name} is not in the image; lifeboat explain ${name} says why`] : [];
  const held = heldBecause === undefined ? [] : [`not loaded: ${name}: ${heldBecause}`];
  return [...absent, ...held, ...missingFirmware.map((file) => `missing firmware: ${name} may ask for ${file}`)];
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
