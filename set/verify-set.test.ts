// Verification of real sets that are damaged in one place each: what is damaged is named, and nothing else.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { digestOf } from "#os/digest";
import { run } from "#os/exec";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { concat, handmade, TAR_END } from "../formats/tar-for-tests.ts";
import { storedZstdFrame } from "../formats/zstd-stored.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { directorySource } from "../media/directory-store.ts";
import { formatFrame } from "./frame-list.ts";
import type { CatalogueEntry } from "./catalogue.ts";
import { openSet, readFrames, type PlacedFrame } from "./open-set.ts";
import { readCatalogue } from "./read-catalogue.ts";
import { framesInOrder } from "./read-frames.ts";
import { formatManifest, parseManifest, type SetManifest } from "./set-manifest.ts";
import { verifySet, type Verification } from "./verify-set.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-verify-"));
after(() => rm(scratch, { recursive: true }));

const MIB = 1024 * 1024;
let original: TreeSet;
let frames: readonly PlacedFrame[];

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
  original = await archiveTree(tree, join(scratch, "set"), { volumeLimitBytes: 2000 });
  frames = await readFrames(original);
});

let copies = 0;

async function copyOfSet(): Promise<string> {
  const path = join(scratch, `copy${(copies += 1)}`);
  await cp(original.directory, path, { recursive: true });
  return path;
}

async function verify(directory: string): Promise<Verification> {
  return verifySet(await openSet(directorySource(directory)), () => undefined);
}

async function flip(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset]! ^= 1;
  await writeFile(path, bytes);
}

async function damageIn(directory: string): Promise<readonly string[]> {
  return (await verify(directory)).damage.map((line) => line.replaceAll(directory, "SET"));
}

test("verifySet() finds a healthy set whole, and tells how far it is", async () => {
  const told: number[] = [];
  const verification = await verifySet(original, (bytes) => void told.push(bytes));
  const { totals } = original.manifest;
  assert.deepEqual(verification, { frames: 5, paths: 9, storedBytes: totals.storedBytes, damage: [] });
  assert.deepEqual([told.length, told.at(-1)], [5, totals.storedBytes]);
});

/** Lines of damage for a frame that is not as it was. */
const frameLine = (number: number, path: string, why: string) =>
  `frame ${number} in ${frames[number]!.volume}, which begins in "${path}": ${why}`;
const OTHER = "its digest is another";

