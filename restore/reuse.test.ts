// What is kept is not formatted, its disk keeps its partitions, and what should be there and is not stops the restore.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import type { Disk, Layout, Machine } from "../machine/model.ts";
import { ARRAY, GROUP, VOLUME } from "../machine/stack-for-tests.ts";
import type { StackedDevice } from "../machine/stacked-device.ts";
import { describeStep } from "./describe-step.ts";
import { planRestore, type PlanOptions } from "./plan-restore.ts";
import type { FoundContent, PresentDisk } from "./present-disk.ts";
import { ownDisk, presentDisk } from "./present-disks-for-tests.ts";
import { onKept } from "./reuse.ts";

const TOTALS = { paths: 9, contentBytes: 1, frames: 1, volumes: 1, streamBytes: 1, storedBytes: 1 };
const MIB = 2 ** 20;

/** BIOS_MACHINE with /data on the one partition of a second disk. */
const [first] = BIOS_MACHINE.layout.disks;
const [root, srv] = BIOS_MACHINE.layout.fileSystems;
const SECOND: Disk = {
  ...first!,
  id: "sdb",
  identity: { ...first!.identity, wwid: "naa.d", serial: "DATA" },
  table: { ...first!.table!, id: "0xdada", partitions: [{ ...first!.table!.partitions[0]!, id: "sdb1", number: 1, uuid: "dada-01" }] },
};
const DATA = { ...root!, device: "sdb1", uuid: "dddddddd-0000-4000-8000-000000000001", label: "data" };
const MACHINE = changed({
  disks: [first!, SECOND],
  fileSystems: [root!, srv!, DATA],
  mounts: [...BIOS_MACHINE.layout.mounts, { ...BIOS_MACHINE.layout.mounts[0]!, path: "/data", device: "sdb1" }],
});

function changed(layout: Partial<Layout>, machine: Machine = BIOS_MACHINE): Machine {
  return { ...machine, layout: { ...machine.layout, ...layout } };
}

const CONTENT: readonly FoundContent[] = [
  { device: "sdb", type: "partition table", uuid: "0xdada", label: undefined },
  { device: "sdb1", type: "partition", uuid: "dada-01", label: undefined },
  { device: "sdb1", type: "ext4", uuid: DATA.uuid, label: "data" },
];

function dataDisk(change: Partial<Disk> = {}, contents = CONTENT): PresentDisk {
  const present = presentDisk({ id: "sdb", serial: "DATA", wwid: "naa.d" }, contents);
  return { ...present, disk: { ...present.disk, table: SECOND.table, ...change } };
}

const SYSTEM = presentDisk({ id: "sda", serial: "NEW" });

function plan(options: Partial<PlanOptions>, present: readonly PresentDisk[] = [SYSTEM, dataDisk()], machine = MACHINE) {
  const all = { map: new Map(), excluded: [], wipe: [], ...options };
  return planRestore({ machine, manifest: { id: "set", totals: TOTALS }, present, firmware: "bios", options: all });
}

function refusal(...words: Parameters<typeof plan>): string {
  let said = "no refusal";
  assert.throws(
    () => plan(...words),
    (error: Error & { exitCode?: number }) => ((said = error.message), error.exitCode === 3),
  );
  return said;
}

const touched = (steps: readonly string[], device: string) => steps.filter((step) => step.includes(device));

