// Archives of files from end to end: the store never goes into itself, each path comes once, what goes wrong leaves nothing behind.
import assert from "node:assert/strict";
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { run } from "#os/exec";
import { directorySource } from "../media/directory-store.ts";
import { openSet } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { archiveTo, type ArchiveOutcome, type ArchiveRequest } from "./archive-to.ts";

const noRoot = process.getuid?.() === 0 ? false : "needs root to mount";
const scratch = mkdtempSync(join(tmpdir(), "lifeboat-archive-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

interface Place {
  readonly root: string;
  readonly tree: string;
  readonly store: string;
}

function makePlace(): Place {
  const root = mkdtempSync(join(scratch, "place-"));
  const place = { root, tree: join(root, "tree"), store: join(root, "store") };
  for (const path of [place.tree, place.store, join(place.tree, "sub")]) mkdirSync(path);
  writeFileSync(join(place.tree, "file"), "content");
  writeFileSync(join(place.tree, "sub/inner"), "more");
  linkSync(join(place.tree, "sub/inner"), join(place.tree, "sub/second"));
  return place;
}

const unexpected = () => assert.fail("files alone need no rescue image");
let clock = Date.UTC(2026, 10, 21, 19, 45);

async function archive(store: string, request: Partial<ArchiveRequest>): Promise<ArchiveOutcome> {
  // Each set has a second of its own.
  const now = (clock += 1000);
  return archiveTo(
    { kind: "directory", path: store },
    {
      root: "/",
      hostName: "test",
      include: [],
      exclude: [],
      withoutNetwork: false,
      codec: "zstd",
      level: 1,
      acceptUnrestorable: false,
      verify: true,
      image: {
        chooseKernel: unexpected,
        imageOptions: unexpected,
        mediumOptions: { cacheDirectory: "/no/such/cache" } as NonNullable<ArchiveRequest["image"]>["mediumOptions"],
      },
      createdBy: "lifeboat test",
      now: () => new Date(now),
      remark: () => undefined,
      note: () => undefined,
      progress: () => undefined,
      ...request,
    },
  );
}

/** Paths in the set, those below `root` without it. */
async function pathsIn({ path }: ArchiveOutcome, root: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const entry of readCatalogue(await openSet(directorySource(path)))) paths.push(entry.path);
  return paths.filter((one) => one.startsWith(`${root}/`)).map((one) => one.slice(root.length));
}

const TREE = ["/file", "/sub", "/sub/inner", "/sub/second"];

describe("a store inside the tree", () => {
  test("is left out, by its own name and by a link's", async () => {
    const { root, tree } = makePlace();
    const store = join(tree, "store");
    mkdirSync(store);
    symlinkSync(store, join(root, "link"));
    for (const name of [store, join(root, "link")]) {
      const outcome = await archive(name, { include: [tree] });
      assert.deepEqual([outcome.path.startsWith(`${store}/test-`), await pathsIn(outcome, tree)], [true, TREE]);
    }
  });

  test("is left out by every name that a bind mount gives it", { skip: noRoot }, async () => {
    const { root, tree } = makePlace();
    const store = join(tree, "store");
    const seen = join(root, "seen");
    for (const path of [store, seen]) mkdirSync(path);
    await run(["mount", "--bind", tree, seen]);
    try {
      assert.deepEqual(await pathsIn(await archive(join(seen, "store"), { include: [tree] }), tree), TREE);
      assert.deepEqual(await pathsIn(await archive(store, { include: [seen] }), seen), TREE);
    } finally {
      await run(["umount", seen]);
    }
  });
});

describe("included paths", () => {
  test("each comes once, whatever contains what, and with its hard links", async () => {
    const { tree, store } = makePlace();
    const outcome = await archive(store, { include: [join(tree, "sub/inner"), tree, join(tree, "sub")] });
    assert.deepEqual(await pathsIn(outcome, tree), TREE);
    const back = join(store, "back");
    mkdirSync(back);
    await run(["sh", "-c", `cat ${outcome.path}/data-*.tar.zst | zstd -dc | tar -x -C ${back}`]);
    assert.equal((await run(["cat", join(back, tree, "sub/inner"), join(back, tree, "sub/second")])).stdout, "moremore");
  });

  test("links lead to what is meant, on the way to a path and at its end", async () => {
    const { root, tree, store } = makePlace();
    const link = join(root, "link");
    symlinkSync(tree, link);
    const outcome = await archive(store, { include: [join(link, "sub/inner")] });
    assert.deepEqual(await pathsIn(outcome, root), ["/tree", "/tree/sub", "/tree/sub/inner"]);
    const whole = await archive(store, { include: [link], exclude: ["second"] });
    assert.deepEqual(await pathsIn(whole, root), ["/link", "/tree", "/tree/file", "/tree/sub", "/tree/sub/inner"]);
  });

  test("one that is not there is told in the manifest", async () => {
    const { tree, store } = makePlace();
    const { manifest } = await archive(store, { include: [tree, `${tree}x/y`] });
    assert.deepEqual(manifest.unreadable, [{ path: `${tree}x/y`, what: "it is not there" }]);
  });
});

const noise = (tree: string) => run(["sh", "-c", `head -c 20000000 /dev/urandom > ${tree}/noise`]);

async function withTmpfs(path: string, size: string, action: () => Promise<void>): Promise<void> {
  await run(["mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path]);
  try {
    await action();
  } finally {
    await run(["umount", path]);
  }
}

describe("what goes wrong leaves nothing behind", { skip: noRoot }, () => {
  const full = /Cannot write ".*" as the system allows: no space left on the device$/;

  for (const [what, size] of [
    ["in the second frame", "5m"],
    ["in the first frame", "2m"],
    ["at the manifest", "100m,nr_inodes=6"],
  ] as const) {
    test(`a full disk ${what}`, async () => {
      const { tree, store } = makePlace();
      await noise(tree);
      await withTmpfs(store, size, async () => {
        await assert.rejects(archive(store, { include: [tree] }), {
          name: "LifeboatError",
          exitCode: 4,
          message: full,
          hint: /Free some space/,
        });
        assert.deepEqual(readdirSync(store), []);
        // No frame that was under way comes after it.
        await new Promise((resolve) => void setTimeout(resolve, 100));
        assert.deepEqual(readdirSync(store), []);
      });
    });
  }

  test("a full temporary directory", async () => {
    const { root, tree, store } = makePlace();
    await run(["sh", "-c", `cd ${tree} && seq -f %0200.0f 1000 | xargs touch`]);
    const temporary = join(root, "tmp");
    mkdirSync(temporary);
    const before = process.env["TMPDIR"];
    await withTmpfs(temporary, "64k", async () => {
      process.env["TMPDIR"] = temporary;
      try {
        await assert.rejects(archive(store, { include: [tree] }), { exitCode: 4, message: full });
      } finally {
        if (before === undefined) delete process.env["TMPDIR"];
        else process.env["TMPDIR"] = before;
      }
      assert.deepEqual([readdirSync(store), readdirSync(temporary)], [[], []]);
    });
    const { stdout } = await run(["pgrep", "-P", `${process.pid}`, "xargs"], { okCodes: [0, 1] });
    assert.equal(stdout, "", "no helper is left waiting");
  });

  test("a set of the same second, which is kept", async () => {
    const { tree, store } = makePlace();
    const now = () => new Date(Date.UTC(2026, 0, 1));
    const first = await archive(store, { include: [tree], now });
    const message = /as a set is never overwritten: it is there already$/;
    await assert.rejects(archive(store, { include: [tree], now }), { exitCode: 3, message });
    assert.deepEqual(await pathsIn(first, tree), TREE);
    const both = await Promise.allSettled([1, 2].map(() => archive(store, { include: [tree], now: () => new Date(Date.UTC(2026, 0, 2)) })));
    assert.deepEqual(
      both.map(({ status }) => status).sort((a, b) => (a < b ? -1 : 1)),
      ["fulfilled", "rejected"],
    );
    assert.deepEqual(readdirSync(store).filter((name) => name.startsWith("test-")).length, 2);
  });
});
