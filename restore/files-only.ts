// File systems that nothing here makes again, such as ZFS, and that the machine starts without: their files are in the set, and stay there. Pure.

import type { DeviceId, Layout } from "../machine/model.ts";
import { below, usedDevices } from "../machine/own-layout.ts";
import { mountPoint } from "./plan-fstab.ts";
import { isMadeType } from "./restorable.ts";
import { stackedReason } from "./stacked-reason.ts";

export interface FilesOnly {
  /** Without them, and without disks that hold nothing else. */
  readonly layout: Layout;
  /** Where they were mounted: nothing is written below. */
  readonly paths: readonly string[];
  /** One line each. */
  readonly warnings: readonly string[];
}

/** What stands here must be there before anything starts; in any other place an administrator can make up for it. */
const NEEDED: ReadonlySet<string> = new Set(["/", "/usr", "/etc", "/var", "/boot", "/boot/efi", "/efi"]);

export function filesOnly(layout: Layout): FilesOnly {
  const { disks, fileSystems, mounts, fstab } = layout;
  const lost = new Map(
    fileSystems.flatMap(({ device, type }): readonly (readonly [DeviceId, string])[] => {
      const own = mounts.filter((mount) => mount.device === device);
      const why = whyUnmade(layout, device, type);
      return why === undefined || own.length === 0 || own.some(({ path }) => NEEDED.has(path)) ? [] : [[device, why]];
    }),
  );
  if (lost.size === 0) return { layout, paths: [], warnings: [] };
  const gone = mounts.filter(({ device }) => lost.has(device));
  const paths = gone.map(({ path }) => path);
  const left: Layout = {
    ...layout,
    fileSystems: fileSystems.filter(({ device }) => !lost.has(device)),
    mounts: mounts.filter((mount) => !gone.includes(mount)),
    fstab: fstab.filter(({ path }) => !paths.includes(mountPoint(path))),
  };
  const [before, now] = [usedDevices(layout), usedDevices(left)];
  return {
    layout: { ...left, disks: disks.filter(({ id }) => now.has(id) || !before.has(id)) },
    paths,
    warnings: gone.map(
      ({ path, device }) =>
        `"${path}" is not made again, as ${lost.get(device)}: its files are in the set, and restore --only "${path}" --to DIR brings them back`,
    ),
  };
}

/** What is of a known type and could not be read is another matter: a person can mend that before the archive. */
function whyUnmade(layout: Layout, device: DeviceId, type: string): string | undefined {
  if (!isMadeType(type)) return `it is ${type}`;
  const ids = below(layout, device);
  const stacked = layout.stack.find(
    (one) => ids.includes(one.id) && (one.kind === "other" || (one.kind === "logical-volume" && one.form.type === "other")),
  );
  return stacked === undefined ? undefined : `it is on ${stackedReason(stacked)}`;
}
