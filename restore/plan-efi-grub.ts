// GRUB on EFI system partitions, where what it has its files on is not there any more: an array that ends, a partition with another number. Pure.

import { efiOf, type DeviceId, type Layout, type Machine } from "../machine/model.ts";
import { below, mountHolding } from "../machine/own-layout.ts";
import { mountedEsps } from "./esp.ts";
import { grubArrays } from "./grub-arrays.ts";
import { goneArrays } from "./plan-arrays.ts";
import type { Step } from "./plan.ts";

export interface Replacements {
  /** The machine's own layout, as it was. */
  readonly before: Layout;
  readonly replaced: ReadonlyMap<DeviceId, DeviceId>;
}

/**
 * What grub-install has put there has the way to GRUB's directory in it (grub 2.06, util/grub-install.c): the name of an array or volume,
 * the number of a partition of the same disk, else the file system's UUID. The last, and names of volumes, stay true.
 */
export function planEfiGrub(machine: Machine, { before, replaced }: Replacements): readonly Step[] {
  const { bootLoader, layout } = machine;
  const efi = efiOf(bootLoader);
  if (bootLoader.kind !== "grub" || efi === undefined) return [];
  const { directory } = bootLoader;
  const under = new Set(below(before, mountHolding(before, directory)?.device ?? ""));
  const arrays = grubArrays(machine, goneArrays(before, replaced)).filter(({ id }) => under.has(id));
  const partitions = before.disks.flatMap(({ table }) =>
    (table?.partitions ?? [])
      .filter(({ id }) => under.has(id) && replaced.has(id))
      .map(({ id, number }) => ({ id, name: `,${table?.kind === "gpt" ? "gpt" : "msdos"}${number}` })),
  );
  const names = [...arrays.flatMap((array) => array.names), ...partitions.map(({ name }) => name)];
  if (names.length === 0) return [];
  const gone = [...arrays, ...partitions].map(({ id }) => id);
  return [{ kind: "install-efi-grub", directory, mountPoints: mountedEsps(layout, efi).map(({ path }) => path), gone, names }];
}
