// How LVM and the device mapper call the same volume. Pure.

import type { LogicalVolume, VolumeGroup } from "./stacked-device.ts";

/** LVM doubles the hyphens of both names and puts one between them (lvm(8), "VALID NAMES" and the names below /dev/mapper). */
export function mapperName({ group, volume }: VolumeNames): string {
  return [group, volume].map((part) => part.replace(/-/g, "--")).join("-");
}

export interface VolumeNames {
  readonly group: string;
  readonly volume: string;
}

/** A volume's own names: its id is `VG/LV`. */
export function namesOf({ id, volumeGroup }: Pick<LogicalVolume, "id" | "volumeGroup">): VolumeNames {
  return { group: volumeGroup, volume: id.slice(volumeGroup.length + 1) };
}

/** Udev's links to a volume below /dev, which the device mapper's name and UUID make (10-dm.rules, 13-dm-disk.rules; lvm2's dm UUID is `LVM-` and both UUIDs without hyphens). */
export function volumeLinks(volume: LogicalVolume, group: Pick<VolumeGroup, "uuid">): readonly string[] {
  const uuids = [group.uuid, volume.uuid].map((uuid) => uuid?.replace(/-/g, ""));
  return [
    `disk/by-id/dm-name-${mapperName(namesOf(volume))}`,
    ...(uuids.includes(undefined) ? [] : [`disk/by-id/dm-uuid-LVM-${uuids.join("")}`]),
  ];
}

/** The other way round. Undefined: LVM's own layers, such as `VG-POOL-tpool`, have one part more, and what is not LVM's has none. */
export function volumeNames(mapperName: string): VolumeNames | undefined {
  const [, group, volume] = /^((?:[^-]|--)+)-((?:[^-]|--)+)$/.exec(mapperName) ?? [];
  if (group === undefined || volume === undefined) return undefined;
  return { group: group.replace(/--/g, "-"), volume: volume.replace(/--/g, "-") };
}
