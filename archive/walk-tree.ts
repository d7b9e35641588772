// Every path that belongs into a set, in the order in which it goes there: directories before what they hold, names sorted bytewise.

import { infoRaw, listRaw, PATH_LIMIT_BYTES, type RawEntry } from "#os/byte-paths";
import { LifeboatError } from "#os/error";
import { isAbsence, type FileType } from "#os/files";
import type { ByteText } from "../formats/tar-read.ts";
import { directoriesAbove } from "../set/catalogue.ts";
import { REMOVED } from "../set/tar-messages.ts";
import { isWithin } from "./choose-mounts.ts";
import type { Exclusion } from "./exclusions.ts";

export interface WalkOptions {
  /** What stands before every path on this system: "" unless a rescue system has mounted the tree somewhere. */
  readonly root: ByteText;
  /** Absolute paths. */
  readonly include: readonly ByteText[];
  readonly exclude: Exclusion;
  /** Mount points whose content is left out; the directory itself is taken. */
  readonly closedMounts: ReadonlySet<ByteText>;
  /** Told what cannot be taken, with the reason. */
  readonly skipped: (path: ByteText, reason: string) => void;
}

export interface WalkedPath {
  readonly path: ByteText;
  readonly type: FileType;
  /** A directory above what was asked for. */
  readonly isWay?: true;
}

export function* walkTree(options: WalkOptions): Generator<WalkedPath> {
  const walked: ByteText[] = [];
  const ancestors = new Set<ByteText>();
  // A path that came twice would be a hard link to itself in tar's stream, and lost when it is extracted.
  const hasCome = (path: ByteText) => ancestors.has(path) || walked.some((top) => isReached(path, top, options.closedMounts));
  for (const top of [...options.include].sort((a, b) => (a < b ? -1 : 1))) {
    if (hasCome(top) || options.exclude(top)) continue;
    const info = infoRaw(options.root + top);
    if (info === undefined) {
      options.skipped(top, "it is not there");
      continue;
    }
    for (const ancestor of ancestorsOf(top)) {
      if (!hasCome(ancestor)) yield { path: ancestor, type: "directory", isWay: true };
      ancestors.add(ancestor);
    }
    yield* walk(top, info.type, options);
    walked.push(top);
  }
}

/** Whether the walk from `top` comes to `path`, or leaves it out on purpose. */
function isReached(path: ByteText, top: ByteText, closedMounts: ReadonlySet<ByteText>): boolean {
  const isBehind = (mount: ByteText) => mount !== path && isWithin(path, mount) && isWithin(mount, top);
  return isWithin(path, top) && ![...closedMounts].some(isBehind);
}

/** The directories above, the root first, so that a file comes back with its way. */
function ancestorsOf(path: ByteText): readonly ByteText[] {
  return path === "/" ? [] : ["/", ...[...directoriesAbove(path)].reverse()];
}

function* walk(path: ByteText, type: FileType, options: WalkOptions): Generator<WalkedPath> {
  if (options.exclude(path)) return;
  if (path.length > PATH_LIMIT_BYTES) return options.skipped(path, `its path has more than ${PATH_LIMIT_BYTES} bytes`);
  if (type === "socket") return options.skipped(path, "a socket exists only while its program runs");
  yield { path, type };
  if (type !== "directory" || options.closedMounts.has(path)) return;
  const prefix = path === "/" ? "/" : `${path}/`;
  for (const entry of entriesOf(path, options)) yield* walk(prefix + entry.name, entry.type, options);
}

function entriesOf(path: ByteText, options: WalkOptions): readonly RawEntry[] {
  try {
    return listRaw(options.root + path);
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    // Of a directory that is there, a listing may fail as something in it has gone (readdir(3), DT_UNKNOWN).
    const isGone = isAbsence(error) && infoRaw(options.root + path)?.type !== "directory";
    options.skipped(path, isGone ? REMOVED : error.message.replace(/^.*: /, ""));
    return [];
  }
}
