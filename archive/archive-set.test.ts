// Whole sets of odd trees: stock tools bring back the same tree, the catalogue says what the tools say, and verification finds no fault.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Codec } from "#os/compression";
import { run } from "#os/exec";
import type { CatalogueEntry } from "../set/catalogue.ts";
import { bytesOfText } from "../set/catalogue.ts";
import { readFrames, type OpenSet } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { verifySet } from "../set/verify-set.ts";
import { archiveTree, type TreeSet } from "./set-for-tests.ts";
import { listTree, makeOddTree } from "./trees-for-tests.ts";

const skip = process.getuid?.() === 0 ? false : "needs root for devices, owners and capabilities";
const scratch = mkdtempSync(join(tmpdir(), "lifeboat-set-"));
after(async () => {
  await run(["chattr", "-R", "-i", "-a", scratch], { okCodes: [0, 1] });
  rmSync(scratch, { recursive: true, force: true });
});

const tree = join(scratch, "tree");
before(async () => {
  mkdirSync(tree);
  if (skip === false) await makeOddTree(tree);
});

const DECOMPRESS: Readonly<Record<Codec, string>> = { zstd: "zstd -dc", gzip: "gzip -dc", none: "cat" };

/** Each at least once. */
const DIGESTS = { zstd: "SHA-256", gzip: "BLAKE2b-512", none: "SHA-256" } as const;

/** What DESIGN section 5 promises to those who have no Lifeboat at hand. */
async function extractWithStockTools(set: TreeSet, codec: Codec): Promise<string> {
  const target = mkdtempSync(join(scratch, "extracted-"));
  const script = `cd "$1" && cat data-*.tar* | ${DECOMPRESS[codec]} | tar -x --numeric-owner --xattrs --xattrs-include='*' -p -C "$2"`;
  await run(["sh", "-c", script, "sh", set.directory, target]);
  return target;
}

async function entriesOf(set: OpenSet): Promise<readonly CatalogueEntry[]> {
  const entries: CatalogueEntry[] = [];
  for await (const entry of readCatalogue(set)) entries.push(entry);
  return entries;
}

async function damageOf(set: OpenSet): Promise<readonly string[]> {
  return (await verifySet(set, () => undefined)).damage;
}

