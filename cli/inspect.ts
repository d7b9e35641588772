// `lifeboat inspect`: this machine as Lifeboat sees it, and whether it could be restored; with --modules what serves its devices.

import { readTextIfThere } from "#os/files";
import { gatherImage } from "../builder/gather-image.ts";
import { inspectModules, type InspectedDevice, type ServingModule } from "../builder/inspect-modules.ts";
import { inspectMachine } from "../machine/inspect.ts";
import { readHardwareModules } from "../machine/sysfs-modules.ts";
import { layoutWarnings } from "../restore/layout-warnings.ts";
import { restorableReasons } from "../restore/restorable.ts";
import { machineText } from "../ui/machine-text.ts";
import { chooseKernel, IMAGE_OPTIONS, readGatherOptions } from "./image-options.ts";
import { JSON_OPTION, type CommandSpec, type Invocation } from "./command-spec.ts";

export const inspectCommand: CommandSpec = {
  name: "inspect",
  summary: "Show this machine as Lifeboat sees it, and whether it could be restored",
  description:
    "Shows system, hardware, firmware, boot loader, network, disks with partitions, file systems and mounts, then whether the machine could be " +
    "restored: `restorable: yes`, or `restorable: no` and a line for each reason, then warnings of what a restore would not bring back. " +
    "Run it as root: others can read neither partition tables nor file systems. " +
    "With --modules: one row for each device that has a driver now or a module of the rescue image's kernel: its place on the bus, its driver under " +
    "the kernel that runs now, the modules that serve it in the rescue image, the layer these are in, and its modalias. Then what has no " +
    "driver, and which firmware is missing. The options about the image have a meaning there alone. Nothing is written.",
  args: [],
  options: [
    { name: "modules", description: "Show devices and the modules that serve them in the rescue image", inConfig: false },
    ...IMAGE_OPTIONS.filter(({ name }) => name !== "modules"),
    JSON_OPTION,
  ],
  examples: [
    { command: "lifeboat inspect", says: "the machine, and whether it could be restored" },
    { command: "lifeboat inspect --json", says: "the value that a set holds as machine.json, with the reasons and the warnings" },
    { command: "lifeboat inspect --modules", says: "devices and modules" },
    { command: "lifeboat inspect --modules --json", says: "all devices as data, those without a module too" },
  ],
  async run(invocation) {
    await (invocation.options["modules"] === true ? showModules(invocation) : showMachine(invocation));
    return 0;
  },
};

async function showMachine({ options, print, remark }: Invocation): Promise<void> {
  if (process.getuid?.() !== 0) remark("lifeboat: not run as root: what only root can read is taken for unknown");
  const machine = await inspectMachine({ now: new Date() });
  const [reasons, warnings] = [restorableReasons(machine), layoutWarnings(machine)];
  print(options["json"] === true ? JSON.stringify({ machine, reasons, warnings }) : machineText(machine, { reasons, warnings }));
}

async function showModules({ options, print }: Invocation): Promise<void> {
  const kernel = await chooseKernel(options);
  // As in explain: the plan does not depend on the agent's bytes.
  const contents = await gatherImage(kernel, { ...readGatherOptions(options), agentPath: process.execPath });
  const isRunning = kernel.release === (await readTextIfThere("/proc/sys/kernel/osrelease"))?.trim();
  const devices = inspectModules(readHardwareModules(), contents, isRunning);
  print(options["json"] === true ? JSON.stringify({ kernel: kernel.release, devices }) : reportText(kernel.release, devices));
}

function reportText(release: string, devices: readonly InspectedDevice[]): string {
  const shown = devices.filter(({ driver, modules }) => driver !== undefined || modules.length > 0);
  const header = ["DEVICE", "Driver", "Module", "Layer", "Modalias"];
  const rows = shown.map(({ bus, id, modalias, driver, modules }) => [
    `${bus} ${id}`,
    driver ?? "-",
    modules.map(({ name }) => name).join(",") || "-",
    [...new Set(modules.map(({ place }) => place))].join(",") || "-",
    modalias,
  ]);
  const modules = new Map(shown.flatMap((device) => device.modules).map((module) => [module.name, module]));
  return [
    ...table([header, ...rows]),
    ...devices
      .filter(({ isUnserved }) => isUnserved)
      .map(({ bus, id, modalias, driver }) => {
        const now = driver === undefined ? "" : `, its driver ${driver} is another kernel's`;
        return `no driver: ${bus} ${id}: kernel ${release} has no module for it${now} (${modalias})`;
      }),
    ...[...modules.values()].flatMap(moduleLines),
    countLine(release, devices),
  ].join("\n");
}

function countLine(release: string, devices: readonly InspectedDevice[]): string {
  const served = devices.filter(({ modules }) => modules.some(({ place }) => place !== "none"));
  const others = devices.filter((device) => device.driver !== undefined && !served.includes(device));
  const more = others.length === 0 ? "" : `; ${others.length} more have a driver now that no module of the image names`;
  return `${served.length} of ${devices.length} devices are served by the image, with kernel ${release}${more}`;
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
