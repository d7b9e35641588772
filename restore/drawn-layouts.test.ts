// Layouts that nobody thought of, planned onto disks of any size: whatever is drawn, the plan is whole, or says what is missing.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  array,
  formed,
  group,
  luks,
  MIB,
  part,
  sketchedDisk,
  sketchedLayout,
  volume,
  type ContentSketch,
  type StackSketch,
} from "../machine/layouts-for-tests.ts";
import type { Layout } from "../machine/model.ts";
import { mergeGroups } from "./fit/merge-groups.ts";
import { leastDiskBytes } from "./fit/place-partitions.ts";
import { checkMade, checkSizes, checkTable, planOnto, planOntoDisks } from "./whole-plan-for-tests.ts";

interface DrawnPlace {
  readonly sizeMiB: number;
  readonly gapMiB: number;
  readonly type: "ext4" | "xfs" | "btrfs" | "swap";
  /** How full it is. */
  readonly usedShare: number;
  readonly isEncrypted: boolean;
  /** Each a part of the group; none: no LVM. */
  readonly volumes: readonly number[];
  /** The volumes are thin, in a pool that has all of the group's room. */
  readonly isThin: boolean;
}

interface Drawn {
  readonly kind: "gpt" | "mbr";
  readonly isMirrored: boolean;
  /** All but the first, in an MBR. */
  readonly areLogical: boolean;
  readonly sectorBytes: 512 | 4096;
  readonly places: readonly DrawnPlace[];
}

const PLACE: fc.Arbitrary<DrawnPlace> = fc.record({
  sizeMiB: fc.integer({ min: 700, max: 9000 }),
  gapMiB: fc.constantFrom(0, 0, 1, 777),
  type: fc.constantFrom("ext4", "xfs", "btrfs", "swap"),
  usedShare: fc.double({ min: 0, max: 0.8, noNaN: true }),
  isEncrypted: fc.boolean(),
  volumes: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
  isThin: fc.boolean(),
});
const DRAWN: fc.Arbitrary<Drawn> = fc.record({
  kind: fc.constantFrom("gpt", "mbr"),
  isMirrored: fc.boolean(),
  areLogical: fc.boolean(),
  sectorBytes: fc.constantFrom(512, 4096),
  places: fc.array(PLACE, { minLength: 1, maxLength: 3 }),
});

/** The first partition holds the root; each other one is mirrored, encrypted or a group as it was drawn. */
function layoutOf({ kind, isMirrored, areLogical, sectorBytes, places }: Drawn): Layout {
  const isLogical = areLogical && kind === "mbr";
  const own = places.map(({ sizeMiB, gapMiB }) => part("linux", sizeMiB, { gapMiB, isLogical }));
  // Each logical one has a boot record before it.
  const extendedMiB = own.reduce((total, { sizeMiB = 0, gapMiB }) => total + sizeMiB + gapMiB + 1, 0);
  const parts = [part("linux", 2000), ...(isLogical ? [part("extended", extendedMiB)] : []), ...own];
  const sizeMiB = 2000 + extendedMiB + 3;
  const ids = isMirrored ? ["sda", "sdb"] : ["sda"];
  const disks = ids.map((id) => sketchedDisk(id, { sizeMiB, kind, sectorBytes, parts }));
  const built = places.map((place, index) => builtOn(place, index + (isLogical ? 5 : 2), isMirrored));
  const stack = built.flatMap((one) => one.stack);
  const holds = Object.assign({ sda1: { type: "ext4", path: "/", usedMiB: 900 } }, ...built.map((one) => one.holds));
  return sketchedLayout({ disks, stack, holds });
}

interface Built {
  readonly stack: readonly StackSketch[];
  readonly holds: Readonly<Record<string, ContentSketch>>;
}

