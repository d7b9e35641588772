// What the paths that a user names stand for on disk.

import { LifeboatError } from "#os/error";
import { exists, fileInfo, linkInfo, realPath } from "#os/files";

/**
 * Links above a path are resolved: a file could not come back below a link. A link to a directory stands for itself and
 * for what it leads to, as nobody means the link alone.
 */
export async function includedPaths(paths: readonly string[]): Promise<readonly string[]> {
  const places = await Promise.all(paths.map(placesOf));
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

/** `path` is absolute, without a slash at its end. */
async function placesOf(path: string): Promise<readonly string[]> {
  const slash = path.lastIndexOf("/");
  const parent = path.slice(0, slash) || "/";
  if (path === "/" || !(await exists(parent))) return [path];
  const place = `${(await realPath(parent)).replace(/^\/$/, "")}${path.slice(slash)}`;
  return (await fileInfo(place))?.type === "directory" ? [place, await realPath(place)] : [place];
}
