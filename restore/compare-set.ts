// A set against the machine that it is of: which paths differ, in what, and how much that matters. Nothing is written.

import type { ByteText } from "../formats/tar-read.ts";
import type { CatalogueEntry } from "../set/catalogue.ts";
import type { OpenSet } from "../set/open-set.ts";
import { pathMemory, type PathMemory } from "../set/path-memory.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { compareFiles, DIFFERENCE_KINDS, type DifferenceKind, type KnownDifference } from "./compare-files.ts";
import { keptNames } from "./kept-names.ts";

/** `serious`: the file is not what it was. `notable`: who may do what with it is not. `slight`: what changes while a machine is at work. */
export const SEVERITIES = ["serious", "notable", "slight"] as const;
export type Severity = (typeof SEVERITIES)[number];

const SEVERITY_OF: Readonly<Record<DifferenceKind, Severity>> = {
  missing: "serious",
  unreadable: "serious",
  type: "serious",
  content: "serious",
  link: "serious",
  device: "serious",
  owner: "notable",
  mode: "notable",
  xattr: "notable",
  flags: "notable",
  new: "slight",
  time: "slight",
};

export interface PathDifference {
  readonly path: ByteText;
  /** Of its worst. */
  readonly severity: Severity;
  readonly kinds: readonly DifferenceKind[];
  /** One sentence each. */
  readonly what: readonly string[];
}

export interface CompareRequest {
  readonly set: OpenSet;
  /** `/`, or where the machine is mounted. */
  readonly root: string;
  isWanted(path: ByteText): boolean;
  progress(doneBytes: number, allBytes: number): void;
}

export interface SetComparison {
  readonly checked: number;
  readonly differences: readonly KnownDifference[];
  /** All paths of the set, whether they were asked for or not. */
  readonly paths: PathMemory;
}

/** What is in the set, as it is now. Throws LifeboatError (5) when the catalogue is damaged. */
export async function compareSet({ set, root, isWanted, progress }: CompareRequest): Promise<SetComparison> {
  const { totals } = set.manifest;
  const paths = pathMemory(totals.paths);
  const sources = new Set<ByteText>();
  let wantedBytes = 0;
  for await (const { path, hardlinkOf, streamBytes } of readCatalogue(set)) {
    paths.add(path);
    if (!isWanted(path)) continue;
    wantedBytes += streamBytes;
    if (hardlinkOf !== undefined && !isWanted(hardlinkOf)) sources.add(hardlinkOf);
  }
  const some = async function* (): AsyncGenerator<CatalogueEntry> {
    for await (const entry of readCatalogue(set)) if (isWanted(entry.path) || sources.has(entry.path)) yield entry;
  };
  // A link whose first name was not asked for is compared with the content that is behind both.
  const names = await keptNames({ isWanted, parents: [], sources, entries: some }, new Set());
  let doneBytes = 0;
  const { checked, differences } = await compareFiles({
    root,
    entries: names.entries,
    withFlags: true,
    progress(bytes) {
      doneBytes += bytes;
      progress(Math.min(doneBytes, wantedBytes), wantedBytes);
    },
  });
  return { checked, differences, paths };
}

/** One for each path, the worst first, then in the order of their names. */
export function byPath(differences: readonly KnownDifference[], ignored: ReadonlySet<DifferenceKind>): readonly PathDifference[] {
  const found = new Map<ByteText, KnownDifference[]>();
  for (const difference of differences) {
    if (ignored.has(difference.kind)) continue;
    const known = found.get(difference.path);
    if (known === undefined) found.set(difference.path, [difference]);
    else known.push(difference);
  }
  const rank = (severity: Severity) => SEVERITIES.indexOf(severity);
  const all = [...found].map(([path, ones]): PathDifference => {
    const kinds = DIFFERENCE_KINDS.filter((kind) => ones.some((one) => one.kind === kind));
    const severities = kinds.map((kind) => SEVERITY_OF[kind]);
    return { path, severity: SEVERITIES.find((severity) => severities.includes(severity))!, kinds, what: ones.map(({ what }) => what) };
  });
  return all.sort((a, b) => rank(a.severity) - rank(b.severity) || (a.path < b.path ? -1 : 1));
}