function builtOn(place: DrawnPlace, number: number, isMirrored: boolean): Built {
  const { sizeMiB, isEncrypted, volumes } = place;
  const stack: StackSketch[] = [];
  let device = `sda${number}`;
  const put = (id: string, sketch: StackSketch) => {
    stack.push(sketch);
    device = id;
  };
  if (isMirrored) put(`md${number}`, array(`md${number}`, "raid1", [device, `sdb${number}`]));
  if (isEncrypted) put(`safe${number}`, luks(`safe${number}`, device));
  // A mirror and LUKS take a little.
  const roomMiB = Math.floor((sizeMiB - 24) / 4) * 4 - 4;
  if (volumes.length === 0) return { stack, holds: { [device]: contentOf(place, `on-${number}`, roomMiB) } };
  const name = `vg-${number}`;
  const all = volumes.reduce((total, one) => total + one, 0);
  const sizes = volumes.map((one) => Math.max(4, Math.floor((roomMiB * one) / all / 4) * 4));
  const ids = sizes.map((_, index) => `${name}/lv-${number}-${index}`);
  stack.push(group(name, [device]), ...volumesOf(place, { name, device, roomMiB, sizes, ids }));
  return { stack, holds: Object.fromEntries(ids.map((id, index) => [id, contentOf(place, id, sizes[index]!)])) };
}

interface DrawnGroup {
  readonly name: string;
  readonly device: string;
  readonly roomMiB: number;
  readonly sizes: readonly number[];
  readonly ids: readonly string[];
}

function volumesOf({ isThin }: DrawnPlace, { name, device, roomMiB, sizes, ids }: DrawnGroup): readonly StackSketch[] {
  if (!isThin) return ids.map((id, index) => volume(id, [sizes[index]!, device]));
  const pool = `${name}/lv-pool-of-${name}`;
  const data = { chunkBytes: 65536, metadataBytes: 8 * MIB, zero: true, discards: "passdown", on: [device] };
  return [
    formed(pool, Math.floor((roomMiB - 40) / 4) * 4, { type: "thin-pool", ...data }),
    ...ids.map((id, index) => formed(id, sizes[index]!, { type: "thin", pool, origin: undefined })),
  ];
}

/** How much of the room that is drawn may be used: some take more for themselves, or keep things twice. */
const USABLE = { ext4: 0.5, xfs: 1, btrfs: 0.25 } as const;

function contentOf({ type, usedShare }: DrawnPlace, name: string, sizeMiB: number): ContentSketch {
  return type === "swap" ? { type } : { type, path: `/${name}`, usedMiB: Math.floor(sizeMiB * usedShare * USABLE[type]) };
}

test("onto disks that are as large, nothing changes", () => {
  fc.assert(
    fc.property(DRAWN, (drawn) => {
      const layout = layoutOf(drawn);
      const plan = planOnto(layout, ({ sizeBytes }) => sizeBytes);
      assert.deepEqual([plan.layout, plan.changes], [layout, []]);
      checkMade(plan);
    }),
    { numRuns: 100 },
  );
});

test("from the least size on, everything has its room, and planned again it stays as it is", () => {
  fc.assert(
    fc.property(DRAWN, fc.integer({ min: 0, max: 300 }), (drawn, percent) => {
      const layout = layoutOf(drawn);
      const sizes = new Map(
        layout.disks.map((disk) => [disk.id, Math.ceil((leastDiskBytes(layout, disk) + (disk.sizeBytes * percent) / 100) / MIB) * MIB]),
      );
      const plan = planOnto(layout, ({ id }) => sizes.get(id)!);
      checkMade(plan);
      checkSizes(plan, layout);
      const again = planOnto(plan.layout, ({ id }) => sizes.get(id)!);
      assert.deepEqual(again.layout, plan.layout);
    }),
    { numRuns: 200 },
  );
});

