// Steps on real loop devices, and the last look before a disk is written to.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test, type TestContext } from "node:test";
import { run } from "#os/exec";
import { exists } from "#os/files";
import { readDisks } from "../machine/inspect-disks.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { planOfSteps } from "./plan-for-tests.ts";
import { HEAD_BYTES } from "./disk-contents.ts";
import { quietEnvironment } from "./environment-for-tests.ts";
import type { Step, TargetDisk } from "./plan.ts";
import { readPresentDisks } from "./read-present-disks.ts";
import { RELEASED_DIRECTORY, releaseDisk } from "./release-disk.ts";
import { unmountAll } from "./mount-all.ts";
import { runStep, type LayoutStep } from "./run-step.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-step-"));
after(() => rm(scratch, { recursive: true }));
const root = join(scratch, "root");
const MIB = 2 ** 20;

const environment = quietEnvironment(root);
const doStep = (step: LayoutStep) =>
  runStep(step, { setId: "set", machine: BIOS_MACHINE, environment, changed: new Map(), remark: () => undefined });

interface LoopDisk extends AsyncDisposable {
  readonly disk: TargetDisk;
  readonly image: string;
}

let images = 0;

/** A loop device on a new file; undefined, and the test skipped, where there is none. */
async function loopDisk(context: TestContext, sizeBytes: number, fill = 0): Promise<LoopDisk | undefined> {
  const image = join(scratch, `image${(images += 1)}`);
  await writeFile(image, fill === 0 ? "" : Buffer.alloc(sizeBytes, fill));
  await run(["truncate", "-s", `${sizeBytes}`, image]);
  const attached = await run(["losetup", "--find", "--show", image], { okCodes: [0, 1, 127] });
  if (attached.exitCode !== 0) {
    context.skip(`losetup cannot attach a file here: ${attached.stderr.trim()}`);
    return undefined;
  }
  const path = attached.stdout.trim();
  const disk = {
    name: path.slice(5),
    path,
    wwid: undefined,
    serial: "L",
    model: undefined,
    driver: undefined,
    drivers: [],
    sizeBytes,
    logicalSectorBytes: 512,
  };
  return { disk, image, [Symbol.asyncDispose]: async () => void (await run(["losetup", "--detach", path])) };
}

describe("runStep() wipes", () => {
  test("both ends of a disk whose size is no whole number of MiB, and not what is between", async (context) => {
    const sizeBytes = 20 * MIB + 3 * 512;
    await using loop = await loopDisk(context, sizeBytes, 0xaa);
    if (loop === undefined) return;
    await doStep({ kind: "wipe", disk: loop.disk });
    const content = await readFile(loop.image);
    const expected = Buffer.alloc(sizeBytes, 0xaa)
      .fill(0, 0, MIB)
      .fill(0, sizeBytes - MIB);
    assert.ok(content.equals(expected));
  });

  test("every signature: tables at both ends, and a file system on all of it", async (context) => {
    await using loop = await loopDisk(context, 64 * MIB);
    if (loop === undefined) return;
    await run(["sfdisk", "--quiet", loop.image], { input: "label: gpt\nsize=10M\n" });
    const probe = () => run(["blkid", "-p", loop.image], { okCodes: [0, 2] });
    assert.match((await probe()).stdout, /PTTYPE="gpt"/);
    await doStep({ kind: "wipe", disk: loop.disk });
    assert.deepEqual([(await probe()).stdout, (await run(["wipefs", loop.image])).stdout], ["", ""]);
    await run(["mke2fs", "-q", "-F", loop.image]);
    await doStep({ kind: "wipe", disk: loop.disk });
    assert.equal((await run(["wipefs", loop.image])).stdout, "");
  });
});

test("runStep() makes the start of new partitions zero, and fails with exit code 4 when the kernel does not show the new partitions", async (context) => {
  await using loop = await loopDisk(context, 64 * MIB);
  if (loop === undefined) return;
  if (await exists(`/sys/module/loop/parameters/max_part`)) {
    const maxPart = (await readFile("/sys/module/loop/parameters/max_part", "utf8")).trim();
    if (maxPart !== "0") return context.skip("loop devices show partitions here");
  }
  const table = BIOS_MACHINE.layout.disks[0]!.table!;
  const small = { ...table, partitions: table.partitions.slice(0, 1).map((one) => ({ ...one, sizeSectors: 2048 })) };
  const message = `Cannot partition ${loop.disk.path} as the kernel must show its partitions: ${loop.disk.path}p2 did not appear`;
  const { startSector } = small.partitions[0]!;
  await run(["dd", `if=/dev/urandom`, `of=${loop.disk.path}`, "bs=512", `seek=${startSector}`, "count=2048", "conv=fsync"]);
  await assert.rejects(doStep({ kind: "partition", disk: loop.disk, table: small }), { exitCode: 4, message });
  const head = (await readFile(loop.image)).subarray(startSector * 512);
  const firstByte = head.findIndex((byte) => byte !== 0);
  assert.ok(firstByte >= HEAD_BYTES && firstByte < HEAD_BYTES + 512, "a restore that is broken off here finds a blank partition");
});

