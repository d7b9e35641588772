// Every path that belongs into a set, in the order in which it goes there: directories before what they hold, names sorted bytewise.

import { infoRaw, listRaw, type RawEntry } from "#os/byte-paths";
import { LifeboatError } from "#os/error";
import type { FileType } from "#os/files";
import type { ByteText } from "../formats/tar-read.ts";
import type { Exclusion } from "./exclusions.ts";

export interface WalkOptions {
  /** What stands before every path on this system: "" unless a rescue system has mounted the tree somewhere. */
  readonly root: ByteText;
  /** Absolute paths, none below another. */
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
}

/** The kernel takes no longer path in one call (PATH_MAX without its NUL). */
const PATH_LIMIT_BYTES = 4095;

export function* walkTree(options: WalkOptions): Generator<WalkedPath> {
  const ancestors = new Set<ByteText>();
  for (const top of options.include) {
    for (const ancestor of ancestorsOf(top)) {
      if (!ancestors.has(ancestor)) yield { path: ancestor, type: "directory" };
      ancestors.add(ancestor);
    }
    const info = infoRaw(options.root + top);
    if (info === undefined) options.skipped(top, "it is not there");
    else yield* walk(top, info.type, options);
  }
}

/** The directories above, the root first, so that a file comes back with its way. */
function ancestorsOf(path: ByteText): readonly ByteText[] {
  const parts = path.split("/").slice(1, -1);
  return path === "/" ? [] : ["/", ...parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`)];
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
    options.skipped(path, error.message.replace(/^.*: /, ""));
    return [];
  }
}