describe("a tree of all kinds of files", { skip }, () => {
  for (const codec of ["zstd", "gzip", "none"] as const) {
    test(`stock tools bring it back from volumes of codec ${codec}`, async () => {
      const set = await archiveTree(tree, join(scratch, `set-${codec}`), {
        codec,
        digestAlgorithm: DIGESTS[codec],
        volumeLimitBytes: 2_000_000,
      });
      const target = await extractWithStockTools(set, codec);
      assert.deepEqual(await listTree(target), await listTree(tree));
      for (const path of [tree, target]) {
        const { stdout } = await run(
          ["sh", "-c", "dd if=islands bs=6 count=1 skip=5000000000 iflag=skip_bytes status=none; stat -c %b islands"],
          { cwd: path },
        );
        assert.match(stdout, /^island(?:[1-9]|[1-9]\d)\n$/);
      }
      const { totals, changed, unreadable } = set.manifest;
      assert.ok(totals.volumes > 2);
      assert.deepEqual([await damageOf(set), changed, unreadable], [[], [], []]);
      rmSync(target, { recursive: true });
    });
  }

  test("the catalogue has the digest that b2sum prints, and every fact of each kind", async () => {
    await run(["sh", "-c", "chattr +i block || true"], { cwd: tree });
    const set = await archiveTree(tree, join(scratch, "set-facts"));
    const entries = new Map((await entriesOf(set)).map((entry) => [entry.path, entry]));
    const listed = await listTree(tree);
    for (const [path, { digest, isSparse }] of entries) {
      const expected = listed[`digest of .${path}`];
      if (digest !== undefined && !isSparse) assert.equal(digest, expected, path);
    }
    const facts = (path: string) => {
      const entry = entries.get(path);
      assert.ok(entry, path);
      const { type, mode, uid, gid, sizeBytes, target, hardlinkOf, device, isSparse, flags } = entry;
      return [type, mode.toString(8), uid, gid, sizeBytes, target ?? hardlinkOf ?? device, isSparse, flags];
    };
    assert.deepEqual(facts("/block"), [
      "file",
      "644",
      3_000_000,
      4_294_967_294,
      512,
      undefined,
      false,
      (await run(["lsattr", "-d", join(tree, "block")])).stdout.slice(0, 20).includes("i") ? "i" : "",
    ]);
    assert.deepEqual(facts("/disk"), ["block-device", "644", 0, 0, 0, [259, 70_000], false, ""]);
    assert.deepEqual(facts("/link2"), ["hard-link", "777", 0, 0, 0, "/link", false, ""]);
    assert.deepEqual(facts("/broken"), ["symlink", "777", 0, 0, 0, "no\nsuch\xff", false, ""]);
    assert.deepEqual(facts("/islands"), ["file", "644", 0, 0, 20 * 2 ** 30, undefined, true, ""]);
    assert.deepEqual(facts("/sub"), ["directory", "2770", 0, 0, 0, undefined, false, ""]);
    assert.deepEqual(facts(bytesOfText("/Müller")).slice(0, 2), ["file", "644"]);
    assert.deepEqual(
      [entries.get("/plain")?.mtime, entries.get("/big")?.mtime],
      [
        [-312_753_294, 789_000_000],
        [13_569_465_600, 123_456_789],
      ],
    );
    const withAttributes = [...entries.values()].flatMap(({ path, attributesDigest }) => (attributesDigest === undefined ? [] : [path]));
    assert.deepEqual(withAttributes, ["/capable", "/link", "/plain", "/sub"]);
  });

  test("what was extracted, archived again, has the same catalogue", async () => {
    const first = await archiveTree(tree, join(scratch, "set-first"));
    const second = await archiveTree(await extractWithStockTools(first, "zstd"), join(scratch, "set-second"));
    // Times of change are the system's own, places depend on their length in the headers, flags need chattr.
    const facts = async (set: OpenSet) =>
      (await entriesOf(set)).map((entry) => ({ ...entry, ctime: 0, flags: "", frame: 0, offset: 0, streamBytes: 0 }));
    assert.deepEqual(await facts(second), await facts(first));
  });
});

test("further names of devices and FIFOs, which tar does not keep together, are in the catalogue", { skip }, async () => {
  const root = mkdtempSync(join(scratch, "nodes-"));
  await run(["sh", "-c", "mknod a c 1 3; ln a b; mkfifo c; ln c \"$(printf '\\377')\"; mknod e c 1 3"], { cwd: root });
  const set = await archiveTree(root, join(scratch, "set-nodes"));
  assert.deepEqual(
    (await entriesOf(set)).map(({ path, type, sameNodeAs }) => [path, type, sameNodeAs]),
    [
      ["/", "directory", undefined],
      ["/a", "character-device", undefined],
      ["/b", "character-device", "/a"],
      ["/c", "fifo", undefined],
      ["/e", "character-device", undefined],
      ["/\xff", "fifo", "/c"],
    ],
  );
  assert.deepEqual(await damageOf(set), []);
});

test("sockets are left out, and are no loss", async () => {
  const root = mkdtempSync(join(scratch, "sockets-"));
  const server = createServer().listen(join(root, "sock"));
  try {
    const set = await archiveTree(root, join(scratch, "set-sockets"));
    assert.deepEqual([(await entriesOf(set)).map(({ path }) => path), set.manifest.unreadable], [["/"], []]);
  } finally {
    server.close();
  }
});

test("what tar leaves out without a word makes no set", async () => {
  const [root, programs] = [mkdtempSync(join(scratch, "silent-")), mkdtempSync(join(scratch, "programs-"))];
  await run(["sh", "-c", "touch a b c"], { cwd: root });
  const realTar = (await run(["sh", "-c", "command -v tar"])).stdout.trim();
  writeFileSync(join(programs, "tar"), `#!/bin/sh\nexec ${realTar} --exclude=b "$@"\n`, { mode: 0o755 });
  const path = process.env["PATH"];
  process.env["PATH"] = `${programs}:${path}`;
  try {
    await assert.rejects(archiveTree(root, join(scratch, "set-silent")), {
      name: "LifeboatError",
      exitCode: 4,
      message: "Cannot archive as tar must give each path, or say why not: 1 of 4 have not come",
    });
  } finally {
    process.env["PATH"] = path;
  }
});

