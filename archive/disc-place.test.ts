// A set on several ISO images: none larger than was said, the first one last, and found again from any of them.
import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, open, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { listStore } from "../media/directory-store.ts";
import { findSet, setsAt } from "../media/find-set.ts";
import { openIso } from "../media/iso-store.ts";
import { removeLeftovers } from "../media/remove-leftovers.ts";
import { openSet } from "../set/open-set.ts";
import type { SetManifest } from "../set/set-manifest.ts";
import { verifySet } from "../set/verify-set.ts";
import { archiveOnDiscs } from "./discs-for-tests.ts";
import { estimatePapers } from "./estimate-papers.ts";
import { imageOf } from "./image-for-tests.ts";
import { TEST_SET_ID as ID } from "./set-for-tests.ts";

const M = 1_000_000;
const scratch = await mkdtemp(join(tmpdir(), "lifeboat-discs-"));
after(() => rm(scratch, { recursive: true }));
const tree = join(scratch, "tree");
const kernel = { path: "lifeboat/vmlinuz", source: join(scratch, "kernel") };
const IMAGE = imageOf([kernel]);

interface Wishes {
  readonly limitBytes?: number;
  readonly prefix?: string;
  readonly from?: string;
}

function archive(store: string, { limitBytes = 24 * M, prefix, from = tree }: Wishes = {}): Promise<SetManifest> {
  return archiveOnDiscs({
    tree: from,
    store,
    limitBytes,
    image: IMAGE,
    discs: { prefix },
    async check(source, manifest) {
      assert.deepEqual((await verifySet({ source, manifest }, () => undefined)).damage, []);
      const seen = await listStore(store);
      assert.deepEqual(new Set(seen.map(({ state }) => state)), new Set(["being-written"]));
    },
  });
}

const damageIn = async (place: string) => (await verifySet(await openSet(await findSet(place)), () => undefined)).damage;

let store = "";
before(async () => {
  await mkdir(join(tree, "sub"), { recursive: true });
  await writeFile(kernel.source, Buffer.alloc(6 * M, "kernel"));
  // Larger than a disc, and random: nothing gets smaller.
  await run(["sh", "-c", "head -c 40000000 /dev/urandom > large; head -c 9000000 /dev/urandom > sub/medium; seq 10000 > text"], {
    cwd: tree,
  });
  store = await mkdtemp(join(scratch, "store-"));
  const manifest = await archive(store);
  assert.deepEqual(
    manifest.files.flatMap(({ name, medium }) => (name.includes(".tar") ? [[name, medium]] : [])),
    [
      ["data-0001.tar.zst", 1],
      ["data-0002.tar.zst", 2],
      ["data-0003.tar.zst", 3],
    ],
  );
});

test("each image is at most as large as was said, has its number and the set in it, and they are nearly full", async () => {
  assert.deepEqual((await readdir(store)).sort(), [
    ".lifeboat-store",
    ...[1, 2, 3].flatMap((number) => [`${ID}-${number}.iso`, `${ID}-${number}.iso.b2`]),
  ]);
  for (const number of [1, 2, 3]) {
    const path = join(store, `${ID}-${number}.iso`);
    const { size } = await stat(path);
    assert.ok(size <= 24 * M && (number === 3 || size > 17 * M), `${number}: ${size}`);
    const iso = await openIso(path);
    assert.deepEqual(await iso?.disc(ID), { set: ID, disc: number, isLast: number === 3 });
    // The first has copies of what the last one has.
    assert.equal((await iso!.source(ID).sizeOf("set.json")) !== undefined, number !== 2);
    const { stdout } = await run(["blkid", "-p", "-o", "value", "-s", "LABEL", path]);
    if (number > 1) assert.equal(stdout.trim(), `LIFEBOAT_${number}`);
  }
});

test("the set is read from the directory, its URL, and from any of the images", async () => {
  const places = [store, `iso:${store}`, ...[1, 2, 3].map((number) => join(store, `${ID}-${number}.iso`))];
  for (const place of places) {
    assert.deepEqual(await damageIn(place), [], place);
    assert.deepEqual(
      (await setsAt(place)).map(({ id, path, state, discs }) => [id, path, state, discs]),
      [[ID, join(store, `${ID}-1.iso`), "whole", 3]],
    );
  }
});

