// Disks that are reached on several paths: their names, and how multipath-tools call them. Pure.

import type { Disk, DiskIdentity, Multipath } from "./model.ts";

type NamedDisk = Pick<Disk, "id" | "multipath">;

/** The mapper's device is called by the mapper's name, one of its paths by the kernel's. */
export function diskNode({ id, multipath }: NamedDisk): string {
  return multipath === undefined || multipath.paths.includes(id) ? `/dev/${id}` : `/dev/mapper/${id}`;
}

/**
 * What multipath-tools know a disk by: a digit for the kind of designator in its VPD page 0x83, then its value (scsi_id(8), libmultipath's
 * parse_vpd_pg83). Undefined: sysfs's name of the disk is of no kind that has only one such form.
 */
export function multipathWwid({ wwid }: Pick<DiskIdentity, "wwid">): string | undefined {
  const [, kind, value] = /^(naa|eui)\.([0-9a-f]+)$/.exec(wwid ?? "") ?? [];
  return value === undefined ? undefined : `${kind === "naa" ? 3 : 2}${value}`;
}

/** Below /dev, beside the kernel's own name (11-dm-mpath.rules, kpartx.rules): none for a disk that is no multipath device. */
export function multipathLinks({
  id,
  multipath,
  table,
}: NamedDisk & Pick<Disk, "table">): readonly (readonly [link: string, id: string])[] {
  if (multipath?.wwid === undefined) return [];
  const { wwid } = multipath;
  const partitions = (table?.partitions ?? []).map((partition) => ({ id: partition.id, prefix: `part${partition.number}-` }));
  return [{ id, prefix: "" }, ...partitions].flatMap((device) =>
    [`mapper/${device.id}`, `disk/by-id/dm-name-${device.id}`, `disk/by-id/dm-uuid-${device.prefix}mpath-${wwid}`].map(
      (link) => [link, device.id] as const,
    ),
  );
}

/** As sysfs tells it. */
export interface MultipathDevice extends Multipath {
  /** The mapper's. */
  readonly name: string;
  /** The kernel's, such as `dm-0`. */
  readonly node: string;
  /** The mapper's names by the partitions' numbers. */
  readonly partitions: ReadonlyMap<number, string>;
}

/** What device-mapper UUIDs say (multipath-tools: `mpath-WWID`, kpartx: `partN-mpath-WWID`). */
export function parseMapperUuid(uuid: string): { readonly wwid: string; readonly partition: number | undefined } | undefined {
  const [, partition, wwid] = /^(?:part(\d+)-)?mpath-(.+)$/.exec(uuid) ?? [];
  return wwid === undefined ? undefined : { wwid, partition: partition === undefined ? undefined : Number(partition) };
}
