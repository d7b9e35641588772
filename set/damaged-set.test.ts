// A set without its manifest or catalogue says the same of its files as before, and of itself what its frame lists know.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "#os/exec";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { directorySource } from "../media/directory-store.ts";
import type { CatalogueEntry } from "./catalogue.ts";
import { openDamagedSet } from "./damaged-set.ts";
import { readFrames, readMachine, type OpenSet, type PlacedFrame } from "./open-set.ts";
import { readCatalogue } from "./read-catalogue.ts";
import { framesInOrder } from "./read-frames.ts";
import { frameStarts } from "./stream-places.ts";
import { verifySet } from "./verify-set.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-rebuilt-"));
after(() => rm(scratch, { recursive: true }));
let original: TreeSet;
let copies = 0;

before(async () => {
  const tree = join(scratch, "tree");
  await mkdir(tree);
  const make =
    "mkdir d; echo one > a; ln a d/b; ln -s a link; mkfifo pipe; ln pipe pipe2; head -c 9000000 /dev/urandom > big; ln big big2; truncate -s 5M hole; echo end >> hole";
  await run(["sh", "-c", make], { cwd: tree });
  original = await archiveTree(tree, join(scratch, "test-20261121T194500Z"), { volumeLimitBytes: 5_000_000 });
});

async function openWithout(spoil: (directory: string) => Promise<unknown>): Promise<OpenSet> {
  const directory = join(scratch, `${(copies += 1)}`, original.manifest.id);
  await cp(original.directory, directory, { recursive: true });
  await spoil(directory);
  return openDamagedSet(directorySource(directory));
}

/** Names of one node are in catalogue and manifest alone. */
function withoutNodes(entry: CatalogueEntry): CatalogueEntry {
  const { sameNodeAs, ...rest } = entry;
  return sameNodeAs === undefined ? entry : rest;
}

async function entriesOf(set: OpenSet): Promise<readonly CatalogueEntry[]> {
  const entries: CatalogueEntry[] = [];
  for await (const entry of readCatalogue(set)) entries.push(entry);
  return entries;
}

test("openDamagedSet() opens a whole set as it is", async () => {
  const set = await openWithout(async () => undefined);
  assert.deepEqual([set.manifest, set.remarks, set.rebuilt], [original.manifest, undefined, undefined]);
});

test("openDamagedSet() makes a lost manifest again from all frame lists", async () => {
  const { manifest, remarks } = await openWithout((directory) => rm(join(directory, "set.json")));
  const { id, kind, codec, totals, files } = original.manifest;
  assert.deepEqual([manifest.id, manifest.kind, manifest.codec], [id, kind, codec]);
  const { contentBytes: _, ...known } = totals;
  assert.ok(totals.volumes > 1);
  assert.deepEqual({ ...manifest.totals }, { ...known, contentBytes: 0 });
  const others = files.filter(({ digest }) => digest !== undefined).map(({ name, digest }) => `${name} ${digest}`);
  assert.deepEqual(manifest.files.map(({ name, digest }) => `${name} ${digest}`).sort(), others.sort());
  assert.match(
    remarks?.join() ?? "",
    /there is no set\.json: it was made again from the frame lists; nothing vouches for the set's small files$/,
  );
});

test("openDamagedSet() makes a cut catalogue again, alone or with the manifest", async () => {
  const cut = (directory: string) => truncate(join(directory, "catalogue.ndjson.zst"), 100);
  const then = await entriesOf(original);
  const cutWithoutManifest = async (directory: string) => {
    await cut(directory);
    await rm(join(directory, "set.json"));
  };
  for (const spoil of [cut, cutWithoutManifest]) {
    const set = await openWithout(spoil);
    assert.deepEqual(await entriesOf(set), spoil === cut ? then : then.map(withoutNodes));
    assert.deepEqual([set.manifest.totals.paths, set.rebuilt?.broken], [original.manifest.totals.paths, []]);
  }
});

test("openDamagedSet() does without manifest and frame lists when the volumes are whole", async () => {
  for (const lost of ["*.frames", "set.json *.frames", "set.json *.frames catalogue*"]) {
    const set = await openWithout((directory) => run(["sh", "-c", `rm ${lost}`], { cwd: directory }));
    const frames = (all: readonly PlacedFrame[]) => all.map(frameFacts);
    assert.deepEqual(frames(await readFrames(set)), frames(await readFrames(original)), lost);
    const then = await entriesOf(original);
    assert.deepEqual(await entriesOf(set), lost.includes("catalogue") ? then.map(withoutNodes) : then);
    assert.deepEqual(await damageOfFrames(set), []);
  }
});

