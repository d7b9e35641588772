// Takes the languages that a rescue system does not speak out of Node's Unicode data (ICU User Guide, "ICU Data"; ucmndata.h).
import { LifeboatError } from "#os/error";

/** What `trimIcu` did. */
export interface TrimmedIcu {
  readonly keptItems: number;
  readonly removedItems: number;
  /** Bytes that are zero now; the file's length stays. */
  readonly clearedBytes: number;
}

/**
 * Looks for the one ICU data package in an executable and, in place, leaves what Node's own `small-icu` builds have: root and English.
 * Items are taken out of the package's table of contents and their bytes cleared, so that they compress to nothing; nothing moves.
 * Throws LifeboatError when there is no package, or more than one.
 */
export function trimIcu(executable: Uint8Array): TrimmedIcu {
  const start = findPackage(executable);
  const view = new DataView(executable.buffer, executable.byteOffset, executable.byteLength);
  const items = readContents(executable, view, start);
  const kept = items.filter(({ name }) => isKept(name));
  // Whatever comes after the last item is not ours to judge, so that one stays as it is.
  const removed = items.slice(0, -1).filter(({ name }) => !isKept(name));
  for (const { from, to } of removed) executable.fill(0, from, to);
  view.setUint32(start, kept.length, true);
  for (const [index, { nameOffset, dataOffset }] of kept.entries()) {
    view.setUint32(start + COUNT_BYTES + index * ENTRY_BYTES, nameOffset, true);
    view.setUint32(start + COUNT_BYTES + index * ENTRY_BYTES + 4, dataOffset, true);
  }
  const clearedBytes = removed.reduce((sum, { from, to }) => sum + to - from, 0);
  return { keptItems: kept.length, removedItems: items.length - kept.length, clearedBytes };
}

/** Converters that programs still meet: Windows-1252, which the web calls latin1, and its neighbours. */
const KEPT_CONVERTERS = /^ibm-(?:5348_P100-1997|9447_P100-2002|912_P100-1995|923_P100-1998)\.cnv$/;
const ENGLISH = /^(?:root|pool|res_index|en|en_001|en_US|en_US_POSIX)\.res$/;
/** `de.res`, `sr_Latn.res`; supplementalData.res and its like are no locales. */
const LOCALE = /^[a-z]{2,3}(?:_\w+)?\.res$/;
const BREAK_RULES = /^(?:char|word|line|sent|title)\w*\.brk$/;
const EAST_ASIAN_RULES = /_(?:cj|phrase_cj|fi|el|en_US_POSIX)|loose|phrase/;

function isKept(name: string): boolean {
  const [tree = "", file = ""] = name.includes("/") ? name.split("/") : ["", name];
  if (tree === "translit" || file.endsWith(".dict")) return false;
  if (file.endsWith(".cnv")) return KEPT_CONVERTERS.test(file);
  if (file.endsWith(".brk")) return BREAK_RULES.test(file) && !EAST_ASIAN_RULES.test(file);
  return !LOCALE.test(file) || ENGLISH.test(file);
}

/** MappedData: uint16 headerSize, 0xda 0x27; UDataInfo: size, reserved, little endian, ASCII, UChar of 2; then the format "CmnD". */
const MAGIC = [0xda, 0x27, 0x14, 0, 0, 0, 0, 0, 2, 0, 0x43, 0x6d, 0x6e, 0x44];
const MAGIC_OFFSET = 2;
const COUNT_BYTES = 4;
const ENTRY_BYTES = 8;
const ITEM_LIMIT = 100_000;

/** Where the table of contents begins. */
function findPackage(executable: Uint8Array): number {
  const found: number[] = [];
  for (let at = executable.indexOf(MAGIC[0]!); at >= 0; at = executable.indexOf(MAGIC[0]!, at + 1))
    if (MAGIC.every((byte, index) => executable[at + index] === byte)) found.push(at - MAGIC_OFFSET);
  const [header] = found;
  if (header === undefined || found.length > 1 || header < 0) throw failure("one package of it must be there", `found ${found.length}`);
  return header + executable[header]! + 256 * executable[header + 1]!;
}

interface Item {
  /** Without the package's name, as `curr/de.res`. */
  readonly name: string;
  /** Relative to the table of contents. */
  readonly nameOffset: number;
  readonly dataOffset: number;
  /** In the executable. */
  readonly from: number;
  readonly to: number;
}

function readContents(executable: Uint8Array, view: DataView, start: number): readonly Item[] {
  const count = start + COUNT_BYTES <= executable.length ? view.getUint32(start, true) : 0;
  const end = start + COUNT_BYTES + count * ENTRY_BYTES;
  if (count === 0 || count > ITEM_LIMIT || end > executable.length) throw failure("its contents must be listed", `${count} items`);
  const offsets = Array.from({ length: count }, (_, index) => {
    const at = start + COUNT_BYTES + index * ENTRY_BYTES;
    return { nameOffset: view.getUint32(at, true), dataOffset: view.getUint32(at + 4, true) };
  });
  return offsets.map(({ nameOffset, dataOffset }, index) => {
    const [from, to] = [start + dataOffset, start + (offsets[index + 1]?.dataOffset ?? dataOffset)];
    if (from < end || to < from || to > executable.length) throw failure("its items must lie in order", `item ${index} at ${dataOffset}`);
    return { name: readName(executable, start + nameOffset), nameOffset, dataOffset, from, to };
  });
}

function readName(executable: Uint8Array, at: number): string {
  const end = executable.indexOf(0, at);
  if (end < 0) throw failure("its names must end", `a name at ${at} does not`);
  const name = new TextDecoder("latin1").decode(executable.subarray(at, end));
  return name.slice(name.indexOf("/") + 1);
}

function failure(rule: string, state: string): LifeboatError {
  return new LifeboatError(`Cannot trim the Unicode data of Node as ${rule}: ${state}`, {
    hint: "Use the Node version that package.json names",
  });
}
