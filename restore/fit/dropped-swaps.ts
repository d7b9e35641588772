// Swap on a disk that is left out holds nothing: it goes, and with it what fstab says of it. Pure.

import type { DeviceId, FstabEntry, Layout, Swap } from "../../machine/model.ts";
import { partitionsOf } from "../../machine/own-layout.ts";
import { swapsBehind, WAY } from "../plan-fstab.ts";

export function withoutSwaps(layout: Layout, gone: ReadonlySet<DeviceId>): Layout {
  const dropped = layout.swaps.filter(({ kind, place }) => kind === "partition" && gone.has(place));
  if (dropped.length === 0) return layout;
  return {
    ...layout,
    swaps: layout.swaps.filter((swap) => !dropped.includes(swap)),
    fstab: layout.fstab.filter((entry) => !areNamed(layout, dropped, entry)),
  };
}

function areNamed(layout: Layout, swaps: readonly Swap[], { spec, type }: FstabEntry): boolean {
  if (type !== "swap") return false;
  if (swaps.some((swap) => swapNames(layout, swap).includes(spec))) return true;
  const behind = WAY.test(spec) ? swapsBehind(layout, spec) : [];
  return behind.length > 0 && behind.every((swap) => swaps.includes(swap));
}

/** All that name it, wherever its disk is. */
export function swapNames(layout: Layout, { place, uuid, label }: Swap): readonly string[] {
  const partition = partitionsOf(layout).find(({ id }) => id === place);
  return [
    `/dev/${place}`,
    ...tagged("uuid", uuid),
    ...tagged("label", label),
    ...tagged("partuuid", partition?.uuid),
    ...tagged("partlabel", partition?.label),
  ];
}

/** `UUID=…` and the link below /dev/disk that leads there. */
export function tagged(tag: string, value: string | undefined): readonly string[] {
  return value === undefined || value === "" ? [] : [`${tag.toUpperCase()}=${value}`, `/dev/disk/by-${tag}/${value}`];
}
