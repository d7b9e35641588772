// Reads the boot catalogue of an ISO ("El Torito" Bootable CD-ROM Format Specification 1.0; platform 0xEF by UEFI 2.x 13.3.2.1).
import { fieldReader, type FieldReader } from "./fields.ts";
import { asciiDecode, beforeNul } from "./text.ts";

export type BootPlatform = "bios" | "ppc" | "mac" | "uefi" | "unknown";

export interface BootEntry {
  readonly platform: BootPlatform;
  readonly bootable: boolean;
  readonly media: "no-emulation" | "floppy-1.2M" | "floppy-1.44M" | "floppy-2.88M" | "hard-disk" | "unknown";
  /** Real-mode segment; 0 means 0x7C0. */
  readonly loadSegment: number;
  /** In units of 512 bytes: what the firmware loads. */
  readonly sectorCount: number;
  /** In units of 2048 bytes. */
  readonly loadLba: number;
}

export interface ElTorito {
  /** In units of 2048 bytes. */
  readonly catalogueLba: number;
  /** Manufacturer text of the validation entry. */
  readonly id: string;
  readonly entries: readonly BootEntry[];
}

const SECTOR_BYTES = 2048;
const BOOT_RECORD_SECTOR = 17;
const ENTRY_BYTES = 32;
/** Firmware reads one sector of catalogue for certain; real ones have a handful of entries. */
const ENTRY_LIMIT = SECTOR_BYTES / ENTRY_BYTES;

const PLATFORMS: Readonly<Record<number, BootPlatform>> = { 0: "bios", 1: "ppc", 2: "mac", 0xef: "uefi" };
const MEDIA = ["no-emulation", "floppy-1.2M", "floppy-1.44M", "floppy-2.88M", "hard-disk"] as const;

/** Undefined when the ISO has no boot record; LifeboatError when the catalogue is damaged. */
export function readElTorito(iso: Uint8Array): ElTorito | undefined {
  const file = fieldReader(iso, "the boot catalogue", "little");
  const recordStart = BOOT_RECORD_SECTOR * SECTOR_BYTES;
  const record = file.bytes(recordStart, SECTOR_BYTES, "boot record volume descriptor");
  if (asciiDecode(record.subarray(0, 7)) !== "\0CD001\u0001") return undefined;
  if (asciiDecode(beforeNul(record.subarray(7, 39))) !== "EL TORITO SPECIFICATION") return undefined;
  const catalogueLba = file.u32(recordStart + 0x47, "boot catalogue pointer");
  const start = catalogueLba * SECTOR_BYTES;
  const platform = checkValidation(file, start);
  const id = asciiDecode(beforeNul(file.bytes(start + 4, 24, "id string")));
  const initial = readEntry(file, start + ENTRY_BYTES, platform);
  return { catalogueLba, id, entries: [initial, ...readSections(file, start + 2 * ENTRY_BYTES)] };
}

/** The validation entry: header id 1, the key 55 AA, all words summing to 0. */
function checkValidation(file: FieldReader, start: number): BootPlatform {
  if (file.u8(start, "header id") !== 1) throw file.damage("the validation entry must begin with 1", `${file.u8(start, "header id")}`);
  const key = file.u16(start + 30, "key bytes");
  if (key !== 0xaa55) throw file.damage("the validation entry must end with 55 AA", key.toString(16));
  let sum = 0;
  for (let offset = 0; offset < ENTRY_BYTES; offset += 2) sum += file.u16(start + offset, "validation entry");
  if ((sum & 0xffff) !== 0) throw file.damage("the words of the validation entry must sum to 0", `${sum & 0xffff}`);
  return platformOf(file.u8(start + 1, "platform id"));
}

function readSections(file: FieldReader, start: number): BootEntry[] {
  const entries: BootEntry[] = [];
  let at = start;
  const limit = start + ENTRY_LIMIT * ENTRY_BYTES;
  for (;;) {
    const header = at + ENTRY_BYTES <= file.lengthBytes ? file.u8(at, "header indicator") : 0;
    if (header !== 0x90 && header !== 0x91) return entries;
    const platform = platformOf(file.u8(at + 1, "platform id"));
    const count = file.u16(at + 2, "number of section entries");
    at += ENTRY_BYTES;
    for (let index = 0; index < count; index += 1) {
      if (at >= limit) throw file.damage(`it must have at most ${ENTRY_LIMIT} entries`, "more");
      entries.push(readEntry(file, at, platform));
      at = skipExtensions(file, at);
    }
    if (header === 0x91) return entries;
  }
}

/** A section entry with bit 5 of the media byte set is followed by extension records, of which all but the last have bit 5 set. */
function skipExtensions(file: FieldReader, entry: number): number {
  let at = entry + ENTRY_BYTES;
  if ((file.u8(entry + 1, "boot media type") & 0x20) === 0) return at;
  while (at + ENTRY_BYTES <= file.lengthBytes && file.u8(at, "extension indicator") === 0x44) {
    const isLast = (file.u8(at + 1, "extension flags") & 0x20) === 0;
    at += ENTRY_BYTES;
    if (isLast) break;
  }
  return at;
}

function readEntry(file: FieldReader, at: number, platform: BootPlatform): BootEntry {
  const indicator = file.u8(at, "boot indicator");
  if (indicator !== 0x88 && indicator !== 0) throw file.damage('"boot indicator" must be 88 or 00', indicator.toString(16));
  return {
    platform,
    bootable: indicator === 0x88,
    media: MEDIA[file.u8(at + 1, "boot media type") & 0xf] ?? "unknown",
    loadSegment: file.u16(at + 2, "load segment"),
    sectorCount: file.u16(at + 6, "sector count"),
    loadLba: file.u32(at + 8, "load RBA"),
  };
}

function platformOf(id: number): BootPlatform {
  return PLATFORMS[id] ?? "unknown";
}
