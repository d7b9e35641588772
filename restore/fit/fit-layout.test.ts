// Layouts on disks of other sizes: nothing overlaps, all stands where disks like it, each thing has what it needs, up through LVM, LUKS and arrays.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { BIOS_MACHINE, UEFI_MACHINE } from "../../machine/machine-for-tests.ts";
import type { Disk, FileSystem, Layout, Partition, PartitionTable } from "../../machine/model.ts";
import { ARRAY, GROUP, LUKS, VOLUME } from "../../machine/stack-for-tests.ts";
import type { StackedDevice } from "../../machine/stacked-device.ts";
import { fitLayout, type Fit, type FitPair } from "./fit-layout.ts";
import { leastFileSystemBytes } from "./file-system-size.ts";
import { leastDiskBytes } from "./place-partitions.ts";
import { sum } from "./share-out.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

type Fitted = Extract<Fit, { fits: true }>;

function fitted(layout: Layout, to: Partial<FitPair["to"]>, noResize = false): Fitted {
  const pairs = layout.disks.map((from) => ({ from, to: { id: "sdz", sizeBytes: from.sizeBytes, logicalSectorBytes: 512, ...to } }));
  const fit = fitLayout(layout, pairs, { noResize, reused: new Set() });
  assert.ok(fit.fits, fit.fits ? "" : fit.problems.join());
  return fit;
}

function sizesOf({ disks }: Layout): Readonly<Record<string, number>> {
  return Object.fromEntries(
    disks.flatMap((disk) =>
      (disk.table?.partitions ?? []).map(({ id, sizeSectors }) => [id, (sizeSectors * disk.logicalSectorBytes) / MIB]),
    ),
  );
}

describe("fitLayout() keeps", () => {
  for (const [what, sizeBytes, noResize] of [
    ["everything on a disk of the same size", 4 * GIB, false],
    ["everything where no place is lost, though the disk is a little smaller", 3900 * MIB, false],
    ["everything on a much larger disk when it is told to", 40 * GIB, true],
  ] as const) {
    test(what, () => {
      const fit = fitted(BIOS_MACHINE.layout, { sizeBytes }, noResize);
      assert.deepEqual([fit.layout, fit.changes], [BIOS_MACHINE.layout, []]);
    });
  }
});

describe("fitLayout() shares out", () => {
  test("a larger disk by what each had; swap, ESP and what was left free keep their size or their part", () => {
    const { layout } = fitted(UEFI_MACHINE.layout, { sizeBytes: 8 * GIB });
    const sizes = sizesOf(layout);
    assert.deepEqual([sizes["sda1"], sizes["sda4"]], [64, 256]);
    assert.ok(sizes["sda2"]! > 5900 && sizes["sda2"]! < 7000, String(sizes["sda2"]));
    assert.ok(Math.abs(sizes["sda2"]! / sizes["sda3"]! - 6) < 0.02);
    const root = layout.fileSystems.find(({ device }) => device === "sda2");
    assert.equal(root?.sizeBytes, sizes["sda2"]! * MIB);
    assert.ok(root?.parameters.kind === "ext" && root.parameters.inodeCount > 2 * 185_000);
  });

  test("a smaller disk as long as the data fits", () => {
    const { layout, changes } = fitted(BIOS_MACHINE.layout, { sizeBytes: 2 * GIB });
    const sizes = sizesOf(layout);
    assert.equal(sizes["sda4"], 256);
    assert.ok(sizes["sda2"]! >= 1000 && sizes["sda3"]! >= 300, JSON.stringify(sizes));
    assert.deepEqual(changes.length, 2);
    assert.match(changes[0]!, /^sda2: 3\.0 GiB becomes 1\.\d GiB$/);
  });

  test("a disk with sectors of 4 KiB, in its own sectors", () => {
    const { layout } = fitted(UEFI_MACHINE.layout, { sizeBytes: 4 * GIB, logicalSectorBytes: 4096 });
    const [disk] = layout.disks;
    assert.equal(disk?.logicalSectorBytes, 4096);
    assert.deepEqual(sizesOf(layout)["sda1"], 64);
    assert.equal(disk?.table?.partitions[0]?.startSector, 256);
    const [efi, , data] = layout.fileSystems;
    assert.deepEqual(
      [efi?.parameters, data?.parameters].map((one) => one !== undefined && "sectorBytes" in one && one.sectorBytes),
      [4096, 4096],
    );
  });

  test("an ext4 with stripes of as many bytes", () => {
    const tuning = { strideBlocks: 64, stripeBlocks: 256, reservedUid: 5, reservedGid: 6 };
    const fileSystems = UEFI_MACHINE.layout.fileSystems.map((one) =>
      one.parameters.kind === "ext" ? { ...one, parameters: { ...one.parameters, blockBytes: 1024, tuning } } : one,
    );
    const { layout } = fitted({ ...UEFI_MACHINE.layout, fileSystems }, { logicalSectorBytes: 4096 });
    const found = layout.fileSystems.flatMap(({ parameters }) => (parameters.kind === "ext" ? [parameters.tuning] : []))[0];
    assert.deepEqual(found, { ...tuning, strideBlocks: 16, stripeBlocks: 64 });
  });

  test("a FAT in clusters of as many bytes, as long as a sector is no larger", () => {
    const clusters = [1, 8, 64].map((clusterSectors) => {
      const fileSystems = UEFI_MACHINE.layout.fileSystems.map((one) =>
        one.parameters.kind === "vfat" ? { ...one, parameters: { ...one.parameters, clusterSectors } } : one,
      );
      const [efi] = fitted({ ...UEFI_MACHINE.layout, fileSystems }, { logicalSectorBytes: 4096 }).layout.fileSystems;
      return efi?.parameters.kind === "vfat" && efi.parameters.clusterSectors;
    });
    assert.deepEqual(clusters, [1, 1, 8]);
  });

  test("no disk that is too small, and says how many bytes are missing", () => {
    const least = leastDiskBytes(BIOS_MACHINE.layout, BIOS_MACHINE.layout.disks[0]!);
    const pairs = BIOS_MACHINE.layout.disks.map((from) => ({ from, to: { id: "sdz", sizeBytes: least - MIB, logicalSectorBytes: 512 } }));
    assert.deepEqual(fitLayout(BIOS_MACHINE.layout, pairs, { noResize: false, reused: new Set() }), {
      fits: false,
      problems: [`what is on sda needs ${MIB} bytes more than sdz has`],
    });
    assert.ok(fitted(BIOS_MACHINE.layout, { sizeBytes: least }).changes.length > 0);
  });
});

