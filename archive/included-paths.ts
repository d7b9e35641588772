// What the paths that a user names stand for on disk.

import { LifeboatError } from "#os/error";
import { linkInfo } from "#os/files";
import { insideRoot, pathInMachine } from "../machine/inside-root.ts";

/**
 * Links above a path are resolved, below `root` as its machine would: a file could not come back below a link. A link to a directory
 * stands for itself and for what it leads to, as nobody means the link alone. Throws LifeboatError (3) for links that lead in a circle.
 */
export async function includedPaths(root: string, paths: readonly string[]): Promise<readonly string[]> {
  const places = await Promise.all(paths.map((path) => placesOf(root, path)));
  return [...new Set(places.flat())];
}

/** Those that are not there, `prefix` before each. Throws LifeboatError (3) unless that is accepted: a mistyped path would be lost in silence. */
export async function checkThere(paths: readonly string[], prefix: string, isAccepted: boolean): Promise<readonly string[]> {
  const infos = await Promise.all(paths.map(async (path) => ({ path, info: await linkInfo(`${prefix}${path}`) })));
  const missing = infos.flatMap(({ path, info }) => (info === undefined ? [path] : []));
  if (missing.length === 0 || isAccepted) return missing;
  const isGlob = missing.some((path) => /[*?[{]/.test(path));
  throw new LifeboatError(`Cannot archive ${missing.map((path) => `"${path}"`).join(", ")} as what is asked for must be there: it is not`, {
    hint: `${isGlob ? "--include takes no wildcards: name a directory. " : ""}To go on without it, give --accept-missing`,
  });
}

/** `path` is absolute, without a slash at its end. What is not there is no reason to look for it elsewhere. */
async function placesOf(root: string, path: string): Promise<readonly string[]> {
  if (path === "/") return [path];
  const slash = path.lastIndexOf("/");
  const parent = pathInMachine(root, await insideRoot(root, path.slice(0, slash)));
  const place = `${parent.replace(/^\/$/, "")}${path.slice(slash)}`;
  const behind = await insideRoot(root, place);
  return (await linkInfo(behind))?.type === "directory" ? [place, pathInMachine(root, behind)] : [place];
}
