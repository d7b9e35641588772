// Asks md, LVM and LUKS how the running machine's stacked storage is made.

import { readRange } from "#os/files";
import { askTool, orUnknown } from "./ask-tool.ts";
import type { LayoutDevice } from "./layout-devices.ts";
import type { DeviceId } from "./model.ts";
import { LVM_COMMANDS, parseLvm, type LvmReport } from "./parse-lvm.ts";
import { LUKS_HEADER_BYTES, parseLuks, type FoundLuks } from "./parse-luks.ts";
import { readArray } from "./read-array.ts";
import type { FoundArray, StackFacts } from "./stack.ts";

export async function inspectStack(devices: readonly LayoutDevice[]): Promise<StackFacts> {
  const [arrays, luks, lvm] = await Promise.all([inspectArrays(devices), inspectLuks(devices), inspectLvm(devices)]);
  return { arrays, luks, lvm };
}

async function inspectArrays(devices: readonly LayoutDevice[]): Promise<ReadonlyMap<DeviceId, FoundArray>> {
  const found = devices
    .filter(({ device }) => device.kernelName.startsWith("md") && device.type !== "part")
    .map(async ({ id, device }): Promise<readonly (readonly [DeviceId, FoundArray])[]> => {
      const array = readArray(device.kernelName);
      if (array === undefined) return [];
      const told = await askTool(["mdadm", "--detail", "--export", device.path]);
      const name = /^MD_NAME=(.*)$/m.exec(told ?? "")?.[1];
      return [
        [
          id,
          { ...array, members: array.members.map(toId), spares: array.spares.map(toId), writeMostly: array.writeMostly.map(toId), name },
        ],
      ];
    });
  const toId = (kernelName: string) => devices.find(({ device }) => device.kernelName === kernelName)?.id ?? kernelName;
  return new Map((await Promise.all(found)).flat());
}

async function inspectLuks(devices: readonly LayoutDevice[]): Promise<ReadonlyMap<DeviceId, FoundLuks>> {
  const found = devices
    .filter(({ device }) => device.fsType === "crypto_LUKS")
    .map(async ({ id, device }): Promise<readonly (readonly [DeviceId, FoundLuks])[]> => {
      const header = await orUnknown(async () => parseLuks(await readRange(device.path, 0, LUKS_HEADER_BYTES)));
      return header === undefined ? [] : [[id, header]];
    });
  return new Map((await Promise.all(found)).flat());
}

/** LVM is not even asked where nothing is its. */
async function inspectLvm(devices: readonly LayoutDevice[]): Promise<LvmReport | undefined> {
  if (!devices.some(({ device }) => device.fsType === "LVM2_member" || device.type === "lvm")) return undefined;
  const [pvs, vgs, lvs] = await Promise.all([askTool(LVM_COMMANDS.pvs), askTool(LVM_COMMANDS.vgs), askTool(LVM_COMMANDS.lvs)]);
  if (pvs === undefined || vgs === undefined || lvs === undefined) return undefined;
  return orUnknown(async () => parseLvm({ pvs, vgs, lvs }));
}
