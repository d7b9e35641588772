// Reads files back from a disk and compares them with the catalogue: type, owner, mode, times, content, attributes, links, flags.

import { infoRaw, PATH_LIMIT_BYTES } from "#os/byte-paths";
import { algorithmOf } from "#os/digest";
import { makeTemporaryDirectory } from "#os/files";
import { createNamesFile } from "../set/names-file.ts";
import { startFlagReader } from "../set/flag-reader.ts";
import { startTarSource } from "../set/tar-source.ts";
import { tarScanner, type ByteText, type TarMember } from "../formats/tar-read.ts";
import { isSameNode } from "./link-nodes.ts";
import { absolutePath, prefixOf, printable, type CatalogueEntry } from "../set/catalogue.ts";
import { attributesDigest, contentDigest, type ContentDigest } from "../set/content-digest.ts";

export interface Difference {
  readonly path: ByteText;
  /** What differs, e.g. `missing`, `content`, `mode 0644 instead of 0600`. */
  readonly what: string;
}

export const DIFFERENCE_KINDS = [
  "missing",
  "unreadable",
  "type",
  "content",
  "link",
  "device",
  "owner",
  "mode",
  "xattr",
  "flags",
  "new",
  "time",
] as const;

/** `new`: there, and not in the set. `xattr`: extended attributes, ACLs or label. */
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

export interface KnownDifference extends Difference {
  readonly kind: DifferenceKind;
}

export interface Comparison {
  readonly checked: number;
  readonly differences: readonly KnownDifference[];
}

export interface CompareOptions {
  /** Where the files are. */
  readonly root: string;
  /** In the order of the set's stream; called up to three times. */
  entries(): AsyncIterable<CatalogueEntry>;
  /** Where the file of names can be put for the time. */
  readonly workDirectory?: string;
  readonly withFlags: boolean;
  /** Flags that the set has not are no difference: a directory gives its own to what is made in it (chattr(1)). */
  readonly extraFlagsAreFine?: boolean;
  progress(contentBytes: number): void;
}

const TURN = 512;

export async function compareFiles(options: CompareOptions): Promise<Comparison> {
  await using work = await makeTemporaryDirectory("lifeboat-compare-", options.workDirectory);
  const namesPath = `${work.path}/names`;
  const { flags, missing } = await listNames(options, namesPath);
  await using source = await startTarSource(namesPath, options.root);
  const comparison = inOrder(options, missing);
  const scanner = tarScanner(comparison);
  await comparison.settle();
  for await (const chunk of source.output) {
    scanner.push(chunk);
    options.progress(chunk.length);
    await comparison.settle();
  }
  const messages = await source.finish();
  const unreadable = new Map([...messages.unreadable, ...messages.changed].map(({ path, what }) => [path, what]));
  const { checked, differences } = await comparison.finish();
  const explained = differences.map((difference) => {
    const what = difference.kind === "missing" ? reasonFor(unreadable, difference.path) : undefined;
    return what === undefined ? difference : { ...difference, kind: "unreadable" as const, what };
  });
  return { checked, differences: options.withFlags ? [...explained, ...(await flagDifferences(options, flags, explained))] : explained };
}

function reasonFor(reasons: ReadonlyMap<string, string>, path: ByteText): string | undefined {
  const reason = reasons.get(printable(path));
  return reason === undefined || /removed before/.test(reason) ? undefined : reason;
}

interface Listing {
  /** By path. */
  readonly flags: ReadonlyMap<ByteText, string>;
  readonly missing: ReadonlySet<ByteText>;
}

/** Writes the names of what is there for tar, and asks for flags on the way. */
async function listNames({ entries, root, withFlags, extraFlagsAreFine }: CompareOptions, namesPath: string): Promise<Listing> {
  await using names = await createNamesFile(namesPath);
  const reader = withFlags ? startFlagReader() : undefined;
  const prefix = prefixOf(root);
  let count = 0;
  const missing = new Set<ByteText>();
  for await (const { path, type, flags } of entries()) {
    // Together with the root it may be longer than the kernel takes in one call; tar, which works from within, tells then.
    const isThere = prefix.length + path.length > PATH_LIMIT_BYTES || infoRaw(prefix + path) !== undefined;
    if (isThere) names.add(path);
    else missing.add(path);
    if (isThere && hasFlags(type) && (flags !== "" || extraFlagsAreFine !== true)) reader?.ask(prefix + path);
    count += 1;
    if (count % TURN !== 0) continue;
    await names.room();
    await reader?.room();
  }
  await names.close();
  const found = (await reader?.finish()) ?? new Map<ByteText, string>();
  return { flags: new Map([...found].map(([path, letters]) => [path.slice(prefix.length), letters])), missing };
}

interface Seen {
  readonly member: TarMember;
  readonly digest: ContentDigest | undefined;
  readonly entry: CatalogueEntry | undefined;
}