describe("discs that are not all here", () => {
  const without = async (number: number) => {
    const place = await mkdtemp(join(scratch, "part-"));
    for (const other of [1, 2, 3])
      if (other !== number) await copyFile(join(store, `${ID}-${other}.iso`), join(place, `copy ${other}.ISO`));
    return place;
  };
  for (const [number, text] of [
    [2, "disc 2 is not here"],
    [1, "disc 1 is not here"],
    [3, "the last disc is not here"],
  ] as const) {
    test(`${text}: damaged, by name`, async () => {
      const place = await without(number);
      assert.deepEqual(
        (await setsAt(place)).map(({ state, problem }) => [state, problem]),
        [["damaged", text]],
      );
      await assert.rejects(findSet(place), { exitCode: 5, message: new RegExp(`${ID}: ${text}$`) });
      const path = join(place, `copy ${number === 1 ? 2 : 1}.ISO`);
      await assert.rejects(findSet(path), { exitCode: 5, message: new RegExp(`must be in its directory: ${text}$`) });
      await removeLeftovers(place);
      assert.equal((await readdir(place)).length, 2);
    });
  }

  test("one that is cut short is named", async () => {
    const place = await without(0);
    await truncate(join(place, "copy 2.ISO"), 10 * M);
    const [set] = await setsAt(place);
    assert.deepEqual(
      [set?.state, set?.problem],
      ["damaged", `its image ${place}/copy 2.ISO is cut short: the file ends before the volume does`],
    );
  });

  test("an archive that was killed while it gave names has left what --remove-incomplete removes", async () => {
    const place = await without(1);
    const staging = join(place, ".lifeboat-staging-AbC123");
    await mkdir(staging);
    await writeFile(
      join(staging, "writing.json"),
      JSON.stringify({ id: ID, pid: 1, startTicks: "1", bootId: "another", hostName: "h", since: "then" }),
    );
    await run(["touch", "-d", "2001-02-03", join(staging, "writing.json"), staging]);
    assert.deepEqual([...new Set((await setsAt(place)).map(({ state }) => state))], ["incomplete"]);
    await removeLeftovers(place);
    assert.deepEqual(await readdir(place), []);
  });
});

