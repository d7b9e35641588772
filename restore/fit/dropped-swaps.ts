// Swap on a disk that is left out holds nothing: it goes, and with it what fstab says of it. Pure.

import type { DeviceId, FstabEntry, Layout, Swap } from "../../machine/model.ts";
import { partitionsOf } from "../../machine/own-layout.ts";

export function withoutSwaps(layout: Layout, gone: ReadonlySet<DeviceId>): Layout {
  const dropped = layout.swaps.filter(({ kind, place }) => kind === "partition" && gone.has(place));
  if (dropped.length === 0) return layout;
  return {
    ...layout,
    swaps: layout.swaps.filter((swap) => !dropped.includes(swap)),
    fstab: layout.fstab.filter((entry) => !dropped.some((swap) => isNamed(layout, swap, entry))),
  };
}

function isNamed(layout: Layout, { place, uuid, label }: Swap, { spec, type }: FstabEntry): boolean {
  if (type !== "swap") return false;
  const partition = partitionsOf(layout).find(({ id }) => id === place);
  const names = [
    `/dev/${place}`,
    ...tagged("uuid", uuid),
    ...tagged("label", label),
    ...tagged("partuuid", partition?.uuid),
    ...tagged("partlabel", partition?.label),
  ];
  return names.includes(spec);
}

function tagged(tag: string, value: string | undefined): readonly string[] {
  return value === undefined || value === "" ? [] : [`${tag.toUpperCase()}=${value}`, `/dev/disk/by-${tag}/${value}`];
}
