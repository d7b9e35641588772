// LVM's reports in the model's shapes: plain, striped and mirrored volumes, pools, and what is not made again.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { layoutDevices, type LayoutDevice } from "./layout-devices.ts";
import { disk, forest, mapped, part, type Tree } from "./lsblk-for-tests.ts";
import { parseLvm } from "./parse-lvm.ts";
import { insideVolumes, stackedDevices } from "./stack.ts";
import type { LogicalVolume, VolumeForm } from "./stacked-device.ts";

const MIB = 2 ** 20;

type Row = Readonly<Record<string, string>>;

const PVS = ["sda2", "sdb1"].map((name, index): Row => {
  return {
    vg_name: "vg-0",
    pv_name: `/dev/${name}`,
    pv_uuid: `PV-${index}`,
    pe_start: `${MIB}`,
    pv_pe_count: "500",
    pv_attr: index === 0 ? "a--" : "u--",
  };
});
const GROUP: Row = { vg_name: "vg-0", vg_uuid: "VG", vg_extent_size: `${4 * MIB}`, vg_attr: "wz--n-", vg_tags: "one,two" };

/** As lvs prints a segment, numbers that say nothing as 0 or blank. */
function row(name: string, change: Row): Row {
  const usual = {
    vg_name: "vg-0",
    lv_name: name,
    lv_uuid: name,
    lv_size: `${40 * MIB}`,
    lv_tags: "",
    segtype: "linear",
    stripes: "1",
  };
  const sizes = { stripe_size: "0", region_size: "0", chunk_size: "0", seg_start_pe: "0", seg_size_pe: "10", lv_metadata_size: "" };
  return { ...usual, ...sizes, devices: "/dev/sda2(0)", pool_lv: "", origin: "", zero: "", discards: "", ...change };
}

const report = (...rows: readonly Row[]) => reportOf({}, rows);
const reportOf = (group: Row, rows: readonly Row[]) =>
  parseLvm({
    pvs: JSON.stringify({ report: [{ pv: PVS }] }),
    vgs: JSON.stringify({ report: [{ vg: [{ ...GROUP, ...group }] }] }),
    lvs: JSON.stringify({ report: [{ seg: rows }] }),
  });

const volume = (name: string): Tree => mapped(`vg--0-${name}`, ["dm-0", "lvm"]);
const tree = (...volumes: readonly string[]) =>
  layoutDevices(
    forest(
      disk("sda", { ...part("sda2", "LVM2_member", ...volumes.map(volume)), uuid: "PV-0" }),
      disk("sdb", { ...part("sdb1", "LVM2_member"), uuid: "PV-1" }),
    ),
  );

function made(...rows: readonly Row[]) {
  return stackedDevices(tree("a"), { arrays: new Map(), luks: new Map(), lvm: report(...rows) });
}

function formOf(...rows: readonly Row[]): VolumeForm | undefined {
  return made(...rows).find((stacked): stacked is LogicalVolume => stacked.kind === "logical-volume")?.form;
}

test("a group has its physical volumes, wherever its active volumes lie, and volumes that are not active", () => {
  const stack = made(row("a", {}), row("asleep", {}));
  assert.deepEqual(
    stack.map(({ id }) => id),
    ["vg-0", "vg-0/a", "vg-0/asleep"],
  );
  assert.deepEqual(stack[0], {
    kind: "volume-group",
    id: "vg-0",
    uuid: "VG",
    extentBytes: 4 * MIB,
    physicalVolumes: [
      { device: "sda2", uuid: "PV-0", startBytes: MIB, extents: 500, allocatable: true },
      { device: "sdb1", uuid: "PV-1", startBytes: MIB, extents: 500, allocatable: false },
    ],
    tags: ["one", "two"],
    problem: undefined,
  });
});

test("a group that is not all here, not this machine's alone, or not in use, is one with a problem", () => {
  const problemOf = (devices: readonly LayoutDevice[], group: Row, ...rows: readonly Row[]) => {
    const [first] = stackedDevices(devices, { arrays: new Map(), luks: new Map(), lvm: reportOf(group, rows) });
    return first?.kind === "volume-group" && first.problem;
  };
  const volumes = [row("a", {})];
  assert.deepEqual(
    ["wz-pn-", "wz--nc", "wz--ns", "wzx-n-"].map((vg_attr) => problemOf(tree("a"), { vg_attr }, ...volumes)),
    ["a physical volume of it is missing", "machines of a cluster share it", "machines of a cluster share it", "it is exported"],
  );
  assert.equal(problemOf(tree(), {}, ...volumes), "none of its volumes is active");
  // Without volumes there is nothing to be active, and one that is on none of these disks is not theirs.
  assert.equal(problemOf(tree(), {}), undefined);
  assert.equal(problemOf(layoutDevices(forest(disk("sdc"))), {}, ...volumes), false);
});