/** Members come in the catalogue's order; those that are missing, or cannot be read, do not come. */
function inOrder({ entries, root }: CompareOptions, missing: ReadonlySet<ByteText>) {
  const prefix = prefixOf(root);
  const differences: KnownDifference[] = [];
  const missed = (path: ByteText) => void differences.push({ path, kind: "missing", what: "missing" });
  const ahead = readAhead(entries(), (path) => {
    const isMissing = missing.has(path);
    if (isMissing) missed(path);
    return !isMissing;
  });
  let checked = 0;
  let current: Seen | undefined;
  return {
    member(member: TarMember) {
      const { entry, passed } = ahead.take(absolutePath(member.path));
      for (const { path } of passed) missed(path);
      const kind = entry?.isSparse === true ? "sparse" : "dense";
      const algorithm = algorithmOf(entry?.digest ?? "");
      current = { member, entry, digest: member.type === "file" ? contentDigest(member, algorithm, kind) : undefined };
    },
    data: (bytes: Uint8Array) => current?.digest?.push(bytes),
    end() {
      if (current?.entry === undefined) return;
      checked += 1;
      const { path, sameNodeAs } = current.entry;
      for (const found of differencesOf(current.entry, current.member, current.digest?.hex())) differences.push({ path, ...found });
      if (sameNodeAs !== undefined && !isSameNode(prefix, path, sameNodeAs))
        differences.push({ path, kind: "link", what: `a node of its own instead of another name of ${printable(sameNodeAs)}` });
      current = undefined;
    },
    trailer: () => undefined,
    /** To be called between chunks: keeps enough entries at hand. */
    settle: ahead.fill,
    async finish(): Promise<Comparison> {
      for (await ahead.fill(); ahead.size() > 0; await ahead.fill()) {
        for (const { path } of ahead.takeAll()) missed(path);
      }
      return { checked, differences };
    },
  };
}

/** Entries at hand: a member's digest can only be started when its entry is known. */
function readAhead(entries: AsyncIterable<CatalogueEntry>, isWanted: (path: ByteText) => boolean) {
  const iterator = entries[Symbol.asyncIterator]();
  const ahead: CatalogueEntry[] = [];
  let isEnd = false;
  return {
    async fill(): Promise<void> {
      while (!isEnd && ahead.length < 4 * TURN) {
        const result = await iterator.next();
        if (result.done === true) isEnd = true;
        else if (isWanted(result.value.path)) ahead.push(result.value);
      }
    },
    /** The entry of this path, and those before it, which have not come; none of them where it is not at hand. */
    take(path: ByteText): { readonly entry: CatalogueEntry | undefined; readonly passed: readonly CatalogueEntry[] } {
      const index = ahead.findIndex((entry) => entry.path === path);
      if (index < 0) return { entry: undefined, passed: [] };
      const passed = ahead.splice(0, index);
      return { entry: ahead.shift(), passed };
    },
    takeAll: () => ahead.splice(0),
    size: () => ahead.length,
  };
}

/** `what` is a sentence. */
export function differencesOf(
  entry: CatalogueEntry,
  member: TarMember,
  digest: string | undefined,
): readonly Omit<KnownDifference, "path">[] {
  if (entry.type !== member.type) return [{ kind: "type", what: `a ${member.type} instead of a ${entry.type}` }];
  const differs: Omit<KnownDifference, "path">[] = [];
  const compare = (kind: DifferenceKind, what: string, [now, then]: readonly [string | undefined, string | undefined]) => {
    if (now !== then) differs.push({ kind, what: `${what} ${now ?? "none"} instead of ${then ?? "none"}` });
  };
  const nameOf = (link: ByteText | undefined) => printable(link ?? "");
  compare("mode", "mode", [octal(member.mode), octal(entry.mode)]);
  compare("owner", "owner", [`${member.uid}:${member.gid}`, `${entry.uid}:${entry.gid}`]);
  compare("time", "time of change", [timeText(member.mtime), timeText(entry.mtime)]);
  if (entry.type === "file") compare("content", "size", [`${member.sizeBytes}`, `${entry.sizeBytes}`]);
  if (entry.digest !== digest) differs.push({ kind: "content", what: "content" });
  if (entry.attributesDigest !== attributesDigest(member.attributes))
    differs.push({ kind: "xattr", what: "extended attributes, ACL or label" });
  if (entry.type === "symlink") compare("link", "target", [nameOf(member.linkTarget), nameOf(entry.target)]);
  if (entry.type === "hard-link") compare("link", "other name", [nameOf(absolutePath(member.linkTarget ?? "")), nameOf(entry.hardlinkOf)]);
  compare("device", "device number", [member.device?.join(":"), entry.device?.join(":")]);
  return differs;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** What a Date holds (ECMA-262 section 21.4.1.1). */
const DATE_LIMIT_SECONDS = 8.64e12;

/** UTC. */
function timeText([seconds, nanoseconds]: CatalogueEntry["mtime"]): string {
  const fraction = String(nanoseconds).padStart(9, "0");
  if (Math.abs(seconds) > DATE_LIMIT_SECONDS) return `@${seconds}.${fraction}`;
  return `${new Date(seconds * 1000).toISOString().slice(0, -5).replace("T", " ")}.${fraction}`;
}

/** Of others lsattr would open what they lead to. */
function hasFlags(type: CatalogueEntry["type"]): boolean {
  return type === "file" || type === "directory";
}

async function flagDifferences(
  { entries, extraFlagsAreFine }: CompareOptions,
  now: ReadonlyMap<ByteText, string>,
  known: readonly KnownDifference[],
): Promise<readonly KnownDifference[]> {
  const missing = new Set(known.flatMap(({ path, kind }) => (kind === "missing" ? [path] : [])));
  const found: KnownDifference[] = [];
  for await (const { path, flags, type } of entries()) {
    if (!hasFlags(type) || missing.has(path)) continue;
    const all = now.get(path) ?? "";
    const letters =
      extraFlagsAreFine === true
        ? all
            .split("")
            .filter((letter) => flags.includes(letter))
            .join("")
        : all;
    if (letters !== flags)
      found.push({
        path,
        kind: "flags",
        what: `inode flags ${letters === "" ? "none" : letters} instead of ${flags === "" ? "none" : flags}`,
      });
  }
  return found;
}
