// Reads `efibootmgr -v`: the boot entries in the firmware's NVRAM.
// Three ways of writing a partition are about: `HD(1,GPT,UUID,0x800,0x100000)` since version 12, `HD(1,800,100000,UUID)`
// before; a loader is `/File(\EFI\…)`, with efivar 39 and later `/\EFI\…`. What else an entry carries (its optional data) is
// glued to the end without a mark, as characters or as hexadecimal digits.
import type { BootEntry } from "./model.ts";

export interface EfiBootEntries {
  readonly entries: readonly BootEntry[];
  /** Numbers, first tried first. */
  readonly order: readonly string[];
  /** The entry that this system was started by. */
  readonly current: string | undefined;
}

/** Lines that are neither entries nor the order are skipped. */
export function parseEfibootmgr(text: string): EfiBootEntries {
  const lines = text.split("\n");
  const word = (name: string): string | undefined =>
    lines
      .map((line) => (line.startsWith(`${name}: `) ? line.slice(name.length + 2).trim() : undefined))
      .find((value) => value !== undefined);
  return {
    entries: lines.flatMap(readEntry),
    order: (word("BootOrder") ?? "").split(",").filter((number) => /^[0-9A-F]{4}$/i.test(number)),
    current: word("BootCurrent"),
  };
}

const PARTITION = /HD\((?<number>\d+),(?:(?<table>GPT|MBR),(?<id>[^,)]*),[^)]*|[0-9a-f]+,[0-9a-f]+,(?<oldId>[^)]*))\)/i;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function readEntry(line: string): readonly BootEntry[] {
  const [, number, star, rest = ""] = /^Boot([0-9A-F]{4})([* ]) ?(.*)$/i.exec(line) ?? [];
  if (number === undefined) return [];
  const [label, devicePath] = splitLabel(rest);
  const match = PARTITION.exec(devicePath);
  // Upper case and blanks are seen in the wild.
  const uuid = (match?.groups?.["id"] ?? match?.groups?.["oldId"])?.replace(/\s/g, "").toLowerCase();
  return [
    {
      number: number.toUpperCase(),
      label,
      active: star === "*",
      partitionUuid: uuid !== undefined && UUID.test(uuid) ? uuid : undefined,
      loaderPath: match === null ? undefined : loaderPath(devicePath.slice(match.index + match[0].length)),
      devicePath,
    },
  ];
}

/** A tab parts them; where it was turned into blanks, the path begins with a known node. */
function splitLabel(rest: string): readonly [label: string, devicePath: string] {
  const tab = rest.indexOf("\t");
  if (tab >= 0) return [rest.slice(0, tab), rest.slice(tab + 1)];
  const at = rest.search(/\s+(?:HD|PciRoot|VenHw|VenMsg|VenMedia|FvVol|BBS|MemoryMapped|Uri|ACPI|File)\(/);
  return at < 0 ? [rest.trim(), ""] : [rest.slice(0, at), rest.slice(at).trim()];
}

/** What follows the partition: `/File(\EFI\a.efi)…`, `File(…)…`, `/\EFI\a.efi…`. */
function loaderPath(rest: string): string | undefined {
  const inBrackets = /^\/?File\(([^)]*)\)/i.exec(rest)?.[1];
  if (inBrackets !== undefined) return withBackslashes(inBrackets);
  const bare = /^\/(\\.*)$/.exec(rest)?.[1];
  if (bare === undefined) return undefined;
  // Nearly every loader's name ends so, and what is glued to it is no part of it.
  const program = /^.*?\.efi/i.exec(bare)?.[0];
  return withBackslashes(program ?? bare);
}

function withBackslashes(path: string): string {
  return path.startsWith("\\") ? path : `\\${path}`;
}
