// MondoRescue's mountlist: one row a device, as its papers print it and as its mountlist.txt holds it.
import type { LsblkDevice } from "./parse-lsblk.ts";
import { flattenDevices } from "./parse-lsblk.ts";
import type { Mount } from "./parse-findmnt.ts";

/** MondoRescue's special mountpoints are `swap`, `lvm` (a physical volume), `raid` (an array member), `none`; `luks` is ours. */
export interface MountlistRow {
  readonly device: string;
  readonly mountpoint: string;
  readonly format: string;
  /** A logical volume carries the word `lvm`: its size is LVM's business. */
  readonly sizeBytes: number | "lvm";
  /** The label, else `UUID=…`, else empty; empty for parts of LVM and RAID. */
  readonly labelOrUuid: string;
}

/** What libblkid calls the parts of a storage stack, and MondoRescue's words for mountpoint and format. */
const STACK: Readonly<Record<string, { readonly mountpoint: string; readonly format: string }>> = {
  swap: { mountpoint: "swap", format: "swap" },
  LVM2_member: { mountpoint: "lvm", format: "lvm" },
  LVM1_member: { mountpoint: "lvm", format: "lvm" },
  linux_raid_member: { mountpoint: "raid", format: "raid" },
  isw_raid_member: { mountpoint: "raid", format: "raid" },
  ddf_raid_member: { mountpoint: "raid", format: "raid" },
  crypto_LUKS: { mountpoint: "luks", format: "luks" },
};

// Optical discs, files behind loop devices and memory are no part of a machine's layout.
const NO_LAYOUT = /^(rom|loop)$/;
const MEMORY = /^(zram|ram)\d+$/;

/**
 * A row for each device that carries something: a file system (mounted or not), swap, or a part of LVM, RAID or LUKS.
 * Partitions without content (extended, BIOS boot) have none. A device mounted more than once has one row, with
 * its most telling mountpoint: `/`, else where its root directory is seen first.
 */
export function makeMountlist(devices: readonly LsblkDevice[], mounts: readonly Mount[]): readonly MountlistRow[] {
  return flattenDevices(devices).flatMap((device): MountlistRow[] => {
    const mount = mountOf(device, mounts);
    const stack = STACK[device.fsType ?? ""];
    const format = stack?.format ?? mount?.fsType ?? device.fsType;
    if (NO_LAYOUT.test(device.type) || MEMORY.test(device.kernelName) || format === undefined || format === "iso9660") return [];
    return [
      {
        device: device.path,
        mountpoint: stack?.mountpoint ?? mount?.target ?? "none",
        format,
        sizeBytes: device.type === "lvm" ? "lvm" : device.sizeBytes,
        // The label of an array's member is the array's name, and a physical volume's UUID is LVM's own.
        labelOrUuid: format === "lvm" || format === "raid" ? "" : labelOrUuid(device.label ?? mount?.label, device.uuid ?? mount?.uuid),
      },
    ];
  });
}

/** The papers' table: a header, tabs between the columns, sizes in MiB, rounded down. What would break a row is written as in mountlist.txt. */
export function formatMountlist(rows: readonly MountlistRow[]): string {
  const lines = rows.map((row) =>
    [row.device, row.mountpoint, row.format, sizeIn(row, 1 << 20), row.labelOrUuid]
      .map((column) => escaped(column, /[\t\n\\]/g))
      .join("\t"),
  );
  return ["DEVICE\tMountpoint\tFormat\tSize\tLabel/UUID", ...lines, ""].join("\n");
}

/** mountlist.txt: no header, blanks between the columns, sizes in KiB. Blank, tab, newline and backslash are written as in fstab(5). */
export function formatMountlistFile(rows: readonly MountlistRow[]): string {
  return rows
    .map((row) => [row.device, row.mountpoint, row.format, sizeIn(row, 1 << 10), row.labelOrUuid])
    .map(
      (columns) =>
        `${columns
          .map((column) => escaped(column, /[ \t\n\\]/g))
          .join(" ")
          .trim()}\n`,
    )
    .join("");
}

/** Three octal digits behind a backslash, as addmntent(3) writes them. */
function escaped(text: string, separators: RegExp): string {
  return text.replace(separators, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

function sizeIn(row: MountlistRow, unitBytes: number): string {
  return row.sizeBytes === "lvm" ? "lvm" : String(Math.floor(row.sizeBytes / unitBytes));
}

function labelOrUuid(label: string | undefined, uuid: string | undefined): string {
  return label ?? (uuid === undefined ? "" : `UUID=${uuid}`);
}

function mountOf(device: LsblkDevice, mounts: readonly Mount[]): Mount | undefined {
  // btrfs mounts carry an anonymous device number, so that only the source tells where they are.
  const own = mounts.filter(
    (mount) => mount.source === device.path || (device.majorMinor !== "" && mount.majorMinor === device.majorMinor),
  );
  const rank = (mount: Mount): number => (mount.target === "/" ? 0 : mount.fsRoot === "/" ? 1 : 2);
  // Sorting is stable: among equals the one mounted first stays first, so that a bind mount never wins.
  return own.sort((a, b) => rank(a) - rank(b))[0];
}
