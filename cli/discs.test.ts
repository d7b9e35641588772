// Sets on several ISO images and discs as users meet them: list, verify and restore --only by directory, image and drive; what archive refuses.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "#os/exec";
import { archiveOnDiscs } from "../archive/discs-for-tests.ts";
import { imageOf } from "../archive/image-for-tests.ts";
import { TEST_SET_ID as ID } from "../archive/set-for-tests.ts";
import { lifeboat, pathsIn } from "./command-line-for-tests.ts";

const M = 1_000_000;
const noRoot = process.getuid?.() === 0 ? false : "needs root for loop devices";
const scratch = await mkdtemp(join(tmpdir(), "lifeboat-cli-discs-"));
after(() => rm(scratch, { recursive: true }));
const store = join(scratch, "store");
const temporary = join(scratch, "tmp");
const image = (number: number) => join(store, `boat-${number}.iso`);

before(async () => {
  const tree = join(scratch, "tree");
  for (const path of [tree, store, temporary]) await mkdir(path);
  const kernel = { path: "lifeboat/vmlinuz", source: join(scratch, "kernel") };
  await writeFile(kernel.source, Buffer.alloc(2 * M, "kernel"));
  await run(["sh", "-c", "head -c 30000000 /dev/urandom > large; seq 10000 > text"], { cwd: tree });
  await archiveOnDiscs({ tree, store, image: imageOf([kernel]), limitBytes: 16 * M, discs: { prefix: "boat" } });
});

const on = (words: readonly string[]) => lifeboat(words, { temporaryDirectory: temporary });

for (const [what, place] of [
  ["a directory", () => `iso:${store}`],
  ["any of the images", () => image(2)],
] as const) {
  test(`list, verify and restore --only take ${what}`, async () => {
    const listed = await on(["list", place()]);
    assert.match(listed.stdout, /^boat-1\.iso and 2 more {2}files {2}3 paths /);
    const verified = await on(["verify", place()]);
    assert.match(verified.stdout, new RegExp(`^${ID}: \\d+ frames, .* 3 paths read: no damage$`, "m"));
    const to = join(scratch, `to-${what.length}`);
    const restored = await on(["restore", place(), "--only", "/text", "--to", to]);
    assert.deepEqual([listed.exitCode, verified.exitCode, restored.exitCode, restored.stderr], [0, 0, 0, ""]);
    assert.ok((await readFile(join(to, "text"), "utf8")).endsWith("\n10000\n"));
  });
}

describe("a drive", { skip: noRoot }, () => {
  const inDrive = async (path: string, work: (drive: string) => Promise<void>) => {
    const drive = (await run(["losetup", "-r", "-f", "--show", path])).stdout.trim();
    try {
      await work(drive);
    } finally {
      await run(["losetup", "-d", drive]);
    }
  };

  test("with one of several discs is listed; what needs another one is refused without a terminal, by its name", async () => {
    await inDrive(image(1), async (drive) => {
      assert.match((await on(["list", drive])).stdout, new RegExp(`^${drive.slice(5)} {2}files {2}3 paths `));
      const verified = await on(["verify", drive]);
      assert.equal(verified.exitCode, 3);
      assert.match(
        verified.stderr,
        new RegExp(`^lifeboat: Cannot go on as disc 2 of ${ID} must be in "${drive}" to be read: it is not there`, "m"),
      );
      assert.match(verified.stderr, /PREFIX-N\.iso/);
      assert.deepEqual(await pathsIn(temporary), []);
    });
    await inDrive(image(2), async (drive) => {
      const listed = await on(["list", drive]);
      assert.deepEqual(
        [listed.exitCode, /DAMAGED: it is disc 2 of several, and its manifest is on the last disc/.test(listed.stdout)],
        [5, true],
      );
    });
  });

  test("brings back what its disc holds", async () => {
    await inDrive(image(3), async (drive) => {
      const to = join(scratch, "from-drive");
      const { exitCode, stderr } = await on(["restore", drive, "--only", "/text", "--to", to]);
      assert.deepEqual([exitCode, stderr], [0, ""]);
      assert.ok((await readFile(join(to, "text"), "utf8")).endsWith("\n10000\n"));
    });
  });
});

describe("archive refuses", () => {
  const refusals: readonly (readonly [words: readonly string[], message: RegExp])[] = [
    [[`iso:/tmp?size=1x`], /as size= is a number with k, M, G, T, or KiB, MiB, GiB, TiB: it is "1x"$/m],
    [["/tmp", "--prefix", "boat"], /^lifeboat: Cannot use --prefix as it is about ISO images: the medium is no iso:$/m],
    [["/tmp", "--before-volume", "true"], /Cannot use --before-volume as it is about ISO images/],
    [
      ["iso:/tmp", "--prefix", "../boat"],
      /Cannot use --prefix as it is letters, digits, dots, dashes and underscores, 80 at most: "\.\.\/boat"$/m,
    ],
    [["iso:/tmp", "--blank", "fast"], /Cannot use --blank as it says how discs are burned: there is no --burn$/m],
    [["iso:/tmp", "--burn", "sr0"], /Cannot use --burn as it is a drive such as \/dev\/sr0, or stdio:\/FILE: "sr0"$/m],
    [["iso:/tmp", "--burn", "/dev/sr0", "--speed", "4 -x"], /Cannot use --speed as it is what xorriso takes, such as 4: "4 -x"$/m],
  ];
  for (const [words, message] of refusals) {
    test(words.join(" "), async () => {
      const { exitCode, stderr } = await on(["archive", ...words]);
      assert.match(stderr, message);
      assert.equal(exitCode, 2);
    });
  }
});
