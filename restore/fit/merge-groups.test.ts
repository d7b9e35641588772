// One volume group instead of several: its volumes are all there, with their UUIDs, and what had their names follows.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  GIB,
  formed,
  group,
  luks,
  part,
  sketchedDisk,
  sketchedLayout,
  volume,
  type LayoutSketch,
} from "../../machine/layouts-for-tests.ts";
import type { Layout } from "../../machine/model.ts";
import { deviceBytes } from "../../machine/own-layout.ts";
import { recordedLayout } from "../../machine/recorded-layouts-for-tests.ts";
import type { VolumeForm, VolumeGroup } from "../../machine/stacked-device.ts";
import { testDisk } from "../present-disks-for-tests.ts";
import type { Plan } from "../plan.ts";
import type { PlanOptions } from "../plan-restore.ts";
import { describeStep } from "../describe-step.ts";
import { checkMade, checkSizes, planOntoDisks } from "../whole-plan-for-tests.ts";
import { mergeGroups } from "./merge-groups.ts";

const TWO = recordedLayout("two groups on two disks");
const DATA_INTO_SYSTEM = new Map([["data", "system"]]);

const same = ({ disks }: Layout) => disks.map((disk) => ({ ...disk, table: undefined }));
const big = (sizeGiB: number) => [testDisk({ id: "sdz", serial: "BIG", sizeBytes: sizeGiB * GIB })];

function planned(
  layout: Layout,
  groups: ReadonlyMap<string, string>,
  more: Partial<PlanOptions> & { readonly ontoGiB?: number } = {},
): Plan {
  const { ontoGiB, ...options } = more;
  const map = new Map(ontoGiB === undefined ? [] : layout.disks.map(({ id }) => [id, "BIG"]));
  const plan = planOntoDisks(layout, ontoGiB === undefined ? same(layout) : big(ontoGiB), { map, groups, ...options });
  checkMade(plan);
  const merged = mergeGroups(layout, groups, new Set());
  assert.ok(merged.isMerged);
  checkSizes(plan, merged.reduced.layout);
  return plan;
}

function groupsOf({ layout }: Plan): readonly string[] {
  return layout.stack
    .filter((stacked): stacked is VolumeGroup => stacked.kind === "volume-group")
    .map(({ id, physicalVolumes }) => `${id} on ${physicalVolumes.map(({ device }) => device).join(", ")}`);
}

const volumesOf = ({ layout }: Pick<Plan, "layout">) => layout.stack.filter(({ kind }) => kind === "logical-volume").map(({ id }) => id);
const step = <K extends Plan["steps"][number]["kind"]>({ steps }: Plan, kind: K) =>
  steps.find((one): one is Extract<typeof one, { kind: K }> => one.kind === kind);

describe("the volumes of one group go into another", () => {
  test("on the disks that both were on, where nothing else changes", () => {
    const plan = planned(TWO, DATA_INTO_SYSTEM);
    assert.deepEqual([groupsOf(plan), volumesOf(plan)], [["system on sda2, sdb2"], ["system/root", "system/srv"]]);
    assert.deepEqual(plan.changes, [
      "volume group data goes into system: what names it elsewhere than in fstab, crypttab and the boot loader has to be changed by hand",
      "data/srv becomes system/srv",
    ]);
    assert.equal(plan.layout.mounts.find(({ path }) => path === "/srv")?.device, "system/srv");
  });

  test("on one disk, as one physical volume that is shared out", () => {
    const plan = planned(TWO, DATA_INTO_SYSTEM, { ontoGiB: 20 });
    assert.deepEqual(groupsOf(plan), ["system on sda2"]);
    assert.deepEqual(
      plan.layout.disks[0]!.table!.partitions.map(({ id }) => id),
      ["sda1", "sda2"],
    );
    assert.ok(plan.changes.includes("sda2 takes the room of sda3: both were to hold system"));
    assert.deepEqual(new Map(plan.replaced).get("sdb2"), "sda2");
    const [root, srv] = ["system/root", "system/srv"].map((id) => deviceBytes(plan.layout, id) ?? 0);
    assert.ok(root! + srv! > 14 * GIB && root! + srv! < 20 * GIB, `${root} and ${srv}`);
  });

  test("with their UUIDs, and those of the group that the machine is started from", () => {
    for (const [groups, uuid] of [
      [DATA_INTO_SYSTEM, "system-VG"],
      [new Map([["system", "data"]]), "system-VG"],
    ] as const) {
      const kept = step(planned(TWO, groups), "keep-volume-ids");
      assert.equal(kept?.group.uuid, uuid);
      assert.deepEqual(new Set(kept?.volumes.map((one) => one.uuid)), new Set(["data/srv-LV", "system/root-LV"]));
    }
  });

  test("where partitions keep their places, as two physical volumes", () => {
    assert.deepEqual(groupsOf(planned(TWO, DATA_INTO_SYSTEM, { ontoGiB: 60, noResize: true })), ["system on sda2, sda3"]);
  });

  test("two of them at once, on mirrors that end", () => {
    const twins = ["sda", "sdb"].map((id) =>
      sketchedDisk(id, { sizeMiB: 20480, parts: [part("esp", 512), part("lvm", 6000), part("lvm", 6000), part("lvm")] }),
    );
    const layout = sketchedLayout({
      disks: twins.slice(0, 1),
      stack: ["a", "b", "c"].flatMap((name, index) => [
        group(name, [`sda${index + 2}`]),
        volume(`${name}/${name}`, [4000, `sda${index + 2}`]),
      ]),
      holds: { sda1: { type: "vfat", path: "/boot/efi" }, "a/a": { type: "ext4", path: "/" }, "c/c": { type: "xfs", path: "/c" } },
    });
    const plan = planned(
      layout,
      new Map([
        ["b", "a"],
        ["c", "a"],
      ]),
    );
    assert.deepEqual([groupsOf(plan), volumesOf(plan)], [["a on sda2"], ["a/a", "a/b", "a/c"]]);
  });
});

