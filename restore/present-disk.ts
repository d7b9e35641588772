// The disks that are here on the day of the restore, with what stands on them: the planner's view of the world.

import type { Disk } from "../machine/model.ts";

/** Something that was found on a disk: a partition table, a partition, a file system, a member of a stack. */
export interface FoundContent {
  /** Kernel name of the device that carries it. */
  readonly device: string;
  /** blkid's word, or `partition` and `partition table`. */
  readonly type: string;
  /** UUID, PARTUUID or PTUUID, lower case. */
  readonly uuid: string | undefined;
  readonly label: string | undefined;
}

export interface PresentDisk {
  readonly disk: Disk;
  readonly contents: readonly FoundContent[];
  /** Why nothing may be written to it: it holds the set, or is the medium. Undefined: it may be a target. */
  readonly lockedBecause: string | undefined;
}
