// The steps that write images of devices back, and what a person should know of their new places. Pure.

import { LifeboatError } from "#os/error";
import { isImaged } from "../machine/device-image.ts";
import type { DeviceId, Layout } from "../machine/model.ts";
import { deviceBytes } from "../machine/own-layout.ts";
import type { Step } from "./plan.ts";
import type { StackPlaces } from "./plan-stack.ts";

/** But for those on file systems that are kept. Throws LifeboatError (3) when one has no room. */
export function imageSteps(layout: Layout, { path, reuse }: StackPlaces): readonly Step[] {
  return layout.images
    .filter(({ device }) => !reuse.fileSystems.has(device))
    .map((image): Step => {
      const device = path(image.device);
      const missing = image.sizeBytes - (deviceBytes(layout, image.device) ?? 0);
      if (missing <= 0) return { kind: "restore-image", device, image };
      throw new LifeboatError(
        `Cannot plan the restore as ${device} must have room for the image of ${image.device}: ${missing} bytes are missing`,
        {
          hint: "Nothing has been written. Take a larger disk",
        },
      );
    });
}

interface Place {
  readonly sectorBytes: number;
  readonly startBytes: number;
}

/** NTFS notes where its partition begins, and how large sectors are; others may. */
export function imageWarnings(before: Layout, after: Layout): readonly string[] {
  const now = placesIn(after);
  return [...placesIn(before)].flatMap(([id, was]) => {
    const is = now.get(id);
    if (is === undefined) return [];
    const sectors = `sectors of ${is.sectorBytes} bytes instead of ${was.sectorBytes}`;
    if (is.sectorBytes !== was.sectorBytes) return [`${id} comes back as an image, on ${sectors}: what is in it may not be readable there`];
    if (is.startBytes === was.startBytes) return [];
    const isNtfs = before.images.some(({ device, method }) => device === id && method === "ntfsclone");
    return [
      `${id} comes back as an image, in another place: ${isNtfs ? NTFS_MOVED : "whatever notes its place on the disk has to be told"}`,
    ];
  });
}

const NTFS_MOVED = "a Windows on it may not start by BIOS before it is repaired";

function placesIn({ disks, images }: Layout): ReadonlyMap<DeviceId, Place> {
  return new Map(
    disks.flatMap(({ table, logicalSectorBytes: sectorBytes }) =>
      (table?.partitions ?? [])
        .filter(({ id }) => isImaged({ images }, id))
        .map(({ id, startSector }) => [id, { sectorBytes, startBytes: startSector * sectorBytes }] as const),
    ),
  );
}
