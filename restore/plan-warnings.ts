// What a person should know of a plan, though it stands in no way: one line each. Pure.

import { isImaged } from "../machine/device-image.ts";
import { efiOf, type Disk, type Machine } from "../machine/model.ts";
import { twinEsps } from "./esp.ts";
import type { PresentDisk } from "./present-disk.ts";

export function sizeWarnings(from: Disk, to: Disk): readonly string[] {
  const more = to.sizeBytes - from.sizeBytes;
  return more < 2 ** 20 ? [] : [`${to.id} is ${(more / 2 ** 30).toFixed(1)} GiB larger than ${from.id} was: that part stays free`];
}

/** That consent allows nothing, and takes nothing away: on a medium that restores by itself it may name a disk that has died since. */
export function consentWarnings(present: readonly PresentDisk[], wipe: readonly string[]): readonly string[] {
  const isNoSerial = (name: string) => !present.some(({ disk: { identity } }) => identity.serial === name || identity.wwid === name);
  return wipe.filter(isNoSerial).map((name) => `no disk here has the serial or wwid "${name}", which was allowed to be overwritten`);
}

/** Such content counts as the machine's own, and yet no set brings it back. */
export function contentWarnings({ layout, bootLoader }: Pick<Machine, "layout" | "bootLoader">): readonly string[] {
  const { fileSystems, mounts } = layout;
  const efi = efiOf(bootLoader);
  const twins = new Set(efi === undefined ? [] : twinEsps(layout, efi.device).map(({ partition }) => partition.id));
  return fileSystems
    .filter(({ device }) => !mounts.some((mount) => mount.device === device) && !twins.has(device) && !isImaged(layout, device))
    .map(({ device, type, label, parameters }) => {
      const name = label === undefined ? "" : ` "${label}"`;
      const fate = parameters.kind === "unknown" ? "nothing is made in its place" : "it is made again, and stays empty";
      return `${device} held ${type}${name}, which was not mounted: its files are not in the set, and ${fate}`;
    });
}
