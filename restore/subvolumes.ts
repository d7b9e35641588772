// btrfs subvolumes: which mounts show one, and which are not made again.

import type { Subvolume } from "../machine/file-system-parameters.ts";
import type { FileSystem, Layout, MountPoint } from "../machine/model.ts";

/** All of a file system, or a subvolume of it: what is left are bind mounts. */
export function isWhole({ fsRoot, device }: MountPoint, { fileSystems }: Pick<Layout, "fileSystems">): boolean {
  if (fsRoot === "/") return true;
  const parameters = fileSystems.find((fileSystem) => fileSystem.device === device)?.parameters;
  return parameters?.kind === "btrfs" && parameters.subvolumes?.some((subvolume) => `/${subvolume.path}` === fsRoot) === true;
}

/** The option that mounts what `fsRoot` says. The top level too is named: another may be the one that is mounted when none is. */
export function subvolumeOption(fsRoot: string): string {
  return fsRoot === "/" ? "subvolid=5" : `subvol=${fsRoot}`;
}

/**
 * A snapshot that nothing is mounted from: its files are those of another subvolume at an earlier time, and in no set. One of a system
 * that starts from a snapshot is mounted, and is made again.
 */
export function isOldState({ path, isSnapshot }: Subvolume, { device, parameters }: FileSystem, { mounts }: Layout): boolean {
  const isMounted = mounts.some((mount) => mount.device === device && mount.fsRoot === `/${path}`);
  const isDefault = parameters.kind === "btrfs" && parameters.defaultSubvolume === path;
  return isSnapshot && !isMounted && !isDefault;
}
