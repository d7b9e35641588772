// What `--exclude /dev/…` means: the device by any of its names, with all that stands on it.

import { LifeboatError } from "#os/error";
import { exists, realPath } from "#os/files";
import type { MountedSystem } from "../machine/inspect-mounts.ts";
import { isMountOf, isNamedBy } from "../machine/layout-devices.ts";
import type { Mount } from "../machine/parse-findmnt.ts";
import { flattenDevices, type LsblkDevice } from "../machine/parse-lsblk.ts";

export interface ExcludedDevices {
  /** What the user said that leaves out the device that is mounted there. */
  wordFor(mount: Mount): string | undefined;
  /** Whether a device is left out, by its node, such as `/dev/sda2` and `/dev/VG/LV`. */
  isExcluded(path: string): boolean;
  /** Words for devices of which nothing is in use: what is not mounted is never archived. */
  readonly idleWords: readonly string[];
}

export function isDeviceWord(pattern: string): boolean {
  return pattern.startsWith("/dev/");
}

/** Throws LifeboatError (2) for a word that names no device. */
export async function excludedDevices(words: readonly string[], system: MountedSystem): Promise<ExcludedDevices> {
  const named: { word: string; devices: readonly LsblkDevice[] }[] = [];
  for (const word of words) named.push({ word, devices: await devicesOf(word, system) });
  return {
    wordFor: (mount) => named.find(({ devices }) => devices.some((device) => isMountOf(mount, device)))?.word,
    idleWords: named.flatMap(({ word, devices }) => (devices.some((device) => isInUse(device, system)) ? [] : [word])),
    isExcluded: (path) => named.some(({ devices }) => devices.some((device) => isNodeOf(path, device) || isNamedBy(device, path))),
  };
}

/** The device and all that stands on it: partitions, volumes, arrays. */
async function devicesOf(word: string, system: MountedSystem): Promise<readonly LsblkDevice[]> {
  const node = (await exists(word)) ? await realPath(word) : word;
  const found = deviceOf(node, word, system);
  if (found === undefined) {
    throw new LifeboatError(`Cannot leave out "${word}" as it must be a disk or what stands on one: there is none of that name`, {
      exitCode: 2,
      hint: "lsblk lists the devices; a device is named whole, without wildcards",
    });
  }
  return flattenDevices([found]);
}

/** By its node, links resolved, or by what udev would call it. */
export function deviceOf(node: string, word: string, { devices }: MountedSystem): LsblkDevice | undefined {
  return flattenDevices(devices).find((device) => isNodeOf(node, device) || isNamedBy(device, withoutEscapes(word)));
}

function isInUse(device: LsblkDevice, { mounts, swaps }: MountedSystem): boolean {
  return mounts.some((mount) => isMountOf(mount, device)) || swaps.some(({ path }) => isNodeOf(path, device));
}

function isNodeOf(node: string, { path, kernelName }: LsblkDevice): boolean {
  return node === path || node === `/dev/${kernelName.replace(/!/g, "/")}`;
}

/** udev writes blanks and the like in the names of links as `\x20`. */
function withoutEscapes(word: string): string {
  return word.replace(/\\x([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}
