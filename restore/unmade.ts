// What nothing is mounted from and nobody can make again: a restore does without it. Pure.

import type { DeviceId, Layout } from "../machine/model.ts";
import { below, partitionsOf, usedDevices } from "../machine/own-layout.ts";
import { ESP_TYPES } from "./partition-types.ts";
import { stackedReason } from "./stacked-reason.ts";

/** Devices that stand in no way of anything that is mounted or swapped to, and cannot be made, with what is on them. */
export function unmadeDevices(layout: Layout): ReadonlySet<DeviceId> {
  const used = usedDevices(layout);
  const bad = new Set(layout.stack.filter((stacked) => stackedReason(stacked) !== undefined && !used.has(stacked.id)).map(({ id }) => id));
  for (const { id } of layout.stack) if (!used.has(id) && below(layout, id).some((device) => bad.has(device))) bad.add(id);
  return bad;
}

/**
 * Without them, and without file systems that are the copy of another one, as those of snapshots are: two with one UUID would be taken
 * for each other. A second EFI system partition is often such a copy, and is needed.
 */
export function withoutUnmade(layout: Layout): Layout {
  const bad = unmadeDevices(layout);
  const esps = new Set(partitionsOf(layout).flatMap(({ id, type }) => (ESP_TYPES.has(type) ? [id] : [])));
  const isMounted = (device: DeviceId) => layout.mounts.some((mount) => mount.device === device);
  return {
    ...layout,
    stack: layout.stack.filter(({ id }) => !bad.has(id)),
    swaps: layout.swaps.filter(({ place }) => !bad.has(place)),
    fileSystems: layout.fileSystems.filter(({ device, uuid }, index) => {
      if (bad.has(device)) return false;
      if (isMounted(device) || uuid === undefined || esps.has(device)) return true;
      const twins = layout.fileSystems.filter((other, place) => other.uuid === uuid && place !== index);
      return !twins.some((other) => isMounted(other.device));
    }),
  };
}