test("openDamagedSet() finds out which digest a set has that has lost its manifest", async () => {
  const options = { digestAlgorithm: "SHA-256", volumeLimitBytes: 5_000_000 } as const;
  await mkdir(join(scratch, "sha"));
  const { directory, manifest } = await archiveTree(join(scratch, "tree"), join(scratch, "sha", original.manifest.id), options);
  assert.equal(manifest.digestAlgorithm, "SHA-256");
  for (const lost of ["set.json", "data-0001.frames", "set.json *.frames", "set.json *.frames catalogue*"]) {
    const copy = join(scratch, `${(copies += 1)}`, manifest.id);
    await cp(directory, copy, { recursive: true });
    await run(["sh", "-c", `rm ${lost}`], { cwd: copy });
    const set = await openDamagedSet(directorySource(copy));
    const { damage, paths } = await verifySet(set, () => undefined);
    assert.deepEqual([damage, paths], [set.remarks, manifest.totals.paths], lost);
  }
});

describe("a set without compression", () => {
  let plain: TreeSet;
  before(async () => {
    await mkdir(join(scratch, "plain"));
    const options = { codec: "none", volumeLimitBytes: 9_000_000 } as const;
    plain = await archiveTree(join(scratch, "tree"), join(scratch, "plain", original.manifest.id), options);
  });
  const openPlainWithout = async (spoil: string) => {
    const directory = join(scratch, `${(copies += 1)}`, plain.manifest.id);
    await cp(plain.directory, directory, { recursive: true });
    await run(["sh", "-c", spoil], { cwd: directory });
    return openDamagedSet(directorySource(directory));
  };

  for (const spoil of ["rm data-0001.frames", "rm *.frames", "truncate -s 500 data-0001.frames", "rm set.json *.frames"]) {
    test(`gets its frame lists back from the catalogue: ${spoil}`, async () => {
      const set = await openPlainWithout(spoil);
      assert.ok(plain.manifest.totals.volumes > 1);
      assert.deepEqual(await readFrames(set), await readFrames(plain));
      assert.match(set.remarks?.at(-1) ?? "", /: it was made again from the catalogue$/);
      assert.deepEqual((await verifySet(set, () => undefined)).damage, set.remarks);
    });
  }

  test("says what a list cannot tell again: of a volume that is cut short, or without the catalogue", async () => {
    const cut = await openPlainWithout("rm data-0001.frames; truncate -s 5000000 data-0001.tar");
    assert.match(cut.remarks?.[0] ?? "", /: it was made again from the catalogue, but for 1 of 3 frames$/);
    assert.deepEqual(await damageOfFrames(cut), [2]);
    const lost = await openPlainWithout("rm data-0001.frames catalogue.ndjson.zst");
    assert.match(lost.remarks?.[0] ?? "", /: it cannot be made again, as nothing tells of its frames$/);
  });
});

test("what catalogue and manifest alone know is told to be lost with both", async () => {
  const remark = "inode flags, and which device nodes and FIFOs are names of one another, are lost";
  const remarksWithout = async (names: string) =>
    (await openWithout((directory) => run(["sh", "-c", `rm ${names}`], { cwd: directory }))).remarks ?? [];
  assert.ok((await remarksWithout("set.json catalogue.ndjson.zst")).includes(remark));
  for (const name of ["set.json", "catalogue.ndjson.zst"]) assert.ok(!(await remarksWithout(name)).includes(remark), name);
});

test("openDamagedSet() can do nothing without volumes", async () => {
  const message = /as volumes must be there where the manifest is not: there are none$/;
  const spoiled = openWithout((directory) => run(["sh", "-c", "rm set.json data*"], { cwd: directory }));
  await assert.rejects(spoiled, { name: "LifeboatError", exitCode: 5, message });
});

/** All but its first path, which is for people. */
function frameFacts({ number, volume, offset, storedBytes, contentBytes, digest, firstMember }: PlacedFrame): string {
  return [number, volume, offset, storedBytes, contentBytes, digest, firstMember].join();
}

/** Numbers of the frames that do not unpack to what their list says. */
async function damageOfFrames(set: OpenSet): Promise<readonly number[]> {
  const damaged: number[] = [];
  for await (const { frame, content } of framesInOrder(set, await readFrames(set))) if (content === undefined) damaged.push(frame.number);
  return damaged;
}

async function flip(path: string, offset: number, mask = 1): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset]! ^= mask;
  await writeFile(path, bytes);
}

