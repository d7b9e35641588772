// Reads a GUID partition table, primary and backup, and checks it (UEFI Specification 2.x, 5.3).
import { crc32 } from "./crc32.ts";
import { fieldReader, type FieldReader } from "./fields.ts";

export interface GptPartition {
  /** Slot in the table, from 1. */
  readonly number: number;
  /** GUIDs in upper case, as sfdisk prints them. */
  readonly typeGuid: string;
  readonly uniqueGuid: string;
  readonly firstLba: number;
  /** Inclusive. */
  readonly lastLba: number;
  readonly attributes: bigint;
  readonly name: string;
}

export interface GptTable {
  readonly headerLba: number;
  readonly alternateLba: number;
  readonly firstUsableLba: number;
  readonly lastUsableLba: number;
  readonly diskGuid: string;
  readonly partitions: readonly GptPartition[];
}

export interface Gpt {
  readonly primary: GptTable;
  /** Undefined when it cannot be read; `problems` says why. */
  readonly backup: GptTable | undefined;
  /** What a strict reader would refuse: checksums, places, overlaps, copies that differ. Empty for a valid table. */
  readonly problems: readonly string[];
}

export const GUID_ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
export const GUID_BASIC_DATA = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7";

const EMPTY_GUID = "00000000-0000-0000-0000-000000000000";
const HEADER_BYTES = 92;
const ENTRY_BYTES = 128;
/** A sane table has 128; the limit keeps a lying header from costing time. */
const ENTRY_LIMIT = 4096;

/** Undefined when there is no table at LBA 1. `disk` is the whole image. */
export function readGpt(disk: Uint8Array, sectorBytes = 512): Gpt | undefined {
  const file = fieldReader(disk, "the GPT", "little");
  if (!hasSignature(file, sectorBytes)) return undefined;
  const problems: string[] = [];
  const context = { file, sectorBytes, problems };
  const primary = readTable(context, 1, "primary");
  const lastLba = Math.floor(disk.length / sectorBytes) - 1;
  if (primary.alternateLba !== lastLba) problems.push(`backup header at LBA ${primary.alternateLba}, the last is ${lastLba}`);
  const backup = readBackup(context, primary.alternateLba);
  if (backup !== undefined) problems.push(...differences(primary, backup));
  problems.push(...placement(primary));
  return { primary, backup, problems };
}

interface Context {
  readonly file: FieldReader;
  readonly sectorBytes: number;
  readonly problems: string[];
}

function hasSignature(file: FieldReader, offset: number): boolean {
  // "EFI PART" as two little-endian words.
  return offset + 8 <= file.lengthBytes && file.u32(offset, "signature") === 0x20494645 && file.u32(offset + 4, "signature") === 0x54524150;
}

function readBackup(context: Context, lba: number): GptTable | undefined {
  if (hasSignature(context.file, lba * context.sectorBytes)) return readTable(context, lba, "backup");
  context.problems.push(`no backup header at LBA ${lba}`);
  return undefined;
}

function readTable({ file, sectorBytes, problems }: Context, lba: number, copy: string): GptTable {
  const at = lba * sectorBytes;
  const headerBytes = file.u32(at + 12, "header size");
  if (headerBytes < HEADER_BYTES || headerBytes > sectorBytes) {
    throw file.damage(`the ${copy} header must have ${HEADER_BYTES} to ${sectorBytes} bytes`, `${headerBytes}`);
  }
  const header = file.bytes(at, headerBytes, `${copy} header`).slice();
  header.fill(0, 16, 20);
  if (crc32(header) !== file.u32(at + 16, "header checksum")) problems.push(`${copy} header checksum is wrong`);
  if (file.u64(at + 24, "my LBA") !== lba)
    problems.push(`${copy} header says it is at LBA ${file.u64(at + 24, "my LBA")}, it is at ${lba}`);
  const entryCount = file.u32(at + 80, "number of entries");
  const entryBytes = file.u32(at + 84, "size of an entry");
  if (entryBytes < ENTRY_BYTES || entryCount > ENTRY_LIMIT) {
    throw file.damage(
      `the ${copy} table must have at most ${ENTRY_LIMIT} entries of ${ENTRY_BYTES} bytes or more`,
      `${entryCount} of ${entryBytes}`,
    );
  }
  const start = file.u64(at + 72, "table LBA") * sectorBytes;
  const table = file.bytes(start, entryCount * entryBytes, `${copy} table`);
  if (crc32(table) !== file.u32(at + 88, "table checksum")) problems.push(`${copy} table checksum is wrong`);
  const all = Array.from({ length: entryCount }, (_, index) => readPartition(file, start + index * entryBytes, index + 1));
  return {
    headerLba: lba,
    alternateLba: file.u64(at + 32, "alternate LBA"),
    firstUsableLba: file.u64(at + 40, "first usable LBA"),
    lastUsableLba: file.u64(at + 48, "last usable LBA"),
    diskGuid: guidAt(file, at + 56),
    partitions: all.filter((one) => one.typeGuid !== EMPTY_GUID),
  };
}

function readPartition(file: FieldReader, at: number, number: number): GptPartition {
  return {
    number,
    typeGuid: guidAt(file, at),
    uniqueGuid: guidAt(file, at + 16),
    firstLba: file.u64(at + 32, "starting LBA"),
    lastLba: file.u64(at + 40, "ending LBA"),
    attributes: BigInt(file.u32(at + 48, "attributes")) | (BigInt(file.u32(at + 52, "attributes")) << 32n),
    name: nameAt(file, at + 56),
  };
}

/** UTF-16LE, 36 units, ended by NUL. */
function nameAt(file: FieldReader, at: number): string {
  const units = Array.from({ length: 36 }, (_, index) => file.u16(at + index * 2, "partition name"));
  const end = units.indexOf(0);
  return String.fromCharCode(...(end === -1 ? units : units.slice(0, end)));
}

/** The first three parts are little-endian numbers, the rest bytes in order. */
function guidAt(file: FieldReader, at: number): string {
  const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, "0");
  const tail = [...file.bytes(at + 8, 8, "GUID")].map((byte) => hex(byte, 2)).join("");
  return `${hex(file.u32(at, "GUID"), 8)}-${hex(file.u16(at + 4, "GUID"), 4)}-${hex(file.u16(at + 6, "GUID"), 4)}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}

function differences(primary: GptTable, backup: GptTable): string[] {
  const described = (table: GptTable) => table.partitions.map((one) => Object.values(one).join(" ")).join("\n");
  return [
    ...(described(primary) === described(backup) && primary.diskGuid === backup.diskGuid ? [] : ["primary and backup tables differ"]),
    ...(backup.alternateLba === primary.headerLba ? [] : [`backup header points to LBA ${backup.alternateLba} for the primary`]),
  ];
}

function placement({ partitions, firstUsableLba, lastUsableLba }: GptTable): string[] {
  const outside = partitions.filter(({ firstLba, lastLba }) => firstLba < firstUsableLba || lastLba > lastUsableLba || firstLba > lastLba);
  const sorted = [...partitions].sort((a, b) => a.firstLba - b.firstLba);
  // Compared with the furthest end so far, not the neighbour alone: a long partition may cover several.
  const overlaps: string[] = [];
  let furthest = sorted[0];
  for (const next of sorted.slice(1)) {
    if (furthest !== undefined && next.firstLba <= furthest.lastLba)
      overlaps.push(`partitions ${furthest.number} and ${next.number} overlap`);
    if (furthest === undefined || next.lastLba > furthest.lastLba) furthest = next;
  }
  return [...outside.map(({ number }) => `partition ${number} lies outside the usable area`), ...overlaps];
}
