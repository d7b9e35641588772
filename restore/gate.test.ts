// The gate on real sets that are damaged in one place each: it refuses by name, with its exit code, and writes to no disk.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { digestFile } from "#os/digest";
import { run } from "#os/exec";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { BIOS_MACHINE, UEFI_MACHINE } from "../machine/machine-for-tests.ts";
import type { FileSystem, Machine, Partition, PartitionTable } from "../machine/model.ts";
import { directorySource } from "../media/directory-store.ts";
import { openSet, readFrames, type PlacedFrame } from "../set/open-set.ts";
import { sampleFrames } from "./check-frames.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { passGate, type GateRequest } from "./gate.ts";
import { planRestore } from "./plan-restore.ts";
import type { Plan, Step } from "./plan.ts";
import { presentDisk } from "./present-disks-for-tests.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-gate-"));
after(() => rm(scratch, { recursive: true }));

const MIB = 2 ** 20;
const TARGET = join(scratch, "target");
let set: TreeSet;
let frames: readonly PlacedFrame[];
let targetDigest: string;

/** Frame 0: what is small; 1 to 3: /big with /c behind it; 4: /e. Two volumes. */
before(async () => {
  const tree = join(scratch, "tree");
  await mkdir(tree);
  await writeFile(join(tree, "a"), "first");
  await writeFile(join(tree, "b"), Buffer.alloc(100_000, "b"));
  await writeFile(join(tree, "big"), Buffer.alloc(10 * MIB, "0123456789abcde"));
  await run(["sh", "-c", "ln big big2; ln -s a link; truncate -s 1G hole"], { cwd: tree });
  await writeFile(join(tree, "c"), "after it");
  await writeFile(join(tree, "e"), Buffer.alloc(3 * MIB, "e"));
  const grub =
    "mkdir -p usr/sbin usr/lib/grub/i386-pc; touch usr/sbin/grub-install; cd usr/lib/grub/i386-pc; touch modinfo.sh boot.img kernel.img";
  await run(["sh", "-c", grub], { cwd: tree });
  set = await archiveTree(tree, join(scratch, "set"), { volumeLimitBytes: 2000, machine: BIOS_MACHINE });
  frames = await readFrames(set);
  await writeFile(TARGET, Buffer.alloc(4 * MIB, "what was on the disk"));
  targetDigest = await digestFile(TARGET);
});

const ENVIRONMENT: RestoreEnvironment = {
  root: join(scratch, "root"),
  say: () => undefined,
  note: () => undefined,
  progress: () => undefined,
  release: () => Promise.reject(new Error("the gate releases no disk")),
  nowMs: () => 0,
  now: () => "2026-11-22T00:00:00.000Z",
  logPath: join(scratch, "log"),
};

/** The disk of the plan is a file whose content must stay. */
function planFor(machine: Machine, logicalSectorBytes = 512): Plan {
  const present = [presentDisk({ id: "sdz", serial: "Z", logicalSectorBytes })];
  const options = { map: new Map(), excluded: [], wipe: [] };
  const plan = planRestore({ machine, manifest: set.manifest, present, firmware: machine.firmware.kind, options });
  const steps = plan.steps.map((step): Step => ("disk" in step ? { ...step, disk: { ...step.disk, path: TARGET } } : step));
  return { ...plan, steps };
}

function changed(machine: Machine, layout: Partial<Machine["layout"]>): Machine {
  return { ...machine, layout: { ...machine.layout, ...layout } };
}

async function pass(request: Partial<GateRequest> = {}, environment = ENVIRONMENT) {
  const machine = request.machine ?? BIOS_MACHINE;
  const plan = request.plan ?? planFor(machine);
  try {
    return await passGate({ set, machine, plan, mode: "full", acceptDamage: false, ...request }, environment);
  } finally {
    assert.equal(await digestFile(TARGET), targetDigest, "the disk is as it was");
  }
}

let copies = 0;

/** A copy of the set with something done to its directory. */
async function spoiled(spoil: (directory: string) => Promise<unknown>) {
  const directory = join(scratch, `copy${(copies += 1)}`);
  await cp(set.directory, directory, { recursive: true });
  await spoil(directory);
  return openSet(directorySource(directory));
}

async function flip(path: string, offset: number): Promise<void> {
  await using file = await open(path, "r+");
  const byte = new Uint8Array(1);
  await file.read(byte, 0, 1, offset);
  byte[0]! ^= 1;
  await file.write(byte, 0, 1, offset);
}

const flipFrame = (number: number) => (directory: string) => {
  const { volume, offset, storedBytes } = frames[number]!;
  return flip(join(directory, volume), offset + Math.floor(storedBytes / 2));
};

const refusal = (exitCode: number, message: RegExp) => ({ name: "LifeboatError", exitCode, message });

