// btrfs snapshots that are seen in the tree and from which nothing is mounted: each would be all files once more. Pure.

import type { Layout } from "../machine/model.ts";
import { isOldState } from "../restore/subvolumes.ts";
import { below, isWithin, joined } from "./choose-mounts.ts";

/** Their paths, as the machine names them. */
export function oldSnapshots(layout: Layout): readonly string[] {
  return layout.fileSystems.flatMap((fileSystem) => {
    const { parameters, device } = fileSystem;
    if (parameters.kind !== "btrfs") return [];
    const mounts = layout.mounts.filter((mount) => mount.device === device);
    return (parameters.subvolumes ?? [])
      .filter((subvolume) => isOldState(subvolume, fileSystem, layout))
      .flatMap(({ path }) =>
        mounts
          .filter(({ fsRoot }) => isWithin(`/${path}`, fsRoot))
          .map(({ fsRoot, path: mountPath }) => joined(mountPath, below(`/${path}`, fsRoot))),
      );
  });
}
