// What the agent tells at the end of the boot, and on request: disks, network, what is missing, the ready line.

import { readBlockDevices, type BlockDevice } from "../machine/block-devices.ts";
import { readBusDevices, readLoadedModules } from "../machine/bus-devices.ts";
import { readNetworkInterfaces } from "../machine/network-interfaces.ts";
import type { AgentContext } from "./context.ts";
import { readFirmwareFailures } from "./firmware-failures.ts";
import { missingLines } from "./missing-report.ts";
import { interfaceLine, listInterfaces } from "./network.ts";

/** Says all of it on the consoles. The last line is the one that ends the boot. */
export async function sayReport(context: AgentContext): Promise<void> {
  const { console, words, image } = context;
  await listInterfaces(context);
  for (const line of hardwareLines()) console.say(line);
  const missing = await currentMissing(context);
  for (const line of missing) console.say(`lifeboat: ${line}`);
  const modules = readLoadedModules().length;
  console.say(`lifeboat: ready mode=${words.mode} kernel=${image.kernelRelease} modules=${modules} missing=${missing.length}`);
}

/** The same for a page of the menu, as things are now. */
export async function deviceReport(context: AgentContext): Promise<readonly string[]> {
  const missing = await currentMissing(context);
  const lines = [...hardwareLines().map((line) => line.replace(/^lifeboat: /, "")), ...missing];
  return missing.length === 0 ? [...lines, "Every device has its driver."] : lines;
}

function hardwareLines(): readonly string[] {
  return [...readBlockDevices().map(diskLine), ...readNetworkInterfaces().map(interfaceLine)];
}

async function currentMissing({ modules, state, shell }: AgentContext): Promise<readonly string[]> {
  const { loaded, declined, failed, toolsTakenIn } = state;
  const firmware = await readFirmwareFailures(shell);
  return missingLines({ devices: readBusDevices(), modules, loaded, declined, failed, toolsTakenIn, firmware });
}

function diskLine(disk: BlockDevice): string {
  const size = disk.sizeBytes === 0 ? "empty" : `${(disk.sizeBytes / 1024 ** 3).toFixed(1)} GiB`;
  const serial = disk.serial === undefined ? "" : `serial ${disk.serial}`;
  const parts = [disk.name, size, disk.driver ?? "", disk.model ?? "", serial];
  return `lifeboat: disk ${parts.filter((part) => part !== "").join(" ")}`;
}
