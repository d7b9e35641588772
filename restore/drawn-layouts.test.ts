// Layouts that nobody thought of, planned onto disks of any size: whatever is drawn, the plan is whole, or says what is missing.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  array,
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
import { checkMade, checkSizes, planOnto, planOntoDisks } from "./whole-plan-for-tests.ts";

interface DrawnPlace {
  readonly sizeMiB: number;
  readonly gapMiB: number;
  readonly type: "ext4" | "xfs" | "swap";
  /** How full it is. */
  readonly usedShare: number;
  readonly isEncrypted: boolean;
  /** Each a part of the group; none: no LVM. */
  readonly volumes: readonly number[];
}

interface Drawn {
  readonly kind: "gpt" | "mbr";
  readonly isMirrored: boolean;
  readonly sectorBytes: 512 | 4096;
  readonly places: readonly DrawnPlace[];
}

const PLACE: fc.Arbitrary<DrawnPlace> = fc.record({
  sizeMiB: fc.integer({ min: 700, max: 9000 }),
  gapMiB: fc.constantFrom(0, 0, 1, 777),
  type: fc.constantFrom("ext4", "xfs", "swap"),
  usedShare: fc.double({ min: 0, max: 0.8, noNaN: true }),
  isEncrypted: fc.boolean(),
  volumes: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
});
const DRAWN: fc.Arbitrary<Drawn> = fc.record({
  kind: fc.constantFrom("gpt", "mbr"),
  isMirrored: fc.boolean(),
  sectorBytes: fc.constantFrom(512, 4096),
  places: fc.array(PLACE, { minLength: 1, maxLength: 3 }),
});

/** The first partition holds the root; each other one is mirrored, encrypted or a group as it was drawn. */
function layoutOf({ kind, isMirrored, sectorBytes, places }: Drawn): Layout {
  const parts = [part("linux", 2000), ...places.map(({ sizeMiB, gapMiB }) => part("linux", sizeMiB, { gapMiB }))];
  const sizeMiB = parts.reduce((total, one) => total + (one.sizeMiB ?? 0) + one.gapMiB, 3);
  const ids = isMirrored ? ["sda", "sdb"] : ["sda"];
  const disks = ids.map((id) => sketchedDisk(id, { sizeMiB, kind, sectorBytes, parts }));
  const built = places.map((place, index) => builtOn(place, index + 2, isMirrored));
  const stack = built.flatMap((one) => one.stack);
  const holds = Object.assign({ sda1: { type: "ext4", path: "/", usedMiB: 900 } }, ...built.map((one) => one.holds));
  return sketchedLayout({ disks, stack, holds });
}

interface Built {
  readonly stack: readonly StackSketch[];
  readonly holds: Readonly<Record<string, ContentSketch>>;
}

function builtOn({ sizeMiB, type, usedShare, isEncrypted, volumes }: DrawnPlace, number: number, isMirrored: boolean): Built {
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
  const content = (name: string, bytesMiB: number): ContentSketch =>
    type === "swap"
      ? { type }
      : { type, path: `/${name}`, usedMiB: type === "xfs" ? Math.floor(bytesMiB * usedShare) : Math.floor((bytesMiB * usedShare) / 2) };
  if (volumes.length === 0) return { stack, holds: { [device]: content(device, roomMiB) } };
  stack.push(group(`vg-${number}`, [device]));
  const all = volumes.reduce((total, one) => total + one, 0);
  const sizes = volumes.map((one) => Math.max(4, Math.floor((roomMiB * one) / all / 4) * 4));
  stack.push(...sizes.map((size, index) => volume(`vg-${number}/lv-${number}-${index}`, [size, device])));
  return {
    stack,
    holds: Object.fromEntries(sizes.map((size, index) => [`vg-${number}/lv-${number}-${index}`, content(`lv-${number}-${index}`, size)])),
  };
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