describe("passGate() lets pass", { concurrency: 3 }, () => {
  test("a healthy set, and tells how far it is", async () => {
    const progress: (number | undefined)[] = [];
    const gate = await pass({}, { ...ENVIRONMENT, progress: (state) => void progress.push(state?.doneBytes) });
    assert.deepEqual([gate.frames, gate.damaged, gate.lost], [frames, new Set(), []]);
    assert.deepEqual([progress.length, progress.at(-2), progress.at(-1)], [6, set.manifest.totals.storedBytes, undefined]);
  });

  test("a UEFI machine's GPT and FAT", async () => {
    assert.deepEqual((await pass({ machine: UEFI_MACHINE })).lost, []);
  });

  test("a disk with sectors of 4 KiB, whose tables a file cannot stand for", async () => {
    const [disk] = UEFI_MACHINE.layout.disks;
    const { table } = disk!;
    const inLargeSectors: PartitionTable = {
      ...table!,
      firstSector: 6,
      partitions: table!.partitions.map((one) => ({ ...one, startSector: one.startSector / 8, sizeSectors: one.sizeSectors / 8 })),
    };
    const machine = changed(UEFI_MACHINE, { disks: [{ ...disk!, logicalSectorBytes: 4096, table: inLargeSectors }] });
    assert.deepEqual((await pass({ machine, plan: planFor(machine, 4096) })).lost, []);
  });

  test("a disk of more than 2 TiB with sectors of 4 KiB and an MBR, which counts sectors", async () => {
    const plan = planFor(BIOS_MACHINE);
    const disk = { ...plan.matches[0]!.disk, path: TARGET, logicalSectorBytes: 4096, sizeBytes: 12 * 2 ** 40 };
    const { table } = BIOS_MACHINE.layout.disks[0]!;
    const planWith = (startSector: number, sizeSectors: number): Plan => {
      const partitions = table!.partitions.map((one) => (one.id === "sda4" ? { ...one, startSector, sizeSectors } : one));
      return { ...plan, steps: [{ kind: "partition", disk, table: { ...table!, partitions } }] };
    };
    assert.deepEqual((await pass({ plan: planWith(2 ** 31, 2 ** 29) })).lost, []);
    await assert.rejects(pass({ plan: planWith(2 ** 31, 2 ** 31) }), refusal(3, /Cannot run "sfdisk"/));
  });

  test("an XFS that is smaller than xfsprogs supports", async () => {
    const smaller = (one: Partition): Partition => (one.id === "sda3" ? { ...one, sizeSectors: 100 * 2048 } : one);
    const machine = changed(BIOS_MACHINE, {
      disks: BIOS_MACHINE.layout.disks.map((disk) => {
        return { ...disk, table: { ...disk.table!, partitions: disk.table!.partitions.map(smaller) } };
      }),
      fileSystems: BIOS_MACHINE.layout.fileSystems.map((one) => (one.type === "xfs" ? { ...one, sizeBytes: 100 * MIB } : one)),
    });
    assert.deepEqual((await pass({ machine })).lost, []);
  });

  test("damage that was accepted, and says what it costs: a file that spans frames, and its hard link", async () => {
    const gate = await pass({ set: await spoiled(flipFrame(2)), acceptDamage: true });
    assert.deepEqual([gate.damaged, gate.lost], [new Set([2]), ["/big", "/big2"]]);
  });
});

