// What the paths that a user names stand for on disk.

import { exists, fileInfo, realPath } from "#os/files";

/**
 * Links above a path are resolved: a file could not come back below a link. A link to a directory stands for itself and
 * for what it leads to, as nobody means the link alone.
 */
export async function includedPaths(paths: readonly string[]): Promise<readonly string[]> {
  const places = await Promise.all(paths.map(placesOf));
  return [...new Set(places.flat())];
}

/** `path` is absolute, without a slash at its end. */
async function placesOf(path: string): Promise<readonly string[]> {
  const slash = path.lastIndexOf("/");
  const parent = path.slice(0, slash) || "/";
  if (path === "/" || !(await exists(parent))) return [path];
  const place = `${(await realPath(parent)).replace(/^\/$/, "")}${path.slice(slash)}`;
  return (await fileInfo(place))?.type === "directory" ? [place, await realPath(place)] : [place];
}
