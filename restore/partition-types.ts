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