test("runStep() makes file systems, mounts them, changes fstab, makes a swap file; unmountAll() leaves nothing mounted", async (context) => {
  await using loop = await loopDisk(context, 64 * MIB);
  await using data = await loopDisk(context, 32 * MIB);
  if (loop === undefined || data === undefined) return;
  const [ext] = BIOS_MACHINE.layout.fileSystems;
  if (ext?.parameters.kind !== "ext") return assert.fail();
  const fileSystem = { ...ext, parameters: { ...ext.parameters, inodeCount: 1024, reservedBlocks: 100 } };
  const mounts: readonly Step[] = [
    { kind: "mount", device: loop.disk.path, path: "/", type: "ext4", options: ["rw"], fsRoot: "/" },
    { kind: "mount", device: data.disk.path, path: "/srv/deep", type: "ext4", options: ["rw"], fsRoot: "/" },
  ];
  const plan = planOfSteps("set", mounts);
  try {
    for (const { disk } of [loop, data]) {
      await doStep({ kind: "make-filesystem", devices: [{ path: disk.path, sizeBytes: disk.sizeBytes }], fileSystem });
    }
    for (const step of mounts) if (step.kind === "mount") await doStep(step);
    await mkdir(join(root, "etc"));
    await writeFile(join(root, "etc/fstab"), Buffer.from("/dev/sda2 / ext4\n# M\xfcller\n", "latin1"));
    const changed = await doStep({ kind: "write-fstab", changes: [{ path: "/", from: "/dev/sda2", to: "UUID=x" }] });
    assert.deepEqual(
      changed.map(({ path }) => path),
      ["/etc/fstab", "/etc/.fstab.before-set"],
    );
    assert.equal(await readFile(join(root, "etc/.fstab.before-set"), "latin1"), "/dev/sda2 / ext4\n# M\xfcller\n");
    assert.equal(await readFile(join(root, "etc/fstab"), "latin1"), "UUID=x / ext4\n# M\xfcller\n");
    const uuid = "249e68a9-c50c-45e4-9da8-d3d7d7f62d63";
    await doStep({ kind: "make-swap-file", path: "/srv/deep/swap", sizeBytes: 8 * MIB, uuid, label: "swapfile" });
    const { mode, size, blocks } = await stat(join(root, "srv/deep/swap"));
    assert.deepEqual([mode & 0o7777, size, blocks * 512], [0o600, 8 * MIB, 8 * MIB]);
    assert.match((await run(["blkid", "-p", join(root, "srv/deep/swap")])).stdout, new RegExp(`LABEL="swapfile" UUID="${uuid}"`));
  } finally {
    await unmountAll(plan, environment);
  }
  assert.equal((await run(["findmnt", "--list", "--noheadings", "--output", "TARGET"])).stdout.includes(root), false);
});

describe("the disks of this machine", () => {
  test("readPresentDisks() locks what is in use and what it is told to lock, and finds something on every disk with data", async (context) => {
    const disks = readDisks();
    if (disks.length === 0) return context.skip("this machine shows no disk");
    const locks = new Map(disks.map(({ id }) => [id, "it holds the set"]));
    for (const { disk, contents, lockedBecause } of await readPresentDisks(locks)) {
      assert.match(lockedBecause ?? "", /^it is in use at ".+"|^it holds the set$/, disk.id);
      assert.ok(contents.length > 0 || lockedBecause === "it holds the set", disk.id);
    }
  });

  test("releaseDisk() refuses a disk that is not the one of the plan, before anything is done", async (context) => {
    const [now] = readDisks();
    if (now === undefined) return context.skip("this machine shows no disk");
    const { id, identity, sizeBytes, logicalSectorBytes } = now;
    const planned: TargetDisk = { ...identity, name: id, path: `/dev/${id}`, sizeBytes, logicalSectorBytes };
    const others: readonly TargetDisk[] = [
      { ...planned, serial: "ANOTHER" },
      { ...planned, wwid: "naa.another" },
      { ...planned, sizeBytes: sizeBytes + 512 },
      { ...planned, name: "sdzzz", path: "/dev/sdzzz" },
    ];
    for (const other of others) {
      const message = new RegExp(`^Cannot write to ${other.path} as it must be the disk that the plan was made for \\(serial `);
      await assert.rejects(releaseDisk(other), { name: "LifeboatError", exitCode: 3, message });
    }
    assert.equal(await exists(`${RELEASED_DIRECTORY}/${id}`), false);
  });
});