test("a prefix names them, and is never used twice", async () => {
  const place = await mkdtemp(join(scratch, "prefix-"));
  await archive(place, { prefix: "boat" });
  assert.deepEqual((await readdir(place)).sort(), [
    ".lifeboat-store",
    ...[1, 2, 3].flatMap((number) => [`boat-${number}.iso`, `boat-${number}.iso.b2`]),
  ]);
  assert.deepEqual(await damageIn(join(place, "boat-2.iso")), []);
  await rm(join(place, "boat-1.iso"));
  await assert.rejects(archive(place, { prefix: "boat" }), { exitCode: 3, message: /boat-2\.iso" as a set is never overwritten/ });
});

test("what fits on one is on one", async () => {
  const place = await mkdtemp(join(scratch, "one-"));
  const manifest = await archive(place, { limitBytes: 80 * M });
  assert.deepEqual(
    manifest.files.filter(({ medium }) => medium !== undefined),
    [],
  );
  assert.deepEqual((await readdir(place)).sort(), [".lifeboat-store", `${ID}-1.iso`, `${ID}-1.iso.b2`]);
  assert.deepEqual(await damageIn(place), []);
});

test("headers of LUKS volumes have room on the first disc and on the last one", async () => {
  const place = await mkdtemp(join(scratch, "luks-"));
  const name = "luks/0fc63daf-8483-4772-8e79-3d69d8477de4.header";
  const prepare = async (directory: string) => {
    await mkdir(join(directory, "luks"));
    await writeFile(join(directory, name), Buffer.alloc(9 * M, "header"));
  };
  await archiveOnDiscs({ tree, store: place, limitBytes: 24 * M, image: IMAGE, prepare });
  const held: [number, number | undefined][] = [];
  for (const file of (await readdir(place)).filter((one) => one.endsWith(".iso")).sort()) {
    const iso = await openIso(join(place, file));
    held.push([Math.ceil((await stat(join(place, file))).size / M), await iso?.source(ID).sizeOf(name)]);
  }
  assert.ok(
    held.every(([size]) => size <= 24),
    String(held),
  );
  assert.deepEqual(
    held.map(([, size]) => size),
    [9 * M, undefined, undefined, 9 * M],
  );
  await assert.rejects(archiveOnDiscs({ tree, store: scratch, limitBytes: 18 * M, image: IMAGE, prepare }), {
    exitCode: 3,
    message: /: 22 MB are needed$/,
  });
});

test("too small a size names the smallest, before anything is written", async () => {
  const place = await mkdtemp(join(scratch, "small-"));
  const message = /^Cannot make ISOs of 8 MB as each must hold what has to be together: (\d+) MB are needed$/;
  const error: unknown = await archive(place, { limitBytes: 8 * M }).catch((reason: unknown) => reason);
  assert.ok(error instanceof LifeboatError && error.exitCode === 3);
  assert.match(error.message, message);
  assert.deepEqual(await readdir(place), []);
  const smallest = Number(message.exec(error.message)![1]);
  await archive(place, { limitBytes: smallest * M });
  assert.deepEqual(await damageIn(place), []);
});

test(
  "a directory that becomes full leaves nothing, and no set",
  { skip: process.getuid?.() === 0 ? false : "needs root to mount" },
  async () => {
    const place = await mkdtemp(join(scratch, "full-"));
    await run(["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", place]);
    try {
      await assert.rejects(archive(place), { name: "LifeboatError", message: /no space left|MiB are free/i });
      assert.deepEqual(await readdir(place), []);
    } finally {
      await run(["umount", place]);
    }
  },
);

test("an image that has become larger than was said is no set, and leaves nothing", async () => {
  const place = await mkdtemp(join(scratch, "larger-"));
  const image = { ...IMAGE, measureIso: async () => 1000 };
  const message = /-1\.iso" as it may have 10000000 bytes: it has 1\d{7}$/;
  await assert.rejects(archiveOnDiscs({ tree, store: place, limitBytes: 10 * M, image }), { exitCode: 4, message });
  assert.deepEqual(await readdir(place), []);
});

test("catalogue, lists and manifest take no more than is kept free for them", async () => {
  const many = join(scratch, "many");
  await mkdir(many);
  await run(["sh", "-c", "seq 20000 | while read n; do echo $n > a-name-of-usual-length-$n; done"], { cwd: many });
  const place = await mkdtemp(join(scratch, "many-"));
  const manifest = await archive(place, { from: many, limitBytes: 30 * M });
  const papersBytes = manifest.files.filter(({ name }) => !name.includes(".tar")).reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  const nameBytes = 20000 * 30;
  const expected = estimatePapers({ paths: manifest.totals.paths, contentBytes: manifest.totals.contentBytes, nameBytes });
  assert.ok(papersBytes < expected && expected < 4 * papersBytes, `${papersBytes} of ${expected}`);
});

test("an image has its digest beside it, which verify and b2sum know: a byte that is in no file of the set counts too", async () => {
  const place = await mkdtemp(join(scratch, "digest-"));
  await archive(place, { from: join(tree, "sub") });
  const iso = join(place, `${ID}-1.iso`);
  await run(["b2sum", "--check", "--quiet", `${ID}-1.iso.b2`], { cwd: place });
  const damageOf = async () => (await verifySet(await openSet(await findSet(iso)), () => undefined)).damage;
  assert.deepEqual(await damageOf(), []);
  // Behind all files: padding, and what a disk's table ends with.
  const file = await open(iso, "r+");
  await file.write(Buffer.from("x"), 0, 1, (await file.stat()).size - 1000);
  await file.close();
  assert.match(
    (await damageOf()).join(),
    /^Cannot start a machine from "\S+" for sure as the image must be as \S+\.iso\.b2 says: its digest is another$/,
  );
  await writeFile(`${iso}.b2`, "nonsense");
  assert.match((await damageOf()).join(), /says: that file is damaged$/);
  await rm(`${iso}.b2`);
  assert.deepEqual(await damageOf(), []);
});
