// What goes into the rescue image: a sorted list of entries, each with the reasons that brought it there.

/** Where an entry lives: unpacked at boot, or on the medium until the additional-tools stage takes it in. */
export type Layer = "initramfs" | "tools";

/** The parts of the size report and, for the initramfs, the segments it is made of. */
export type Group = "init" | "agent" | "programs" | "libraries" | "modules" | "firmware" | "machine" | "microcode";

/**
 * Reasons, nearest first: each answers "why?" of the one before it.
 * Example: `["sbin/mkfs.ext4 needs libblkid.so.1", "sbin/mkfs.ext4 rebuilds file systems"]`.
 */
export type Because = readonly string[];

interface EntryBase {
  /** Relative, no leading slash, no `.` or `..`, as it appears under the image's root. */
  readonly path: string;
  /** Permission bits, without the file type. */
  readonly mode: number;
  readonly layer: Layer;
  readonly group: Group;
  readonly because: Because;
}

export interface FileEntry extends EntryBase {
  readonly type: "file";
  readonly sizeBytes: number;
  /** Either the content itself, or the file on the building machine that has it. */
  readonly content: { readonly bytes: Uint8Array } | { readonly hostPath: string };
}

export interface DirectoryEntry extends EntryBase {
  readonly type: "directory";
}

export interface SymlinkEntry extends EntryBase {
  readonly type: "symlink";
  readonly target: string;
}

export interface DeviceEntry extends EntryBase {
  readonly type: "character-device";
  readonly major: number;
  readonly minor: number;
}

export type PlanEntry = FileEntry | DirectoryEntry | SymlinkEntry | DeviceEntry;
