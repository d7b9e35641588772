// UUIDs of a volume group and its volumes in LVM's own metadata, as vgcfgbackup writes it: GRUB on UEFI and links below /dev/disk know volumes by them. Pure.

import { LifeboatError } from "#os/error";
import { namesOf } from "../machine/lvm-names.ts";
import type { LogicalVolume, VolumeGroup } from "../machine/stacked-device.ts";

/**
 * The same text with the UUIDs that they had; what had none known keeps its new one. The form is lib/format_text/export.c's: a block for
 * the group, its fields after one tab, volumes in `logical_volumes` after two. Throws LifeboatError when one of them is not in it.
 */
export function withVolumeIds(metadata: string, group: VolumeGroup, volumes: readonly LogicalVolume[]): string {
  const open = new Map(volumes.flatMap((volume) => (volume.uuid === undefined ? [] : [[namesOf(volume).volume, volume.uuid] as const])));
  const blocks: string[] = [];
  let isGroupDone = group.uuid === undefined;
  const lines = metadata.split("\n").map((line) => {
    const [, begun] = /^\t*(\S+) \{(?:\s*#.*)?$/.exec(line) ?? [];
    if (begun !== undefined) blocks.push(begun);
    if (/^\t*\}$/.test(line)) blocks.pop();
    const [, indent] = /^(\t+)id = "[^"]*"$/.exec(line) ?? [];
    if (indent === undefined || blocks[0] !== group.id) return line;
    if (blocks.length === 1 && group.uuid !== undefined) {
      isGroupDone = true;
      return `${indent}id = "${group.uuid}"`;
    }
    const [, kind, name = ""] = blocks;
    const uuid = blocks.length === 3 && kind === "logical_volumes" ? open.get(name) : undefined;
    if (uuid === undefined) return line;
    open.delete(name);
    return `${indent}id = "${uuid}"`;
  });
  const missing = [...(isGroupDone ? [] : [group.id]), ...open.keys()];
  if (missing.length === 0) return lines.join("\n");
  throw new LifeboatError(`Cannot give ${group.id} its UUIDs as LVM's metadata must name all of it: ${missing.join(", ")} is not in it`);
}
