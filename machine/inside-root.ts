// Paths of a machine that is mounted somewhere, as the system that has mounted it sees them: a link leads to where it leads in the machine, and never out of it.

import { LifeboatError } from "#os/error";
import { linkInfo, readLink } from "#os/files";

/** As many as the kernel follows (path_resolution(7)). */
const LINK_LIMIT = 40;

/**
 * Where `path` is, as openat2(2) finds it with RESOLVE_IN_ROOT: an absolute link begins at `root`, and `..` does not lead above
 * it. The last part is followed too; what is not there yet keeps its name. Throws LifeboatError when links lead in a circle.
 */
export async function insideRoot(root: string, path: string): Promise<string> {
  const waiting = partsOf(path);
  const place: string[] = [];
  let links = 0;
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
    if (part === "..") {
      place.pop();
      continue;
    }
    const here = joined(root, [...place, part]);
    if ((await linkInfo(here))?.type !== "symlink") {
      place.push(part);
      continue;
    }
    links += 1;
    if (links > LINK_LIMIT) {
      throw new LifeboatError(`Cannot find "${path}" in the machine as its links must lead somewhere: they lead in a circle`, {});
    }
    const target = await readLink(here);
    if (target.startsWith("/")) place.length = 0;
    waiting.unshift(...partsOf(target));
  }
  return joined(root, place);
}

/** The machine's own name of a place that insideRoot() has found. */
export function pathInMachine(root: string, place: string): string {
  return (root === "/" ? place : place.slice(root.length)) || "/";
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function joined(root: string, parts: readonly string[]): string {
  return [root === "/" ? "" : root, ...parts].join("/") || "/";
}
