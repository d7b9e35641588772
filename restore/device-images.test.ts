// Devices into a set and back onto other ones, by the real programs: NTFS file by file, unknown content byte for byte, damage found.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Codec } from "#os/compression";
import { digestFile } from "#os/digest";
import { run } from "#os/exec";
import { isRoot } from "#os/user";
import type { ImagedDevice } from "../archive/choose-images.ts";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { withImages, type DeviceImage } from "../machine/device-image.ts";
import { BIOS_MACHINE, withLayout } from "../machine/machine-for-tests.ts";
import { openDamagedSet } from "../set/damaged-set.ts";
import { listedImages } from "../set/device-image-files.ts";
import { readFrames } from "../set/open-set.ts";
import { verifySet } from "../set/verify-set.ts";
import { damagedImages, differingImages, isRestoreImage } from "./device-images.ts";
import { attachDisk, detachDisk, LAST_STEPS, planOnto, skipsWithoutDisk } from "./disk-for-tests.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { quietEnvironment } from "./environment-for-tests.ts";
import { passGate, type GateMode } from "./gate.ts";
import { unmountAll } from "./mount-all.ts";
import type { Plan, Step } from "./plan.ts";
import { planOfSteps } from "./plan-for-tests.ts";
import { restoreMachine } from "./restore-machine.ts";

const MIB = 2 ** 20;
const scratch = await mkdtemp(join(tmpdir(), "lifeboat-images-"));
const devices: string[] = [];
type Method = "ntfsclone" | "raw";
let sources: Readonly<Record<Method, string>> | undefined;

async function newDevice(name: string, sizeMiB: number): Promise<string | undefined> {
  const device = isRoot() ? await attachDisk(join(scratch, name), sizeMiB) : undefined;
  if (device !== undefined) devices.push(device);
  return device;
}

before(async () => {
  const [ntfsclone, raw] = [await newDevice("ntfs", 48), await newDevice("unknown", 9)];
  if (ntfsclone === undefined || raw === undefined) return;
  sources = { ntfsclone, raw };
  await run(["mkntfs", "--quick", "--quiet", "--label", "Windows", ntfsclone]);
  await writeFile(join(scratch, "pagefile.sys"), randomBytes(5 * MIB));
  await writeFile(join(scratch, "boot.ini"), "boots");
  for (const name of ["pagefile.sys", "boot.ini"]) await run(["ntfscp", ntfsclone, join(scratch, name), `/${name}`]);
  // Holes in the middle, content at both ends.
  const content = Buffer.alloc(9 * MIB);
  content.set(randomBytes(3 * MIB), 0);
  content.set(randomBytes(100), 9 * MIB - 100);
  await writeFile(raw, content);
});
after(async () => {
  for (const device of devices) await detachDisk(device);
  await rm(scratch, { recursive: true });
});

function skips(context: TestContext): boolean {
  return skipsWithoutDisk(context, sources?.raw);
}

function imaged(method: Method): ImagedDevice {
  const sizeBytes = (method === "raw" ? 9 : 48) * MIB;
  const image: DeviceImage = { device: `sda-${method}`, method, tool: "a tool", sizeBytes, file: `images/${method}` };
  return { image, path: sources![method] };
}

let count = 0;

/** Of a tree with one file, and both devices. */
async function archived(codec: Codec = "zstd", volumeLimitBytes = 4_000_000_000): Promise<TreeSet> {
  const tree = join(scratch, "tree");
  await mkdir(tree, { recursive: true });
  await writeFile(join(tree, "file"), "content");
  const images = [imaged("ntfsclone"), imaged("raw")];
  const { layout } = BIOS_MACHINE;
  const machine = withLayout(
    BIOS_MACHINE,
    withImages(
      layout,
      images.map(({ image }) => image),
    ),
  );
  return archiveTree(tree, join(scratch, `set-${(count += 1)}`), { machine, images, codec, volumeLimitBytes });
}

function stepFor(method: Method, device: string): Step {
  return { kind: "restore-image", device, image: imaged(method).image };
}

async function environment(): Promise<RestoreEnvironment> {
  const root = join(scratch, "root");
  await mkdir(root, { recursive: true });
  return quietEnvironment(root, join(scratch, "log"));
}

interface Restore {
  readonly lostImages?: readonly string[];
  /** Does something to the devices before the check. */
  spoil?(line: string): void;
}