describe("one flipped byte", () => {
  const bigLost = (why: string) => [`"/big" is lost`, why];
  const cases: readonly (readonly [what: string, frame: number, expected: () => readonly string[]])[] = [
    ["among small files costs those", 0, () => [frameLine(0, "/", OTHER), ...["/", "/a", "/b"].map((path) => `"${path}" is lost`)]],
    ["at the beginning of a file that spans frames costs it and its hard links", 1, () => [frameLine(1, "/big", OTHER), ...bigLost(HARD)]],
    ["in the middle of a file that spans frames costs it and its hard links", 2, () => [frameLine(2, "/big", OTHER), ...bigLost(HARD)]],
    [
      "in the frame where such a file ends costs what follows it there too",
      3,
      () => [frameLine(3, "/big", OTHER), ...["/big", "/big2", "/c"].map((path) => `"${path}" is lost`)],
    ],
    [
      "in the last frame costs what is there",
      4,
      () => [frameLine(4, "/e", OTHER), ...["/e", "/hole", "/link"].map((path) => `"${path}" is lost`)],
    ],
  ];
  const HARD = `"/big2": it is lost with "/big", whose content it shares`;
  for (const [what, frame, expected] of cases) {
    test(`a flipped byte ${what}`, async () => {
      const directory = await copyOfSet();
      const { volume, offset, storedBytes } = frames[frame]!;
      await flip(join(directory, volume), offset + Math.floor(storedBytes / 2));
      assert.deepEqual(await damageIn(directory), expected());
    });
  }

  test("a flipped byte in the catalogue is named, and the frames are still checked", async () => {
    const directory = await copyOfSet();
    await flip(join(directory, "catalogue.ndjson.zst"), 30);
    await flip(join(directory, frames[4]!.volume), frames[4]!.offset + 20);
    assert.deepEqual(await damageIn(directory), [
      `Cannot read "catalogue.ndjson.zst" of "SET" as its digest must be the manifest's: it is another`,
      frameLine(4, "/e", OTHER),
    ]);
  });

  test("a flipped byte in a frame list or in the manifest is refused by the file's name", async () => {
    const directory = await copyOfSet();
    await flip(join(directory, "data-0001.frames"), 30);
    const message = /Cannot read "data-0001.frames" of ".*" as its digest must be the manifest's/;
    await assert.rejects(verify(directory), { name: "LifeboatError", exitCode: 5, message });
    await flip(join(directory, "set.json"), 0);
    await assert.rejects(verify(directory), { exitCode: 5, message: /Cannot read ".*set.json" as a set's manifest must be whole/ });
  });
});

describe("volumes and other files", () => {
  test("a missing volume costs what is in its frames", async () => {
    const directory = await copyOfSet();
    const { volume } = frames[4]!;
    assert.notEqual(volume, frames[3]!.volume);
    await rm(join(directory, volume));
    assert.deepEqual(await damageIn(directory), [
      frameLine(4, "/e", `volume ${volume} is missing`),
      ...["/e", "/hole", "/link"].map((path) => `"${path}" is lost`),
    ]);
  });

  test("a truncated volume costs the frames that are cut off", async () => {
    const directory = await copyOfSet();
    const { volume, offset } = frames[4]!;
    await truncate(join(directory, volume), offset + 5);
    assert.deepEqual(await damageIn(directory), [
      frameLine(4, "/e", `volume ${volume} ends before it`),
      ...["/e", "/hole", "/link"].map((path) => `"${path}" is lost`),
    ]);
  });

  test("bytes after the last frame of a volume are found, and cost nothing else", async () => {
    const directory = await copyOfSet();
    const { volume } = frames[0]!;
    const size = original.manifest.files.find(({ name }) => name === volume)!.sizeBytes;
    await writeFile(join(directory, volume), "x", { flag: "a" });
    assert.deepEqual(await damageIn(directory), [`Cannot read "${volume}" of "SET" as it must have ${size} bytes: it has more`]);
  });

  test("without its manifest it is no set, without a frame list nothing can be said", async () => {
    const directory = await copyOfSet();
    await rm(join(directory, "data-0002.frames"));
    await assert.rejects(verify(directory), { exitCode: 5, message: /"data-0002.frames" of ".*" as it must be there: it is missing$/ });
    await rename(join(directory, "set.json"), join(directory, "set.jsonx"));
    await assert.rejects(verify(directory), { exitCode: 5, message: /as a set has a manifest: there is no set.json$/ });
  });
});

/** Puts other content under a name, with its right digest: what only a look inside can find. */
async function forge(directory: string, forged: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  const path = join(directory, "set.json");
  const manifest = parseManifest(await readFile(path, "utf8"), path);
  for (const [name, content] of Object.entries(forged)) await writeFile(join(directory, name), content);
  const files = manifest.files.map((file): SetManifest["files"][number] => {
    const content = forged[file.name];
    return content === undefined ? file : { ...file, sizeBytes: content.length, ...(file.digest && { digest: digestOf(content) }) };
  });
  await writeFile(path, formatManifest({ ...manifest, files }));
}

describe("what its digests do not give away", () => {
  test("the catalogue of another set is found out", async () => {
    const tree = join(scratch, "tree");
    const other = await archiveTree(tree, join(scratch, "other"), { exclude: ["/a"], volumeLimitBytes: 2000 });
    const directory = await copyOfSet();
    await forge(directory, { "catalogue.ndjson.zst": await readFile(join(other.directory, "catalogue.ndjson.zst")) });
    const damage = await damageIn(directory);
    assert.deepEqual(damage.slice(0, 2), [`"/a": the catalogue has "/b" in its place`, `"/b": the catalogue does not name it`]);
  });

  for (const [what, from, to, line] of [
    [
      "mode",
      '"path":"/a","type":"file","mode":420',
      '"path":"/a","type":"file","mode":511',
      '"/a": its mode is another than in the catalogue',
    ],
    ["link", '"target":"a"', '"target":"b"', '"/link": its link is another than in the catalogue'],
    ["size", '"size":5', '"size":6', '"/a": its size is another than in the catalogue'],
    ["type", '"path":"/c","type":"file"', '"path":"/c","type":"fifo"', '"/c": it is a file, and a fifo in the catalogue'],
  ] as const) {
    test(`a catalogue that lies about a ${what} is found out`, async () => {
      const directory = await copyOfSet();
      const path = join(directory, "catalogue.ndjson.zst");
      const text = (await run(["zstd", "-dc", path])).stdout;
      assert.ok(text.includes(from));
      await writeFile(join(directory, "lines"), text.replace(from, to));
      await run(["zstd", "-q", "--rm", "-f", join(directory, "lines"), "-o", path]);
      await forge(directory, { "catalogue.ndjson.zst": await readFile(path) });
      assert.deepEqual(await damageIn(directory), [line]);
    });
  }

  test("a machine that cannot be read back is found, and its damage is told once", async () => {
    const directory = join(scratch, "machine");
    await archiveTree(join(scratch, "tree"), directory, { machine: BIOS_MACHINE });
    assert.deepEqual(await damageIn(directory), []);
    const path = join(directory, "machine.json");
    const forged = (await readFile(path, "utf8")).replace('"sizeBytes": 4294967296', '"sizeBytes": "4294967296"');
    await forge(directory, { "machine.json": forged });
    const line =
      'Cannot read "machine.json" of "SET" as it must describe a machine: layout.disks.0.sizeBytes: Invalid type: Expected number but received "4294967296"';
    assert.deepEqual(await damageIn(directory), [line]);
    await flip(path, 30);
    assert.deepEqual(await damageIn(directory), [
      `Cannot read "machine.json" of "SET" as its digest must be the manifest's: it is another`,
    ]);
  });

  test("a line of the catalogue that names a frame which the set has not is lost, and so is what follows it", async () => {
    const directory = await copyOfSet();
    const path = join(directory, "catalogue.ndjson.zst");
    const text = (await run(["zstd", "-dc", path])).stdout;
    await writeFile(join(directory, "lines"), text.replace(/("path":"\/hole".*"frame":)4/, "$19"));
    await run(["zstd", "-q", "--rm", "-f", join(directory, "lines"), "-o", path]);
    await forge(directory, { "catalogue.ndjson.zst": await readFile(path) });
    assert.deepEqual(await damageIn(directory), [
      ...["/hole", "/link"].map((name) => `"${name}": the catalogue does not name it`),
      ...["/hole", "/link"].map((name) => `"${name}" is lost`),
    ]);
  });

  /** Puts other content into the last frame, which is alone in its volume. */
  async function withLastFrame(content: Uint8Array): Promise<string> {
    const directory = await copyOfSet();
    const last = frames.at(-1)!;
    assert.deepEqual([last.offset, last.firstMember], [0, 0]);
    const stored = storedZstdFrame(content);
    const list = formatFrame({ ...last, storedBytes: stored.length, contentBytes: content.length, digest: digestOf(stored) });
    await forge(directory, { [last.volume]: stored, [last.volume.replace(".tar.zst", ".frames")]: list });
    return directory;
  }

  test("a member that the catalogue does not name is found", async () => {
    const entries: CatalogueEntry[] = [];
    for await (const entry of readCatalogue(original)) entries.push(entry);
    const { offset, streamBytes } = entries.at(-1)!;
    let content = new Uint8Array();
    for await (const last of framesInOrder(original, frames.slice(-1))) content = last.content!.slice(0, offset + streamBytes);
    const directory = await withLastFrame(concat(content, handmade({ name: "extra" }, "x"), TAR_END));
    assert.deepEqual(await damageIn(directory), ['"/extra": the catalogue does not name it']);
  });

  test("a frame that holds no tar costs what should be in it", async () => {
    const [first = "", ...rest] = await damageIn(await withLastFrame(new Uint8Array(1024).fill(65)));
    assert.match(first, /^frame 4 in data-0002.tar.zst, which begins in "\/e": Cannot read the tar stream as "chksum" must be/);
    assert.deepEqual(
      rest,
      ["/e", "/hole", "/link"].map((path) => `"${path}" is lost`),
    );
  });
});