describe("passGate() refuses", { concurrency: 3 }, () => {
  test("a flipped byte, and names frame, volume and files", async () => {
    const flipped = await spoiled(flipFrame(2));
    const message =
      /^Cannot restore as every frame must be as it was written: frame 2 in data-0001\.tar\.zst \(its digest is another\); that costs 2 files, such as "\/big", "\/big2"$/;
    await assert.rejects(pass({ set: flipped }), refusal(5, message));
  });

  const spoils: readonly (readonly [what: string, exitCode: number, spoil: (directory: string) => Promise<unknown>, message: RegExp])[] = [
    [
      "a missing volume",
      5,
      (directory) => rm(join(directory, "data-0002.tar.zst")),
      /frame 4 in data-0002\.tar\.zst \(volume data-0002\.tar\.zst is missing\)/,
    ],
    [
      "a damaged frame list",
      5,
      (directory) => flip(join(directory, "data-0001.frames"), 40),
      /^Cannot read "data-0001\.frames" of ".*" as its digest must be the manifest's: it is another$/,
    ],
    [
      "a damaged catalogue",
      5,
      (directory) => flip(join(directory, "catalogue.ndjson.zst"), 40),
      /^Cannot read "catalogue\.ndjson\.zst" of ".*" as its digest must be the manifest's: it is another$/,
    ],
  ];
  for (const [what, exitCode, spoil, message] of spoils) {
    test(what, async () => assert.rejects(pass({ set: await spoiled(spoil) }), refusal(exitCode, message)));
  }

  test("a catalogue that does not name as many paths as the manifest", async () => {
    const { manifest, source } = set;
    const lying = { source, manifest: { ...manifest, totals: { ...manifest.totals, paths: 19 } } };
    await assert.rejects(pass({ set: lying }), refusal(5, /as its catalogue must name all 19 paths: it names 18$/));
  });

  const [root, data] = BIOS_MACHINE.layout.fileSystems;
  const withRoot = (change: Partial<FileSystem>) => changed(BIOS_MACHINE, { fileSystems: [{ ...root!, ...change }, data!] });
  const ext = root!.parameters as Extract<FileSystem["parameters"], { kind: "ext" }>;
  const rooms: readonly (readonly [what: string, machine: Machine, message: RegExp])[] = [
    [
      "files that have no room in bytes",
      withRoot({ sizeBytes: 60 * MIB, usedBytes: undefined }),
      /^Cannot restore as all files must have room: "\/" \(ext4, 62914560 bytes\) has room for \d+ bytes, and its files need \d+: \d+ are missing$/,
    ],
    [
      "files that have no room in inodes",
      withRoot({ parameters: { ...ext, inodeCount: 16 } }),
      /^Cannot restore as all files must have room: "\/" \(ext4\) has 5 inodes, and its files need 16: 11 are missing$/,
    ],
    [
      "a feature that mke2fs does not know",
      withRoot({ parameters: { ...ext, features: [...ext.features, "FEATURE_R31"] } }),
      /^Cannot restore as every step must be possible: Cannot run "mke2fs" as it must succeed: .*FEATURE_R31/,
    ],
    [
      "a mount option that tune2fs does not know",
      withRoot({ parameters: { ...ext, defaultMountOptions: ["journal_bogus"] } }),
      /^Cannot restore as every step must be possible: Cannot run "tune2fs" as it must succeed: .*journal_bogus/,
    ],
    [
      "more mounts between checks than tune2fs can set",
      withRoot({ parameters: { ...ext, maximumMountCount: 99_999 } }),
      /^Cannot restore as every step must be possible: Cannot run "tune2fs" as it must succeed: /,
    ],
    [
      "a swap file's UUID that is none",
      changed(BIOS_MACHINE, {
        swaps: [{ kind: "file", place: "/swap", uuid: "nonsense", label: undefined, sizeBytes: MIB }],
      }),
      /^Cannot restore as every step must be possible: Cannot run "mkswap" as it must succeed: .*UUID/i,
    ],
    [
      "partitions that overlap, and another thing that is wrong in the same breath",
      changed(withRoot({ uuid: "bad" }), {
        disks: BIOS_MACHINE.layout.disks.map((disk) => {
          return { ...disk, table: { ...disk.table!, partitions: disk.table!.partitions.map((one) => ({ ...one, startSector: 2048 })) } };
        }),
      }),
      /^Cannot restore as every step must be possible: Cannot run "sfdisk" .*; Cannot run "mke2fs" .*could not parse UUID: bad/,
    ],
  ];
  for (const [what, machine, message] of rooms) test(what, () => assert.rejects(pass({ machine }), refusal(3, message)));
});

test("passGate() refuses a set from which GRUB for BIOS could not be installed, and lets the same set pass for UEFI", async () => {
  const without = await archiveTree(join(scratch, "tree"), join(scratch, "set-no-grub"), {
    machine: BIOS_MACHINE,
    exclude: ["boot.img", "grub-install"],
  });
  const message =
    /^Cannot restore as the machine must be able to start again: GRUB's installer \(.*\) and GRUB's parts for BIOS \(.*\): not among the set's files$/;
  await assert.rejects(pass({ set: without }), refusal(3, message));
  assert.deepEqual((await pass({ set: without, machine: UEFI_MACHINE })).lost, []);
});

test("passGate() refuses to run without a program that the restore needs", async () => {
  const bin = join(scratch, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "mkswap"), "#!/bin/sh\nexit 127\n", { mode: 0o755 });
  const path = process.env["PATH"];
  process.env["PATH"] = `${bin}:${path}`;
  try {
    const message = /^Cannot restore as every program that it needs must run here: mkswap, which makes swap: Cannot run "mkswap"/;
    await assert.rejects(pass(), refusal(3, message));
  } finally {
    process.env["PATH"] = path;
  }
});

test("passGate() in quick mode passes by damage that is in no sample", async () => {
  assert.deepEqual([...(await pass({ set: await spoiled(flipFrame(2)), mode: "quick" })).damaged], []);
});

test("sampleFrames() takes the edges of each volume, and every twentieth", () => {
  const many = Array.from({ length: 50 }, (_, number) => ({ ...frames[0]!, number, volume: number < 30 ? "one" : "two" }));
  assert.deepEqual(
    sampleFrames(many).map(({ number }) => number),
    [0, 20, 29, 30, 40, 49],
  );
});