async function restore(set: TreeSet, images: readonly Step[], { lostImages, spoil }: Restore = {}) {
  const device = (await newDevice(`root-${(count += 1)}`, 64))!;
  const plan: Plan = planOnto({ device, setId: set.manifest.id, sizeMiB: 64, inodeCount: 1024 }, [...images, ...LAST_STEPS]);
  const gate = { frames: await readFrames(set), mode: "full", damaged: new Set<number>(), lost: [] } as const;
  const withLost = lostImages === undefined ? gate : { ...gate, lostImages };
  const surroundings = { ...(await environment()), say: (line: string) => spoil?.(line) };
  try {
    return await restoreMachine({ set, machine: BIOS_MACHINE, plan, gate: withLost, mayResume: false, check: true }, surroundings);
  } finally {
    await unmountAll(plan, surroundings);
  }
}

async function ntfsDigests(device: string): Promise<readonly string[]> {
  const names = (await run(["ntfsls", device])).stdout.trim().split("\n").sort();
  const digests = names.map((name) => run(["sh", "-c", 'ntfscat "$1" "$2" | b2sum', "sh", device, `/${name}`]));
  return (await Promise.all(digests)).map(({ stdout }, index) => `${names[index]} ${stdout}`);
}

async function flip(path: string): Promise<void> {
  await using file = await open(path, "r+");
  const byte = new Uint8Array(1);
  const { size } = await file.stat();
  await file.read(byte, 0, 1, size >> 1);
  byte[0]! ^= 1;
  await file.write(byte, 0, 1, size >> 1);
}