describe("a volume is", () => {
  const piece = (extents: number, on: readonly string[], stripeBytes?: number) => ({ extents, stripes: on.length, stripeBytes, on });

  test("pieces in the order of its extents, linear or striped", () => {
    const rows = [
      row("a", {
        seg_start_pe: "10",
        seg_size_pe: "20",
        segtype: "striped",
        stripes: "2",
        stripe_size: "65536",
        devices: "/dev/sda2(30),/dev/sdb1(0)",
      }),
      row("a", { stripe_size: "65536" }),
    ];
    assert.deepEqual(formOf(...rows), { type: "segments", segments: [piece(10, ["sda2"]), piece(20, ["sda2", "sdb1"], 65536)] });
  });

  test("RAID on the physical volumes of its images", () => {
    const inside = (name: string, device: string) => row(`[${name}]`, { lv_uuid: name, devices: `/dev/${device}(1)` });
    const images = [inside("a_rimage_0", "sda2"), inside("a_rimage_1", "sdb1"), inside("a_rmeta_0", "sda2"), inside("a_rmeta_1", "sdb1")];
    const mirror = row("a", { segtype: "raid1", stripes: "2", region_size: "2097152", devices: "a_rimage_0(0),a_rimage_1(0)" });
    assert.deepEqual(formOf(mirror, ...images), {
      type: "raid",
      level: "raid1",
      dataStripes: 1,
      copies: 2,
      stripeBytes: undefined,
      regionBytes: 2 * MIB,
      on: ["sda2", "sdb1"],
    });
    const counts = (segtype: string, stripes: string) => {
      const form = formOf(row("a", { segtype, stripes, stripe_size: "65536" }));
      return form?.type === "raid" && [form.dataStripes, form.copies, form.stripeBytes];
    };
    assert.deepEqual(
      [counts("raid5_ls", "3"), counts("raid6_zr", "5"), counts("raid10", "4"), counts("raid0", "2")],
      [
        [2, 1, 65536],
        [3, 1, 65536],
        [2, 2, 65536],
        [2, 1, 65536],
      ],
    );
  });

  test("a thin pool, and thin in it, after it", () => {
    const pool = row("pool", {
      segtype: "thin-pool",
      devices: "pool_tdata(0)",
      chunk_size: "131072",
      lv_metadata_size: `${8 * MIB}`,
      zero: "zero",
      discards: "nopassdown",
    });
    const data = row("[pool_tdata]", { lv_uuid: "tdata", devices: "/dev/sdb1(0)" });
    const metadata = ["pool_tmeta", "lvol0_pmspare", "other_tmeta"].map((name, index) =>
      row(`[${name}]`, { lv_uuid: name, devices: index === 2 ? "/dev/other(0)" : "/dev/sda2(0)" }),
    );
    const stack = made(row("a", { segtype: "thin", pool_lv: "pool", devices: "", origin: "b" }), pool, data, ...metadata);
    assert.deepEqual(
      stack.map(({ id }) => id),
      ["vg-0", "vg-0/pool", "vg-0/a"],
    );
    assert.deepEqual(
      stack.slice(1).map((stacked) => stacked.kind === "logical-volume" && stacked.form),
      [
        { type: "thin-pool", chunkBytes: 131072, metadataBytes: 8 * MIB, zero: true, discards: "nopassdown", on: ["sdb1", "sda2"] },
        { type: "thin", pool: "vg-0/pool", origin: "vg-0/b" },
      ],
    );
    assert.deepEqual(formOf(pool, { ...data, segtype: "raid1" }), { type: "other", word: "thin-pool on raid1" });
  });

  test("nothing that is made again: snapshots, caches, mixed kinds", () => {
    assert.deepEqual(formOf(row("a", { origin: "b" })), { type: "other", word: "snapshot" });
    assert.deepEqual(formOf(row("a", { segtype: "cache" })), { type: "other", word: "cache" });
    assert.deepEqual(formOf(row("a", {}), row("a", { segtype: "zero", seg_start_pe: "10" })), { type: "other", word: "linear and zero" });
  });
});

test("insideVolumes() names what LVM itself hides, and its layer over a pool", () => {
  const lvm = report(row("a", {}), row("[a_rimage_0]", { lv_uuid: "i" }));
  const devices = tree("a", "a_rimage_0", "pool-tpool");
  assert.deepEqual([...insideVolumes(devices, lvm)], ["vg-0/a_rimage_0", "vg--0-pool-tpool"]);
  assert.deepEqual([...insideVolumes(devices, undefined)], ["vg--0-pool-tpool"]);
});

test("parseLvm() refuses what is no report", () => {
  assert.throws(() => parseLvm({ pvs: "", vgs: "{}", lvs: "{}" }), {
    name: "LifeboatError",
    message: /^Cannot read the output of pvs as a report in JSON/,
  });
});