describe("a file system that is kept", () => {
  for (const word of ["/data", "/data/", "sdb1", "/dev/sdb1", "LABEL=data", `UUID=${DATA.uuid}`]) {
    test(`as ${word}: its disk is only mounted from`, () => {
      const { steps, lost, kept, keptPaths } = plan({ keep: [word] });
      assert.deepEqual(touched(steps.map(describeStep), "/dev/sdb"), ["mount /dev/sdb1 at /data"]);
      assert.deepEqual(lost, ["sda (serial NEW): nothing was found on it"]);
      assert.deepEqual([kept, keptPaths], [["/data on /dev/sdb1 stays as it is"], ["/data"]]);
    });
  }

  test("is formatted when nobody says so, and said to be lost", () => {
    const { steps, lost } = plan({});
    assert.equal(touched(steps.map(describeStep), "/dev/sdb").length, 4);
    assert.ok(lost.includes(`sdb (serial DATA): ext4 "data" ${DATA.uuid} on sdb1`));
  });

  test("must be one, must be there, and its disk must have the machine's table", () => {
    assert.match(refusal({ keep: ["/dta"] }), /^Cannot keep "\/dta" as it must name one file system of the machine: there is none$/);
    const other = { ...SECOND.table!, partitions: [{ ...SECOND.table!.partitions[0]!, startSector: 4096 }] };
    assert.match(
      refusal({ keep: ["/data"] }, [SYSTEM, dataDisk({ table: other })]),
      /the partition table of sdb is not the machine's, and it was to stay/,
    );
    assert.match(refusal({ keep: ["/data"] }, [SYSTEM, dataDisk({}, CONTENT.slice(0, 2))]), /"sdb1" is not on the disks that are here/);
  });

  test("leaves paths alone that are on it, and no others", () => {
    const isLeftAlone = onKept(plan({ keep: ["/data"] }));
    assert.deepEqual(["/data", "/data/a", "/dat", "/database", "/", "/srv/data"].map(isLeftAlone), [
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

/** / on LVM on an array of a partition on each disk; /srv beside it. */
function stackedMachine(): Machine {
  const stack: readonly StackedDevice[] = [{ ...ARRAY, members: ["sda2", "sdb1"] }, GROUP, VOLUME, { ...VOLUME, id: "vg0/data" }];
  return changed(
    {
      stack,
      fileSystems: [{ ...root!, device: "vg0/root", sizeBytes: 400 * MIB }, srv!, { ...DATA, device: "vg0/data", sizeBytes: 400 * MIB }],
      mounts: MACHINE.layout.mounts.map((mount) => {
        if (mount.path === "/srv") return mount;
        return { ...mount, device: mount.path === "/" ? "vg0/root" : "vg0/data" };
      }),
    },
    MACHINE,
  );
}

const STACK_PRESENT: readonly PresentDisk[] = [
  ownDisk(changed({ fileSystems: [srv!] }), "sda"),
  dataDisk({}, [
    ...CONTENT.slice(0, 2),
    { device: "sdb1", type: "linux_raid_member", uuid: ARRAY.uuid, label: undefined },
    { device: "sdb1", type: "LVM2_member", uuid: GROUP.physicalVolumes[0]!.uuid, label: undefined },
  ]),
].map((present) => ({ ...present, disk: { ...present.disk, table: present.disk.id === "sda" ? first!.table : SECOND.table } }));

describe("a volume that is kept", () => {
  test("keeps its group, its array and their disks' tables; other volumes of the group are formatted", () => {
    const { steps } = plan({ keep: ["/data"] }, STACK_PRESENT, stackedMachine());
    const lines = steps.map(describeStep);
    assert.deepEqual(
      lines.slice(0, 4).map((line) => line.replace(/:.*/, "")),
      ["open array md0, which stays", "open volume group vg0, which stays", "make ext4 on /dev/mapper/vg0-root", "make xfs on /dev/sda3"],
    );
  });

  test("nopart, nomd and nolvm use what is there", () => {
    const heads = (options: Partial<PlanOptions>) =>
      plan(options, STACK_PRESENT, stackedMachine())
        .steps.map(describeStep)
        .slice(0, 4)
        .map((line) => line.replace(/:.*/, ""));
    assert.deepEqual(heads({ noPartition: true }), [
      "clear old signatures of /dev/sda2",
      "clear old signatures of /dev/sdb1",
      "create array /dev/md0",
      "create volume group vg0 on /dev/md0",
    ]);
    assert.deepEqual(heads({ noArrays: true }).slice(0, 3), [
      "open array md0, which stays",
      "clear old signatures of /dev/md0",
      "create volume group vg0 on /dev/md0",
    ]);
    assert.deepEqual(heads({ noVolumes: true }).slice(0, 3), [
      "open array md0, which stays",
      "open volume group vg0, which stays",
      "make ext4 on /dev/mapper/vg0-root",
    ]);
  });
});