const pool = (on: string): VolumeForm => ({
  type: "thin-pool",
  chunkBytes: 65536,
  metadataBytes: 8 * 2 ** 20,
  zero: true,
  discards: "passdown",
  on: [on],
});

/** A group with a thin pool and LUKS on a volume, beside one with stripes. */
const STACKED: LayoutSketch = {
  disks: ["sda", "sdb"].map((id) => sketchedDisk(id, { sizeMiB: 20480, parts: [part("esp", 512), part("lvm", 8000), part("lvm")] })),
  stack: [
    group("system", ["sda2", "sdb2"]),
    volume("system/root", [6000, "sda2", "sdb2"]),
    group("da-ta", ["sda3"]),
    formed("da-ta/pool", 4000, pool("sda3")),
    formed("da-ta/thin", 6000, { type: "thin", pool: "da-ta/pool", origin: undefined }),
    volume("da-ta/s-w", [1000, "sda3"]),
    volume("da-ta/box", [2000, "sda3"]),
    luks("safe", "da-ta/box"),
  ],
  holds: {
    sda1: { type: "vfat", path: "/boot/efi" },
    "system/root": { type: "ext4", path: "/" },
    "da-ta/thin": { type: "xfs", path: "/thin" },
    "da-ta/s-w": { type: "swap" },
    safe: { type: "ext4", path: "/safe" },
  },
};

