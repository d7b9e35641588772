// Types of partitions that mean something to a restore: GPT's GUIDs in lower case, and MBR's bytes.

/** UEFI starts loaders from these. */
export const ESP_TYPES: ReadonlySet<string> = new Set(["c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "ef"]);

export const BIOS_BOOT_TYPE = "21686148-6449-6e6f-744e-656564454649";

/** Those that have no file system by their nature: BIOS boot, Microsoft reserved, PReP (GPT, MBR). */
export const BARE_TYPES: ReadonlySet<string> = new Set([
  BIOS_BOOT_TYPE,
  "e3c9e316-0b5c-4db8-817d-f92df00215ae",
  "9e1a2d38-c612-4316-aa26-8b49521e5a8b",
  "41",
]);

export const LINUX_TYPE = "0fc63daf-8483-4772-8e79-3d69d8477de4";
export const LVM_TYPE = "e6d6d379-f507-44c2-a23c-238f2a3df928";
export const RAID_TYPE = "a19d880f-05fc-4d3b-a006-743f0f84911e";

/** From a member of an array to what is no member (GPT, MBR). */
export const MEMBER_TYPES: ReadonlyMap<string, string> = new Map([
  [RAID_TYPE, LINUX_TYPE],
  ["fd", "83"],
]);

/** The same thing in a GPT and in an MBR. Microsoft's data partitions have many types in an MBR, of which the first here is the usual one. */
const SAME_TYPES: readonly (readonly [gpt: string, mbr: string, ...others: readonly string[]])[] = [
  [LINUX_TYPE, "83"],
  ["0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "82"],
  [LVM_TYPE, "8e"],
  [RAID_TYPE, "fd"],
  ["c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "ef"],
  ["ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "7", "c", "b", "e", "6"],
  ["9e1a2d38-c612-4316-aa26-8b49521e5a8b", "41"],
];

/** Undefined: such a table has no type for it. */
export function typeIn(kind: "gpt" | "mbr", type: string): string | undefined {
  if (type.includes("-") === (kind === "gpt")) return type;
  const known = SAME_TYPES.find((types) => types.includes(type));
  return known?.[kind === "gpt" ? 0 : 1];
}
