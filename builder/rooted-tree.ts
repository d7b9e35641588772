// Paths below a root directory, symbolic links resolved inside it: what a chroot would see, without entering one.
import { join } from "node:path";
import { LifeboatError } from "#os/error";
import { linkInfo, listDirectory, readLink, type FileInfo } from "#os/files";

export interface TreeLink {
  /** Relative to the root, its parents free of links. */
  readonly path: string;
  readonly target: string;
}

export interface ResolvedPath {
  /** Relative to the root, free of links. */
  readonly path: string;
  /** Undefined when nothing is there. */
  readonly info: FileInfo | undefined;
  /** Every link that was followed on the way, `/lib64 -> usr/lib64` included, in that order. */
  readonly links: readonly TreeLink[];
}

export interface RootedTree {
  /** `path` counts from the root, with or without a leading slash. A loop of links is a LifeboatError. */
  readonly resolve: (path: string) => Promise<ResolvedPath>;
  /** Sorted names; empty when there is no such directory. */
  readonly list: (path: string) => Promise<readonly string[]>;
  /** Where a path relative to the root lies for the running system. */
  readonly hostPath: (path: string) => string;
}

/** As the kernel's MAXSYMLINKS. */
const LINK_LIMIT = 40;

/** What it has looked up once it remembers: the tree must not change meanwhile. */
export function rootedTree(root: string): RootedTree {
  const hostPath = (path: string) => join(root, path);
  const look = remember((path: string) => linkInfo(hostPath(path)));
  const readTarget = remember((path: string) => readLink(hostPath(path)));
  const resolve = remember((path: string) => resolvePath(path, look, readTarget));
  const list = async (path: string) => {
    const resolved = await resolve(path);
    return resolved.info?.type === "directory" ? listDirectory(hostPath(resolved.path)) : [];
  };
  return { resolve, list, hostPath };
}

async function resolvePath(
  path: string,
  look: (path: string) => Promise<FileInfo | undefined>,
  readTarget: (path: string) => Promise<string>,
): Promise<ResolvedPath> {
  const links: TreeLink[] = [];
  const ahead = partsOf(path).reverse();
  let done: string[] = [];
  let info = await look("");
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === "..") {
      done = done.slice(0, -1);
      continue;
    }
    const here = [...done, part].join("/");
    info = await look(here);
    if (info?.type !== "symlink") {
      done.push(part);
      continue;
    }
    if (links.length === LINK_LIMIT) throw new LifeboatError(`Cannot resolve "${path}" as at most ${LINK_LIMIT} links are followed: more`);
    const target = await readTarget(here);
    links.push({ path: here, target });
    if (target.startsWith("/")) done = [];
    ahead.push(...partsOf(target).reverse());
  }
  const end = done.join("/");
  return { path: end, info: await look(end), links };
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function remember<T>(ask: (path: string) => Promise<T>): (path: string) => Promise<T> {
  const answers = new Map<string, Promise<T>>();
  return (path) => {
    const known = answers.get(path) ?? ask(path);
    answers.set(path, known);
    return known;
  };
}