test("below the least size it says how much is missing, and that much is enough", () => {
  fc.assert(
    fc.property(DRAWN, fc.integer({ min: 1, max: 500 }), (drawn, lessMiB) => {
      const layout = layoutOf(drawn);
      const least = Math.max(...layout.disks.map((disk) => leastDiskBytes(layout, disk)));
      const sizeBytes = Math.ceil(least / MIB) * MIB - lessMiB * MIB;
      let missing = 0;
      assert.throws(
        () => planOnto(layout, () => sizeBytes),
        ({ message }: Error) => {
          missing = Math.max(...[...message.matchAll(/(\d+) bytes (?:are missing|more)/g)].map(([, bytes]) => Number(bytes)));
          return missing > 0;
        },
      );
      assert.ok(missing <= (lessMiB + 2) * MIB, `${missing} for ${lessMiB} MiB`);
      checkMade(planOnto(layout, () => sizeBytes + Math.ceil(missing / MIB) * MIB));
    }),
    { numRuns: 100 },
  );
});

test("with all volumes in one group, everything has its room", () => {
  fc.assert(
    fc.property(DRAWN, fc.integer({ min: 100, max: 300 }), (drawn, percent) => {
      const layout = layoutOf(drawn);
      const [first, ...others] = layout.stack.filter(({ kind }) => kind === "volume-group").map(({ id }) => id);
      const groups = new Map(others.map((id) => [id, first ?? ""]));
      const present = layout.disks.map((disk) => ({
        ...disk,
        sizeBytes: Math.ceil((disk.sizeBytes * percent) / 100 / MIB) * MIB,
        table: undefined,
      }));
      const plan = planOntoDisks(layout, present, { groups });
      const merged = mergeGroups(layout, groups, new Set());
      checkMade(plan);
      checkSizes(plan, merged.isMerged ? merged.reduced.layout : layout);
      assert.ok(plan.layout.stack.filter(({ kind }) => kind === "volume-group").length <= 1);
    }),
    { numRuns: 200 },
  );
});

test("all disks onto one: everything is made, and has its place", () => {
  fc.assert(
    fc.property(DRAWN, DRAWN, fc.integer({ min: 100, max: 300 }), (first, second, percent) => {
      // Four primary partitions leave an MBR no place.
      fc.pre(first.kind === "gpt" || first.areLogical || first.places.length < 3);
      const layout = besideOf(
        layoutOf({ ...first, isMirrored: false }),
        layoutOf({ ...second, isMirrored: false, sectorBytes: first.sectorBytes }),
      );
      const sizeBytes = layout.disks.reduce((total, disk) => total + disk.sizeBytes, 0);
      const [disk] = layout.disks;
      const big = { ...disk!, id: "sdz", identity: { ...disk!.identity, serial: "BIG" }, table: undefined };
      const present = [{ ...big, sizeBytes: Math.ceil((sizeBytes * percent) / 100 / MIB) * MIB + 16 * MIB }];
      const plan = planOntoDisks(layout, present, { map: new Map(layout.disks.map(({ id }) => [id, "BIG"])) });
      checkMade(plan);
      assert.deepEqual([plan.layout.disks.length, plan.layout.fileSystems.length], [1, layout.fileSystems.length]);
      for (const one of plan.layout.disks) checkTable(one);
    }),
    { numRuns: 200 },
  );
});

/** Two machines' disks in one: what was the other's root is mounted elsewhere. */
function besideOf(first: Layout, other: Layout): Layout {
  const second = renamed(other) as Layout;
  return {
    ...first,
    disks: [...first.disks, ...second.disks],
    stack: [...first.stack, ...second.stack],
    fileSystems: [...first.fileSystems, ...second.fileSystems],
    swaps: [...first.swaps, ...second.swaps],
    mounts: [...first.mounts, ...second.mounts],
    fstab: [...first.fstab, ...second.fstab],
  };
}

function renamed(value: unknown): unknown {
  if (typeof value === "string") {
    const name = value.replace(/^sda(?=\d*$)/, "sdb").replaceAll(/(?<=^|[/=])(vg-|safe|lv-|on-|S-sda)/g, "other-$1");
    return name === "/" ? "/other" : name;
  }
  if (Array.isArray(value)) return value.map(renamed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, key === "fsRoot" ? one : renamed(one)]));
}
