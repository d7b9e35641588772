// What mdadm, its configuration and udev call an array, beside the kernel's name. Pure.

import type { RaidArray } from "./stacked-device.ts";

/** The last part of a name in a superblock, often `HOST:WORD`: the rest is the host that has made it. */
export function wordOf(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

export function hexDigits(uuid: string): string {
  return uuid.toLowerCase().replace(/[^0-9a-f]/g, "");
}

/** As mdadm writes it: four groups of eight digits with colons between. */
export function colonUuid(uuid: string): string {
  return (hexDigits(uuid).match(/.{8}/g) ?? []).join(":");
}

/** GRUB's: by the UUID where it knows it, without colons, else as it stands below /dev (grub 2.06, osdep/linux/getroot.c). */
export function grubNamesOf({ id, uuid, name }: ArrayNames): readonly string[] {
  return [
    ...(uuid === undefined ? [] : [`mduuid/${hexDigits(uuid)}`]),
    ...(name === undefined ? [] : [`md/${name}`, `md/${wordOf(name)}`]),
    id,
  ];
}

export interface ArrayNames {
  /** The kernel's. */
  readonly id: string;
  readonly uuid: string | undefined;
  /** As in its superblock, often `HOST:WORD`. */
  readonly name: string | undefined;
}

/** Below /dev (mdadm(8), "Device names"; 63-md-raid-arrays.rules). */
export function linksOf({ uuid, shape }: RaidArray): readonly string[] {
  const name = shape?.name;
  return [
    ...(name === undefined ? [] : [`md/${wordOf(name)}`, `md/${name}`, `disk/by-id/md-name-${name}`]),
    ...(uuid === undefined ? [] : [`disk/by-id/md-uuid-${colonUuid(uuid)}`]),
  ];
}