/** / on LVM on LUKS on RAID1 of the second partitions of two disks. */
function stackedLayout(): Layout {
  const [disk] = UEFI_MACHINE.layout.disks;
  const second: Disk = {
    ...disk!,
    id: "sdb",
    table: {
      ...disk!.table!,
      partitions: disk!.table!.partitions.map((partition) => ({ ...partition, id: partition.id.replace("sda", "sdb") })),
    },
  };
  const shape = { ...ARRAY.shape!, memberBytes: 2999 * MIB };
  const stack: readonly StackedDevice[] = [
    { ...ARRAY, members: ["sda2", "sdb2"], sizeBytes: 2999 * MIB, shape },
    { ...LUKS, device: "md0", sizeBytes: 2983 * MIB },
    { ...GROUP, physicalVolumes: [{ ...GROUP.physicalVolumes[0]!, device: "safe", extents: 745 }] },
    {
      ...VOLUME,
      sizeBytes: 2000 * MIB,
      form: { type: "segments", segments: [{ extents: 500, stripes: 1, stripeBytes: undefined, on: ["safe"] }] },
    },
    {
      ...VOLUME,
      id: "vg0/swap",
      sizeBytes: 200 * MIB,
      form: { type: "segments", segments: [{ extents: 50, stripes: 1, stripeBytes: undefined, on: ["safe"] }] },
    },
  ];
  const { fileSystems, swaps, mounts } = UEFI_MACHINE.layout;
  return {
    ...UEFI_MACHINE.layout,
    disks: [disk!, second],
    stack,
    fileSystems: fileSystems.map((one) => (one.device === "sda2" ? { ...one, device: "vg0/root", sizeBytes: 2000 * MIB } : one)),
    swaps: swaps.map((swap) => ({ ...swap, place: "vg0/swap", sizeBytes: 200 * MIB })),
    mounts: mounts.map((mount) => (mount.device === "sda2" ? { ...mount, device: "vg0/root" } : mount)),
  };
}

describe("fitLayout() goes up through array, LUKS and LVM", () => {
  const layout = stackedLayout();
  const volume = (fit: Fitted, id: string) => fit.layout.stack.find((stacked) => stacked.id === id);
  const sizeOf = (fit: Fitted, id: string) => {
    const found = volume(fit, id);
    return found === undefined || found.kind === "volume-group" ? 0 : found.sizeBytes / MIB;
  };

  test("with nothing changed on the same disks", () => assert.deepEqual(fitted(layout, {}).layout, layout));

  for (const sizeBytes of [3 * GIB, 2300 * MIB, 12 * GIB]) {
    test(`on disks of ${sizeBytes / MIB} MiB`, () => {
      const fit = fitted(layout, { sizeBytes });
      const member = Math.min(sizesOf(fit.layout)["sda2"]!, sizesOf(fit.layout)["sdb2"]!);
      assert.ok(sizeOf(fit, "md0") <= member && sizeOf(fit, "md0") > member - 4, `${sizeOf(fit, "md0")} of ${member}`);
      assert.equal(sizeOf(fit, "safe"), sizeOf(fit, "md0") - 16);
      assert.equal(sizeOf(fit, "vg0/swap"), 200);
      const root = sizeOf(fit, "vg0/root");
      assert.ok(root + 200 <= sizeOf(fit, "safe") - 1 && root >= 950, `${root}`);
      const rootSystem = fit.layout.fileSystems.find(({ device }) => device === "vg0/root");
      assert.equal(rootSystem?.sizeBytes, root * MIB);
      const form = volume(fit, "vg0/root");
      assert.ok(form?.kind === "logical-volume" && form.form.type === "segments" && form.form.segments[0]?.extents === root / 4);
    });
  }
});