describe("what is lost has a name, or at least is counted", () => {
  const flipFrame = async (directory: string, number: number) => {
    const { volume, offset, storedBytes } = (await readFrames(original))[number]!;
    await flip(join(directory, volume), offset + Math.floor(storedBytes / 2));
  };
  const flipCatalogue = (directory: string) => flip(join(directory, "catalogue.ndjson.zst"), 30);
  const lossOf = async (number: number) => {
    const set = await openWithout(async (directory) => {
      await flipFrame(directory, number);
      await flipCatalogue(directory);
    });
    const { entries, broken, unnamed } = set.rebuilt!;
    assert.equal(set.manifest.totals.paths, original.manifest.totals.paths);
    assert.equal(entries.length + broken.length + (unnamed ?? 0), original.manifest.totals.paths);
    return { broken, unnamed };
  };

  test("a file whose beginning, middle or end is damaged, and links to it", async () => {
    const big = (await entriesOf(original)).find(({ path }) => path === "/big")!;
    const frames = await readFrames(original);
    const numbers = frames.filter(({ number }) => number >= big.frame && number < big.frame + 3).map(({ number }) => number);
    assert.equal(numbers.length, 3);
    for (const number of numbers.slice(0, 2)) assert.deepEqual(await lossOf(number), { broken: ["/big", "/big2"], unnamed: 0 });
    // What follows it in its last frame has lost its names.
    assert.deepEqual(await lossOf(numbers[2]!), { broken: ["/big"], unnamed: 7 });
  });

  test("small files of one frame: the first by name, the others by number", async () => {
    const first = (await entriesOf(original)).filter(({ frame }) => frame === 0).map(({ path }) => path);
    const { broken, unnamed } = await lossOf(0);
    // A link to one of them, in a frame that is whole, tells one more.
    assert.deepEqual([broken, unnamed], [["/", "/a", "/d/b"], 0]);
    assert.deepEqual(first, ["/", "/a"]);
  });

  test("nobody knows how many there were without the manifest", async () => {
    const set = await openWithout(async (directory) => {
      await flipFrame(directory, 0);
      await flipCatalogue(directory);
      await rm(join(directory, "set.json"));
    });
    assert.equal(set.rebuilt?.unnamed, undefined);
  });

  test("a volume that is gone with its list", async () => {
    const set = await openWithout((directory) => run(["sh", "-c", "rm data-0001.*"], { cwd: directory }));
    const frames = await readFrames(original);
    assert.deepEqual(
      await damageOfFrames(set),
      frames.filter(({ volume }) => /0001/.test(volume)).map(({ number }) => number),
    );
    assert.deepEqual(await entriesOf(set), await entriesOf(original));
    const starts = [frameStarts(await readFrames(set)), frameStarts(frames)].map((all) => all.at(-1));
    assert.equal(starts[0], starts[1]);
  });
});

describe("one flipped byte", () => {
  /** Small numbers that anybody can get again (Park and Miller 1988). */
  function numbersFrom(seed: number): (below: number) => number {
    let state = seed;
    return (below) => (state = (state * 48_271) % 2_147_483_647) % below;
  }

  const small = join(scratch, "small");

  before(async () => {
    await mkdir(small);
    const make =
      "echo one > a; ln a b; mkfifo pipe; ln pipe pipe2; head -c 6000 /dev/urandom | base64 > e; truncate -s 4500000 f; echo g > g";
    await run(["sh", "-c", `${make}; head -c 4500000 /dev/zero > big`], { cwd: small });
  });

  for (const codec of ["zstd", "gzip", "none"] as const) {
    test(`anywhere in manifest, frame lists, catalogue or machine costs nothing at all of a set of codec ${codec}`, async () => {
      const directory = join(scratch, codec, original.manifest.id);
      await mkdir(join(scratch, codec));
      const made = await archiveTree(small, directory, { codec, volumeLimitBytes: 5_000_000, machine: BIOS_MACHINE });
      const [then, frames] = [await entriesOf(made), await readFrames(made)];
      const names = ["set.json", "data-0001.frames", "catalogue.ndjson.zst", "machine.json"];
      const next = numbersFrom(1);
      const trials = names.flatMap((name) => Array.from({ length: name === "machine.json" ? 2 : codec === "zstd" ? 30 : 12 }, () => name));
      for (const name of trials) {
        const path = join(directory, name);
        const bytes = await readFile(path);
        const flipped = Buffer.from(bytes);
        const [at, mask] = [next(bytes.length), 1 + next(255)];
        flipped[at]! ^= mask;
        await writeFile(path, flipped);
        const what = `${name}, byte ${at}, mask ${mask}`;
        const set = await openDamagedSet(directorySource(directory));
        assert.deepEqual(await entriesOf(set), then, what);
        assert.deepEqual((await readFrames(set)).map(frameFacts), frames.map(frameFacts), what);
        assert.equal(set.manifest.totals.paths, made.manifest.totals.paths, what);
        // A flipped byte of machine.json costs no file; who needs the machine finds out.
        if (name === "machine.json") await assert.rejects(readMachine(set), { exitCode: 5 });
        else assert.ok((set.remarks?.length ?? 0) > 0, what);
        await writeFile(path, bytes);
      }
    });
  }
});
