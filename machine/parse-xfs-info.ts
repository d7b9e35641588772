// Reads `xfs_info` (xfsprogs): what it takes to make an XFS file system again.
import type { FileSystemParameters } from "./file-system-parameters.ts";

/** Numbers among the switches of the metadata section that could be taken for one. */
const NO_SWITCHES: ReadonlySet<string> = new Set(["agcount", "attr", "isize", "sectsz"]);

/**
 * Undefined when this is not xfs_info's output, and for a log or a realtime section on a device of its own: the model
 * has no word for them.
 */
export function parseXfsInfo(text: string): FileSystemParameters | undefined {
  const sections = readSections(text);
  const metadata = sections.get("meta-data");
  const [data, naming, log] = [sections.get("data"), sections.get("naming"), sections.get("log")];
  const blockBytes = Number(data?.values.get("bsize"));
  const sectorBytes = Number(metadata?.values.get("sectsz"));
  const inodeBytes = Number(metadata?.values.get("isize"));
  if (metadata === undefined || ![blockBytes, sectorBytes, inodeBytes].every((bytes) => bytes > 0)) return undefined;
  if (log?.place !== "internal log" || (sections.get("realtime")?.place ?? "none") !== "none") return undefined;
  const switches = [
    ...[...metadata.values].filter(([name]) => !NO_SWITCHES.has(name)),
    ...(naming?.values ?? []),
    ...[...log.values].filter(([name]) => name === "lazy-count"),
  ].filter(([, value]) => value === "0" || value === "1");
  return {
    kind: "xfs",
    blockBytes,
    sectorBytes,
    inodeBytes,
    features: Object.fromEntries(switches.map(([name, value]) => [name, value === "1"])),
    naming: naming?.place ?? "version 2",
  };
}

interface Section {
  /** What stands between the section's `=` and the first value, e.g. `version 2`, `internal log`, a device. */
  readonly place: string;
  readonly values: Map<string, string>;
}

/** Lines without a name go on with the section above. */
function readSections(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Section>();
  let current: Section | undefined;
  for (const line of text.split("\n")) {
    const [, name = "", rest] = /^([a-z-]*) *=(.*)$/.exec(line) ?? [];
    if (rest === undefined) continue;
    // The place is a column of at least 23 characters; a longer path goes on to the next blank.
    const place = /^(.{22}\S*)/.exec(rest)?.[1] ?? rest;
    if (name !== "") {
      current = { place: place.trim(), values: new Map() };
      sections.set(name, current);
    }
    for (const [, key, value] of rest.slice(place.length).matchAll(/([a-z][a-z0-9-]*)=(\d+)/g)) {
      if (key !== undefined && value !== undefined) current?.values.set(key, value);
    }
  }
  return sections;
}