test("a tree with nothing in it makes a set, and one of which all is excluded makes none", async () => {
  const root = mkdtempSync(join(scratch, "empty-"));
  assert.deepEqual(await damageOf(await archiveTree(root, join(scratch, "set-empty"))), []);
  const message = 'Cannot make a set of "/" as it must hold something: nothing is left to be taken';
  await assert.rejects(archiveTree(root, join(scratch, "set-nothing"), { exclude: ["/"] }), {
    name: "LifeboatError",
    exitCode: 2,
    message,
  });
  assert.deepEqual(readdirSync(join(scratch, "set-nothing")), []);
});

test("the directory that something is mounted at is taken, though a pattern leaves out its content and itself", async () => {
  const root = mkdtempSync(join(scratch, "mounted-"));
  await run(["sh", "-c", "mkdir -p mnt/usb mnt/other; touch mnt/usb/x mnt/other/y"], { cwd: root });
  const set = await archiveTree(root, join(scratch, "set-mounted"), { exclude: ["/mnt/*", "/no/such"], closedMounts: ["/mnt/usb"] });
  assert.deepEqual(
    (await entriesOf(set)).map(({ path }) => path),
    ["/", "/mnt", "/mnt/usb"],
  );
});

test("paths of 4,094 and 4,095 bytes come back", async () => {
  const root = mkdtempSync(join(scratch, "long-"));
  const script = `import os, sys
os.chdir(sys.argv[1])
for i in range(15):
    os.mkdir("d" * 255); os.chdir("d" * 255)
left = 4095 - len(os.getcwd()) - 1
for name in ["e" * left, "f" * (left - 1)]:
    with open(name, "w") as file: file.write(name)`;
  await run(["python3", "-c", script, root]);
  const set = await archiveTree("/", join(scratch, "set-long"), { include: [root] });
  assert.deepEqual(
    (await entriesOf(set)).slice(-2).map(({ path }) => path.length),
    [4095, 4094],
  );
  const target = await extractWithStockTools(set, "zstd");
  assert.deepEqual(await listTree(join(target, root)), await listTree(root));
  assert.deepEqual([set.manifest.unreadable, set.manifest.changed], [[], []]);
});

test("headers of 120 KB and times beyond 53 bits are kept", { skip }, async () => {
  const mount = join(scratch, "mount");
  mkdirSync(mount);
  await run(["mount", "-t", "tmpfs", "tmpfs", mount]);
  try {
    const script = `mkdir tree; cd tree; touch file; value=0x$(head -c 120000 /dev/zero | tr '\\0' a)
      for name in one two; do setfattr -n trusted.$name -v $value file; done; touch -d @9223372036854775807 late`;
    await run(["sh", "-c", script], { cwd: mount });
    const set = await archiveTree(join(mount, "tree"), join(mount, "set"));
    assert.deepEqual(await damageOf(set), []);
    const entries = await entriesOf(set);
    assert.ok(entries.find(({ path }) => path === "/file")!.streamBytes > 120_000);
    await run(["sh", "-c", "mkdir back; cat set/data-*.tar.zst | zstd -dc | tar -x --xattrs --xattrs-include='*' -C back"], { cwd: mount });
    assert.deepEqual(await listTree(join(mount, "back")), await listTree(join(mount, "tree")));
  } finally {
    await run(["umount", mount]);
  }
});

test("a set's files are for their owner alone, and its frames lie in its volumes without gaps", async () => {
  const root = mkdtempSync(join(scratch, "modes-"));
  const set = await archiveTree(root, join(scratch, "set-modes"));
  const { stdout } = await run(["find", set.directory, "-printf", "%y %m %f\n"]);
  assert.deepEqual(
    new Set(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.slice(0, 5)),
    ),
    new Set(["d 700", "f 600"]),
  );
  assert.deepEqual(
    readdirSync(set.directory).sort((a, b) => (a < b ? -1 : 1)),
    ["catalogue.ndjson.zst", "data-0001.frames", "data-0001.tar.zst", "set.json"],
  );
  assert.deepEqual(
    (await readFrames(set)).map(({ offset, storedBytes }) => offset + storedBytes),
    [set.manifest.totals.storedBytes],
  );
});