interface Drawn {
  readonly sizeMiB: number;
  readonly usedShare: number;
  readonly kind: "ext" | "xfs" | "swap" | "none";
}

function drawnLayout(drawn: readonly Drawn[], kind: "gpt" | "mbr", logicalFrom: number): Layout {
  let at = 1;
  const partitions: Partition[] = [];
  const base = BIOS_MACHINE.layout.disks[0]!.table!.partitions[0]!;
  const put = (number: number, sizeMiB: number, role: Partition["role"]) => {
    partitions.push({ ...base, id: `sda${number}`, number, role, startSector: at * 2048, sizeSectors: sizeMiB * 2048 });
  };
  drawn.forEach(({ sizeMiB }, index) => {
    const isLogical = kind === "mbr" && index >= logicalFrom;
    if (isLogical && index === logicalFrom) put(4, sum(drawn.slice(logicalFrom).map((one) => one.sizeMiB + 1)), "extended");
    if (isLogical) at += 1;
    put(isLogical ? 5 + index - logicalFrom : index + 1, sizeMiB, isLogical ? "logical" : "primary");
    at += sizeMiB;
  });
  const [ext, xfs] = BIOS_MACHINE.layout.fileSystems;
  const places = partitions.filter(({ role }) => role !== "extended").map(({ id }) => id);
  const systems = drawn.flatMap(({ kind: what, sizeMiB, usedShare }, index): readonly FileSystem[] => {
    const own = { device: places[index]!, sizeBytes: sizeMiB * MIB, usedBytes: Math.floor(sizeMiB * usedShare) * MIB, usedInodes: 100 };
    return what === "ext" ? [{ ...ext!, ...own }] : what === "xfs" ? [{ ...xfs!, ...own }] : [];
  });
  const swaps = drawn.flatMap(({ kind: what, sizeMiB }, index) =>
    what === "swap"
      ? [{ kind: "partition" as const, place: places[index]!, uuid: undefined, label: undefined, sizeBytes: sizeMiB * MIB }]
      : [],
  );
  const table: PartitionTable = { ...BIOS_MACHINE.layout.disks[0]!.table!, kind, partitions };
  const disk: Disk = { ...BIOS_MACHINE.layout.disks[0]!, sizeBytes: (at + 2) * MIB, table };
  return { ...BIOS_MACHINE.layout, disks: [disk], fileSystems: systems, swaps, mounts: [] };
}

test("fitLayout(): whatever is drawn, nothing overlaps, all is aligned and inside, each has its least, and the disk is used", () => {
  const drawn: fc.Arbitrary<Drawn[]> = fc.array(
    fc.record({
      sizeMiB: fc.integer({ min: 8, max: 4000 }),
      usedShare: fc.double({ min: 0, max: 0.9, noNaN: true }),
      kind: fc.constantFrom("ext", "xfs", "swap", "none"),
    }),
    { minLength: 1, maxLength: 7 },
  );
  const table = fc.constantFrom("gpt", "mbr");
  fc.assert(
    fc.property(drawn, table, fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 300 }), (what, kind, logicalFrom, percent) => {
      const layout = drawnLayout(what, kind, kind === "mbr" ? Math.min(logicalFrom, 3) : 9);
      const [from] = layout.disks;
      const least = leastDiskBytes(layout, from!);
      assert.ok(least <= from!.sizeBytes, `${least} of ${from!.sizeBytes}`);
      const sizeBytes = Math.ceil((least + (from!.sizeBytes * percent) / 100) / 512) * 512;
      const { layout: now } = fitted(layout, { sizeBytes });
      checkTable(now.disks[0]!, sizeBytes);
      for (const fileSystem of layout.fileSystems) {
        const made = now.fileSystems.find(({ device }) => device === fileSystem.device)!;
        assert.equal(made.sizeBytes, sizesOf(now)[fileSystem.device]! * MIB);
        assert.ok(made.sizeBytes >= leastFileSystemBytes(fileSystem));
      }
    }),
    { numRuns: 300 },
  );
});

function checkTable({ table, logicalSectorBytes }: Disk, sizeBytes: number): void {
  const { partitions, kind } = table!;
  const ends = ({ startSector, sizeSectors }: Partition) => startSector + sizeSectors;
  const top = partitions.filter(({ role }) => role !== "logical").sort((a, b) => a.startSector - b.startSector);
  const extended = top.find(({ role }) => role === "extended");
  const logical = partitions.filter(({ role }) => role === "logical").sort((a, b) => a.startSector - b.startSector);
  for (const { startSector } of partitions) assert.equal((startSector * logicalSectorBytes) % MIB, 0);
  for (const list of [top, logical]) list.slice(1).forEach((next, index) => assert.ok(ends(list[index]!) <= next.startSector));
  for (const one of logical) assert.ok(one.startSector > extended!.startSector && ends(one) <= ends(extended!));
  const tail = kind === "gpt" ? 33 * 512 : 0;
  assert.ok(Math.max(...top.map(ends)) * logicalSectorBytes + tail <= sizeBytes);
}
