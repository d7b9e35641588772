// How to mount a file system for a look, without changing it: no journal is replayed (DESIGN section 8, rule 2). Pure.

import type { MountPoint } from "../machine/model.ts";
import { subvolumeOption } from "./subvolumes.ts";

const OPTIONS: Readonly<Record<string, string>> = {
  ext2: "ro",
  ext3: "ro,noload",
  ext4: "ro,noload",
  xfs: "ro,norecovery,nouuid",
  btrfs: "ro,rescue=nologreplay",
  f2fs: "ro,norecovery",
  jfs: "ro",
  reiserfs: "ro",
  vfat: "ro",
};

/** The kernel's ext4 mounts them too. */
const EXT_TYPES: ReadonlySet<string> = new Set(["ext2", "ext3"]);

/** Undefined for a type that is not known here. */
export function wayToLook({
  type,
  fsRoot,
}: Pick<MountPoint, "type" | "fsRoot">): { readonly type: string; readonly options: readonly string[] } | undefined {
  const options = OPTIONS[type];
  if (options === undefined) return undefined;
  return { type: EXT_TYPES.has(type) ? "ext4" : type, options: type === "btrfs" ? [options, subvolumeOption(fsRoot)] : [options] };
}