describe("what stands on the volumes, and what names them", () => {
  const sketched = sketchedLayout(STACKED);
  const specs: Readonly<Record<string, string>> = { "/thin": "/dev/da-ta/thin", "/safe": "/dev/mapper/safe" };
  const fstab = sketched.fstab.map((entry) => ({ ...entry, spec: specs[entry.path] ?? entry.spec }));
  const swap = { spec: "/dev/mapper/da--ta-s--w", path: "none", type: "swap", options: ["sw"] };
  const layout = { ...sketched, fstab: [...fstab, swap] };
  const plan = planned(layout, new Map([["da-ta", "system"]]));

  test("stands there again, thin volumes in their pool", () => {
    const find = (id: string) => plan.layout.stack.find((one) => one.id === id);
    assert.deepEqual(find("system/thin"), { ...find("system/thin"), form: { type: "thin", pool: "system/pool", origin: undefined } });
    assert.equal((find("safe") as { device?: string }).device, "system/box");
  });

  test("names in fstab become those of today", () => {
    assert.deepEqual(step(plan, "write-fstab")?.changes, [
      { path: "/thin", from: "/dev/da-ta/thin", to: "/dev/mapper/system-thin" },
      { path: "none", from: "/dev/mapper/da--ta-s--w", to: "/dev/mapper/system-s--w" },
    ]);
  });

  test("crypttab is looked at, and the initramfs made again", () => {
    assert.deepEqual(
      step(plan, "write-crypttab")?.volumes.map(({ name }) => name),
      ["safe"],
    );
    assert.deepEqual(step(plan, "check-initramfs")?.copies, [{ what: "the names of volumes", changedBy: undefined }]);
  });

  test("the kernel's words are changed, with all names that they may have", () => {
    const changes = new Map(step(plan, "write-command-line")?.changes.map(({ from, to }) => [from, to]));
    for (const [from, to] of [
      ["/dev/da-ta/s-w", "/dev/mapper/system-s--w"],
      ["/dev/mapper/da--ta-s--w", "/dev/mapper/system-s--w"],
      ["/dev/disk/by-id/dm-name-da--ta-s--w", "/dev/mapper/system-s--w"],
      ["da-ta/s-w", "system/s-w"],
      ["da-ta", "system"],
    ] as const) {
      assert.equal(changes.get(from), to, from);
    }
    assert.match(describeStep(step(plan, "write-command-line")!), /, and put UUIDs or today's names in their place where it does/);
  });

  test("stripes keep both of their physical volumes on one disk, others do not", () => {
    assert.deepEqual(groupsOf(planned(layout, new Map([["da-ta", "system"]]), { ontoGiB: 60 })), ["system on sda2, sda4"]);
  });
});

test("volumes keep their sizes in a group of other extents", () => {
  const wide = (stacked: Layout["stack"][number]): Layout["stack"][number] => {
    if (stacked.kind === "volume-group" && stacked.id === "system") {
      return {
        ...stacked,
        extentBytes: 32 * 2 ** 20,
        physicalVolumes: stacked.physicalVolumes.map((one) => ({ ...one, extents: Math.floor(one.extents / 8) })),
      };
    }
    if (stacked.kind !== "logical-volume" || stacked.id !== "system/root" || stacked.form.type !== "segments") return stacked;
    const segments = stacked.form.segments.map((segment) => ({ ...segment, extents: 468 }));
    return { ...stacked, sizeBytes: 468 * 32 * 2 ** 20, form: { ...stacked.form, segments } };
  };
  const layout = {
    ...TWO,
    stack: TWO.stack.map(wide),
    fileSystems: TWO.fileSystems.map((one) => (one.device === "system/root" ? { ...one, sizeBytes: 468 * 32 * 2 ** 20 } : one)),
  };
  const plan = planned(layout, DATA_INTO_SYSTEM);
  assert.deepEqual(
    ["system/root", "system/srv"].map((id) => deviceBytes(plan.layout, id)),
    ["system/root", "data/srv"].map((id) => deviceBytes(layout, id)),
  );
  const root = plan.layout.stack.find(({ id }) => id === "system/root");
  assert.ok(root?.kind === "logical-volume" && root.form.type === "segments");
  assert.equal(root.form.segments[0]!.extents, 468 * 8);
  assert.ok(plan.changes.includes("system has extents of 4096 KiB instead of 32768 KiB"));
});

describe("refused is", () => {
  const twin = {
    ...TWO,
    stack: TWO.stack.map((one) => (one.id === "data/srv" && one.kind === "logical-volume" ? { ...one, id: "data/root" } : one)),
  };
  const odd = {
    ...TWO,
    stack: TWO.stack.map((one) => (one.id === "data" && one.kind === "volume-group" ? { ...one, extentBytes: 3 * 2 ** 20 } : one)),
  };
  const nested = {
    ...TWO,
    stack: TWO.stack.map((one) =>
      one.id === "data" && one.kind === "volume-group"
        ? { ...one, physicalVolumes: [{ ...one.physicalVolumes[0]!, device: "system/root" }] }
        : one,
    ),
  };
  const cases: readonly (readonly [what: string, layout: Layout, groups: readonly (readonly [string, string])[], problem: string])[] = [
    ["a group that there is not", TWO, [["nope", "system"]], 'the machine has no volume group "nope"'],
    ["what is no pair", TWO, [["data", ""]], 'the machine has no volume group ""'],
    ["itself", TWO, [["data", "data"]], '"data" cannot go into "data", which goes into "data" itself'],
    [
      "a circle",
      TWO,
      [
        ["data", "system"],
        ["system", "data"],
      ],
      '"data" cannot go into "system", which goes into "data" itself',
    ],
    ["a name that both have", twin, [["data", "system"]], '"data" cannot go into "system": both have a volume called root'],
    [
      "extents that do not divide",
      odd,
      [["data", "system"]],
      '"data" cannot go into "system": their extents, of 3145728 and 4194304 bytes, do not divide',
    ],
    ["a group on the other", nested, [["data", "system"]], '"data" cannot go into "system": one stands on the other'],
  ];
  for (const [what, layout, groups, problem] of cases) {
    test(what, () => {
      const result = mergeGroups(layout, new Map(groups), new Set());
      assert.ok(!result.isMerged);
      assert.equal(result.problems[0], problem);
    });
  }

  test("a group that is used as it is, by the planner and with the rule", () => {
    assert.throws(() => planOntoDisks(TWO, same(TWO), { groups: DATA_INTO_SYSTEM, noVolumes: true }), {
      exitCode: 3,
      message:
        'Cannot plan the restore as every volume group that is named must be one that can go into the other: "data" cannot go into "system": data is used as it is; "data" cannot go into "system": system is used as it is',
    });
  });
});