describe("images of devices", () => {
  for (const codec of ["zstd", "gzip", "none"] as const) {
    test(`come back onto larger devices that held something else, in ${codec}, and are read back`, async (context) => {
      if (skips(context)) return;
      const set = await archived(codec);
      const [ntfs, raw] = [(await newDevice(`ntfs-${codec}`, 50))!, (await newDevice(`raw-${codec}`, 10))!];
      await run(["mke2fs", "-q", "-F", ntfs]);
      await writeFile(raw, randomBytes(10 * MIB));
      const report = await restore(set, [stepFor("ntfsclone", ntfs), stepFor("raw", raw)]);
      assert.deepEqual([report.differences, report.lost], [[], []]);
      assert.deepEqual(await ntfsDigests(ntfs), await ntfsDigests(sources!.ntfsclone));
      assert.equal((await run(["blkid", "-p", "-o", "value", "-s", "TYPE", ntfs])).stdout.trim(), "ntfs");
      await run(["cmp", "--bytes", `${9 * MIB}`, raw, sources!.raw]);
    });
  }

  test("are files that stock tools write back, as many as the limit of a volume makes them, and a part of what is verified", async (context) => {
    if (skips(context)) return;
    const set = await archived("zstd", MIB);
    const names = (await readdir(join(set.directory, "images"))).sort();
    assert.ok(names.length > 3, names.join());
    assert.deepEqual([names[0], names.at(-1)], ["ntfsclone-0001.ntfsclone.zst", "raw-0002.raw.zst"]);
    const [ntfs, raw] = [join(scratch, "stock-ntfs"), join(scratch, "stock-raw")];
    await run(["truncate", "-s", "48M", ntfs]);
    await run(
      ["sh", "-c", `cat images/ntfsclone-*.zst | zstd -dc | ntfsclone -q -r -O ${ntfs} - && cat images/raw-*.zst | zstd -dc > ${raw}`],
      {
        cwd: set.directory,
      },
    );
    assert.deepEqual(await ntfsDigests(ntfs), await ntfsDigests(sources!.ntfsclone));
    assert.equal(await digestFile(raw), await digestFile(sources!.raw));
    await run(["sh", "-c", "cat data-*.tar.zst | zstd -dc | tar -t"], { cwd: set.directory });
    assert.deepEqual((await verifySet(set, () => undefined)).damage, []);
    // What is zero takes next to nothing: 3 of 9 MiB are not.
    const stored = Object.fromEntries(listedImages(set.manifest).map(({ name, storedBytes }) => [name, storedBytes]));
    assert.ok(stored["raw"]! > 3 * MIB && stored["raw"]! < 3.1 * MIB, `${stored["raw"]}`);
    assert.ok(stored["ntfsclone"]! > 5 * MIB && stored["ntfsclone"]! < 6 * MIB, `${stored["ntfsclone"]}`);
  });

  test("that are damaged are found by verify and by a full gate, and by a quick one when a part is gone", async (context) => {
    if (skips(context)) return;
    const set = await archived();
    const plan = planOfSteps(set.manifest.id, [stepFor("ntfsclone", "/dev/a"), stepFor("raw", "/dev/b")]);
    const found = async (isFull: boolean) =>
      (await damagedImages(set, plan, { isFull, progress: () => undefined })).map(({ device }) => device);
    assert.deepEqual(await found(true), []);
    const file = join(set.directory, "images/raw-0001.raw.zst");
    await flip(file);
    const { damage } = await verifySet(set, () => undefined);
    assert.equal(damage.length, 1);
    assert.match(damage[0]!, /^Cannot read "images\/raw-0001\.raw\.zst" of .* as its digest must be the manifest's: it is another$/);
    assert.deepEqual([await found(true), await found(false)], [["sda-raw"], []]);
    await run(["truncate", "-s", "-1", file]);
    assert.deepEqual(await found(false), ["sda-raw"]);
    await rm(file);
    assert.deepEqual(await found(false), ["sda-raw"]);
  });

  test("that are damaged stop the gate before the first write, and are lost when the damage is accepted", async (context) => {
    if (skips(context)) return;
    const set = await archived();
    await flip(join(set.directory, "images/raw-0001.raw.zst"));
    const plan = planOfSteps(set.manifest.id, [stepFor("ntfsclone", "/dev/a"), stepFor("raw", "/dev/b")]);
    const pass = async (mode: GateMode, acceptDamage: boolean) =>
      (await passGate({ set, machine: BIOS_MACHINE, plan, mode, acceptDamage }, await environment())).lostImages;
    const message =
      /^Cannot restore as every image of a device must be as it was written: that of sda-raw is not: Cannot read "images\/raw-0001/;
    await assert.rejects(pass("full", false), { exitCode: 5, message });
    assert.deepEqual([await pass("full", true), await pass("quick", false)], [["sda-raw"], undefined]);
  });

  test("that are lost, and accepted to be, leave their device alone and are named", async (context) => {
    if (skips(context)) return;
    const set = await archived();
    await flip(join(set.directory, "images/ntfsclone-0001.ntfsclone.zst"));
    const [ntfs, raw] = [(await newDevice("lost-ntfs", 48))!, (await newDevice("lost-raw", 9))!];
    const report = await restore(set, [stepFor("ntfsclone", ntfs), stepFor("raw", raw)], { lostImages: ["sda-ntfsclone"] });
    assert.deepEqual([report.differences, report.lost], [[], ["the image of sda-ntfsclone"]]);
    await run(["cmp", raw, sources!.raw]);
    assert.equal((await run(["blkid", "-p", ntfs], { okCodes: [2] })).stdout, "");
  });

  test("that damage meets while they are written end the restore with exit code 4", async (context) => {
    if (skips(context)) return;
    const set = await archived();
    await flip(join(set.directory, "images/ntfsclone-0001.ntfsclone.zst"));
    const ntfs = (await newDevice("cut-ntfs", 48))!;
    await assert.rejects(restore(set, [stepFor("ntfsclone", ntfs)]), {
      exitCode: 4,
      message: /^Cannot write the image of sda-ntfsclone onto/,
    });
  });

  test("that are not on their device any more when it is read back are differences, also after a restore that was gone on with", async (context) => {
    if (skips(context)) return;
    const set = await archived();
    const [ntfs, raw] = [(await newDevice("other-ntfs", 48))!, (await newDevice("other-raw", 9))!];
    const steps = [stepFor("ntfsclone", ntfs), stepFor("raw", raw)];
    const spoil = (line: string) => void (/set inode flags/.test(line) && flip(raw));
    const { differences } = await restore(set, steps, { spoil });
    assert.deepEqual(differences, [{ path: raw, what: "it is not as its image has it" }]);
    assert.deepEqual(await differingImages(steps.filter(isRestoreImage), set, new Map()), [raw]);
  });

  test("stay with a set that has lost its manifest", async (context) => {
    if (skips(context)) return;
    const set = await archived("zstd", MIB);
    const before = set.manifest.files.filter(({ name }) => name.startsWith("images/"));
    await rm(join(set.directory, "set.json"));
    const { manifest } = await openDamagedSet(set.source);
    assert.deepEqual(
      manifest.files.filter(({ name }) => name.startsWith("images/")),
      before,
    );
  });
});
