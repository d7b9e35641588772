// Archives of files from end to end: the store never goes into itself, each path comes once, what goes wrong leaves nothing behind.
import assert from "node:assert/strict";
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { run } from "#os/exec";
import { directorySource, listStore } from "../media/directory-store.ts";
import type { StoredSet } from "../media/stored-set.ts";
import { openSet } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { QUIET } from "./discs-for-tests.ts";
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
const IMAGE: NonNullable<ArchiveRequest["image"]> = {
  chooseKernel: unexpected,
  imageOptions: unexpected,
  mediumOptions: { cacheDirectory: "/no/such/cache" } as NonNullable<ArchiveRequest["image"]>["mediumOptions"],
};
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
      images: [],
      withoutNetwork: false,
      codec: "zstd",
      level: 1,
      acceptUnrestorable: false,
      acceptMissing: false,
      luksHeaders: false,
      image: IMAGE,
      createdBy: "lifeboat test",
      now: () => new Date(now),
      remark: () => undefined,
      ...QUIET,
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
const WITH_STORE = ["/file", "/store", ...TREE.slice(1)];

const leftOutOf = ({ manifest }: ArchiveOutcome) => (manifest.leftOut ?? []).map(({ what, reason }) => `${what}: ${reason}`);

test("links of a machine that is mounted below a directory lead to nothing outside of it", async () => {
  const { root, tree, store } = makePlace();
  writeFileSync(join(root, "host"), "of the running system");
  symlinkSync("sub", join(tree, "link"));
  symlinkSync(root, join(tree, "out"));
  const outcome = await archive(store, { root: tree, include: ["/link/inner", "/out/host"], acceptMissing: true });
  assert.deepEqual(await pathsIn(outcome, ""), ["/", "/sub", "/sub/inner"]);
});

describe("sets inside the tree", () => {
  test("and what belongs to them are left out and named, what else is in the store is taken", async () => {
    const { tree, store } = makePlace();
    const first = await archive(tree, { include: [store, join(tree, "sub")] });
    await run(
      [
        "sh",
        "-c",
        `mkdir .lifeboat-staging-AbC123 me-20260101T000000Z half-20260102T000000Z half-20260102T000000Z/boot .lifeboat-x
      touch docs .lifeboat-stored web.iso web-20260101T000000Z-1.iso me-20260101T000000Z/thesis .lifeboat-store.part-0123456789ab`,
      ],
      { cwd: tree },
    );
    const outcome = await archive(tree, { include: [tree] });
    const kept = [".lifeboat-stored", ".lifeboat-x", "docs", "file", "me-20260101T000000Z", "me-20260101T000000Z/thesis"];
    assert.deepEqual(await pathsIn(outcome, tree), [...kept.map((name) => `/${name}`), ...TREE.slice(1), "/web.iso"]);
    const own = [".lifeboat-staging-AbC123", ".lifeboat-store", ".lifeboat-store.part-0123456789ab", "half-20260102T000000Z"];
    const names = [...own, first.manifest.id].join(", ");
    assert.deepEqual(leftOutOf(outcome), [`"${tree}": Lifeboat's own sets are not taken: ${names} and 1 more`]);
  });

  test("are left out and named in every store that the walk comes to, and what only looks like them is taken elsewhere", async () => {
    const { tree, store } = makePlace();
    const make = `mkdir -p other/web-20260101T000000Z other/web-20260102T000000Z/mine sub/web-20260101T000000Z
      touch other/.lifeboat-store other/docs other/web-20260101T000000Z/set.json sub/web-20260101T000000Z/set.json sub/web-20260101T000000Z-1.iso`;
    await run(["sh", "-c", make], { cwd: tree });
    const outcome = await archive(store, { include: [tree] });
    const others = ["/other", "/other/docs", "/other/web-20260102T000000Z", "/other/web-20260102T000000Z/mine"];
    const lookalikes = ["/sub/web-20260101T000000Z", "/sub/web-20260101T000000Z-1.iso", "/sub/web-20260101T000000Z/set.json"];
    assert.deepEqual([...(await pathsIn(outcome, tree))].sort(), ["/file", ...others, ...TREE.slice(1), ...lookalikes].sort());
    assert.deepEqual(leftOutOf(outcome), [`"${tree}/other": Lifeboat's own sets are not taken: .lifeboat-store, web-20260101T000000Z`]);
  });

  test("are left out, by its own name and by a link's", async () => {
    const { root, tree } = makePlace();
    const store = join(tree, "store");
    mkdirSync(store);
    symlinkSync(store, join(root, "link"));
    for (const name of [store, join(root, "link")]) {
      const outcome = await archive(name, { include: [tree] });
      assert.deepEqual([outcome.path.startsWith(`${store}/test-`), await pathsIn(outcome, tree)], [true, WITH_STORE]);
    }
  });

  test("are left out by every name that a bind mount gives it", { skip: noRoot }, async () => {
    const { root, tree } = makePlace();
    const store = join(tree, "store");
    const seen = join(root, "seen");
    for (const path of [store, seen]) mkdirSync(path);
    await run(["mount", "--bind", tree, seen]);
    try {
      assert.deepEqual(await pathsIn(await archive(join(seen, "store"), { include: [tree] }), tree), WITH_STORE);
      assert.deepEqual(await pathsIn(await archive(store, { include: [seen] }), seen), WITH_STORE);
    } finally {
      await run(["umount", seen]);
    }
  });
});

test("of a cache in the tree the pieces are left out and named, what else is there is taken", async () => {
  const { tree, store } = makePlace();
  const cacheDirectory = join(tree, "cache");
  await run(["sh", "-c", "mkdir -p cache/packages/x; touch cache/notes cache/tools-0123456789abcdef0123456789abcdef.squashfs"], {
    cwd: tree,
  });
  const image = { ...IMAGE, mediumOptions: { ...IMAGE.mediumOptions, cacheDirectory } };
  const outcome = await archive(store, { include: [tree], image });
  assert.deepEqual(await pathsIn(outcome, tree), ["/cache", "/cache/notes", ...TREE]);
  const pieces = "packages, tools-0123456789abcdef0123456789abcdef.squashfs";
  assert.deepEqual(leftOutOf(outcome), [`"${cacheDirectory}": Lifeboat's cache is not taken: ${pieces}`]);
});

test("a machine below another root is seen from there: store, exclusions, the mark of its restore and what is left out", async () => {
  const { tree } = makePlace();
  const store = join(tree, "srv/backup");
  await run(["sh", "-c", "mkdir -p srv/backup proc/1 etc/.lifeboat .lifeboat; touch srv/backup/docs proc/1/x .lifeboat/restored.json"], {
    cwd: tree,
  });
  const request: Partial<ArchiveRequest> = { root: tree, include: ["/"], exclude: ["/sub"], image: undefined, acceptUnrestorable: true };
  const outcome = await archive(store, request);
  const second = await archive(store, request);
  const paths = ["/", "/etc", "/etc/.lifeboat", "/file", "/proc", "/srv", "/srv/backup", "/srv/backup/docs"];
  for (const { path } of [outcome, second]) {
    const found: string[] = [];
    for await (const entry of readCatalogue(await openSet(directorySource(path)))) found.push(entry.path);
    assert.deepEqual(found, paths);
  }
  const own = leftOutOf(second).find((line) => line.includes("Lifeboat's own sets"));
  assert.equal(own, `"/srv/backup": Lifeboat's own sets are not taken: .lifeboat-store, ${outcome.manifest.id}`);
  assert.equal(second.manifest.kind, "machine");
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

  test("one that is not there is refused before anything is written", async () => {
    const { tree, store } = makePlace();
    const paths = [`${tree}x/y`, join(tree, "*.c")];
    const message = `Cannot archive ${paths.map((path) => `"${path}"`).join(", ")} as what is asked for must be there: it is not`;
    await assert.rejects(archive(store, { include: [tree, ...paths] }), { exitCode: 3, message, hint: /no wildcards.*--accept-missing$/ });
    assert.deepEqual(readdirSync(store), []);
  });

  test("one that is not there and is accepted is told in the manifest", async () => {
    const { tree, store } = makePlace();
    const { manifest } = await archive(store, { include: [tree, `${tree}x/y`], acceptMissing: true });
    assert.deepEqual(manifest.unreadable, [{ path: `${tree}x/y`, what: "it is not there" }]);
  });
});

describe("refused before anything is written is", () => {
  const cases: readonly (readonly [what: string, request: (tree: string) => Partial<ArchiveRequest>, exitCode: number, message: RegExp])[] =
    [
      [
        "a set of nothing",
        () => ({ include: ["/no/such"], acceptMissing: true }),
        2,
        /"\/no\/such" as it must hold something: nothing is left/,
      ],
      ["what is excluded too", (tree) => ({ include: [tree], exclude: [tree] }), 2, /must go into the set: --exclude \/.* leaves it out$/],
      [
        "what is in an excluded directory",
        (tree) => ({ include: [join(tree, "sub")], exclude: ["tree"] }),
        2,
        /: --exclude tree leaves it out$/,
      ],
      [
        "an image with files alone",
        (tree) => ({ include: [tree], images: ["/dev/sda3"] }),
        2,
        /image of "\/dev\/sda3" as it is for a set that rebuilds the machine: one without \/ does not$/,
      ],
      ["what the kernel makes up", () => ({ include: ["/proc/self"] }), 2, /must go into the set: proc has no files of its own$/],
      ["an exclusion of everything", (tree) => ({ include: [tree], exclude: ["/"] }), 2, /something must be left: that is everything$/],
      [
        "a pattern that never matches",
        (tree) => ({ include: [tree], exclude: ["sub/inner"] }),
        2,
        /a whole path or one name: it never matches$/,
      ],
      [
        "a device that is none",
        (tree) => ({ include: [tree], exclude: ["/dev/nope1"] }),
        2,
        /"\/dev\/nope1" as it must be a disk.*: there is none/,
      ],
      [
        "a device that is no disk",
        (tree) => ({ include: [tree], exclude: ["/dev/null"] }),
        2,
        /"\/dev\/null" as it must be a disk.*: there is none/,
      ],
    ];
  for (const [what, request, exitCode, message] of cases) {
    test(what, async () => {
      const { tree, store } = makePlace();
      await assert.rejects(archive(store, request(tree)), { name: "LifeboatError", exitCode, message });
      assert.deepEqual(readdirSync(store), []);
    });
  }
});

test("patterns that leave out nothing are named; what the user said is in the manifest as it was said", async () => {
  const { tree, store } = makePlace();
  const exclude = [join(tree, "sub//inner/"), "second", "*.none", "/typo"];
  const outcome = await archive(store, { include: [tree], exclude });
  assert.deepEqual(await pathsIn(outcome, tree), ["/file", "/sub"]);
  assert.deepEqual(outcome.warnings, ["--exclude *.none has left out nothing", "--exclude /typo has left out nothing"]);
  assert.deepEqual(outcome.manifest.options.exclude, exclude);
});

/** Below `tree`: a file system on a loop device, one in memory, a directory from elsewhere and one from the tree itself. */
async function withMounts(action: (place: Place, loop: string) => Promise<void>): Promise<void> {
  const place = makePlace();
  const { root, tree } = place;
  const script = `set -e
    mkdir -p elsewhere/deep tree/disk tree/memory tree/bound tree/twin; echo x > elsewhere/deep/file
    truncate -s 8M image; mke2fs -q -F -t ext4 -L 'old disk' image; loop=$(losetup --find --show image); mount "$loop" tree/disk; echo on-disk > tree/disk/own
    mount -t tmpfs tmpfs tree/memory; echo gone > tree/memory/gone; mount --bind elsewhere tree/bound; mount --bind tree/sub tree/twin; echo "$loop"`;
  const { stdout } = await run(["sh", "-c", script], { cwd: root });
  const loop = stdout.trim();
  try {
    await action(place, loop);
  } finally {
    for (const name of ["disk", "memory", "bound", "twin"]) await run(["umount", join(tree, name)]);
    await run(["losetup", "-d", loop]);
  }
}

describe("mounts below a path that is asked for", { skip: noRoot }, () => {
  const DISK = ["/disk", "/disk/lost+found", "/disk/own"];
  const REST = ["/file", "/memory", "/sub", "/sub/inner", "/sub/second", "/twin"];

  test("go into the set where they hold files that are not in it otherwise; the others are named, in the manifest too", () =>
    withMounts(async ({ tree, store }) => {
      const outcome = await archive(store, { include: [tree] });
      assert.deepEqual(await pathsIn(outcome, tree), ["/bound", "/bound/deep", "/bound/deep/file", ...DISK, ...REST]);
      assert.deepEqual(leftOutOf(outcome), [
        `"${tree}/memory": tmpfs is memory: what is there goes with it`,
        `"${tree}/twin": it shows what "${tree}/sub" has already`,
      ]);
      const named = await archive(store, { include: ["memory", "twin", "disk"].map((name) => join(tree, name)) });
      assert.deepEqual(await pathsIn(named, tree), [...DISK, "/memory", "/memory/gone", "/twin", "/twin/inner", "/twin/second"]);
      assert.deepEqual(leftOutOf(named), []);
    }));

  test("are left out by their device's names, by its link and its label, and by a pattern that names their directory", () =>
    withMounts(async ({ root, tree, store }, loop) => {
      const link = `/dev/lifeboat-test-${process.pid}`;
      symlinkSync(loop, link);
      try {
        for (const word of [loop, link, "/dev/disk/by-label/old\\x20disk", join(tree, "di*")]) {
          const outcome = await archive(store, { include: [tree], exclude: [word] });
          assert.ok((await pathsIn(outcome, tree)).includes("/disk"), "the mount point itself is taken");
          assert.ok(!(await pathsIn(outcome, tree)).includes("/disk/own"), word);
          assert.equal(leftOutOf(outcome)[0], `"${tree}/disk": --exclude ${word} leaves it out`);
          assert.deepEqual(outcome.warnings, []);
        }
      } finally {
        rmSync(link);
      }
      const contrary = archive(store, { include: [join(tree, "disk/own")], exclude: [loop] });
      await assert.rejects(contrary, { exitCode: 2, message: new RegExp(`: --exclude ${loop} leaves it out$`) });
      writeFileSync(join(root, "other"), Buffer.alloc(1e6));
      const idle = (await run(["losetup", "--find", "--show", join(root, "other")])).stdout.trim();
      try {
        const { warnings } = await archive(store, { include: [tree], exclude: [idle] });
        assert.deepEqual(warnings, [`--exclude ${idle} has left out no files: nothing on it is mounted`]);
      } finally {
        await run(["losetup", "-d", idle]);
      }
    }));
});

test("a set counts when it has been read again: until then it has no manifest, and others see who writes it", async () => {
  const { tree, store } = makePlace();
  const seen: unknown[] = [];
  const looked: Promise<unknown>[] = [];
  const outcome = await archive(store, {
    include: [tree],
    progress(state) {
      if (state?.what === "verifying") looked.push(listStore(store).then((sets) => seen.push(...sets)));
      if (state?.what === "verifying") assert.deepEqual(readdirSync(join(store, readdirSync(store)[0]!)).includes("set.json"), false);
    },
  });
  await Promise.all(looked);
  assert.ok(looked.length > 0);
  const [{ id, state, problem }] = seen as [StoredSet];
  assert.deepEqual([id, state], [outcome.manifest.id, "being-written"]);
  assert.match(problem ?? "", new RegExp(`^it is being written by process ${process.pid} on \\S+, since 20`));
  assert.deepEqual(
    (await listStore(store)).map(({ state, manifest }) => [state, manifest]),
    [["whole", outcome.manifest]],
  );
  assert.ok(!readdirSync(outcome.path).includes("writing.json"));
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
    ["at the manifest", "100m,nr_inodes=7"],
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
    assert.equal(both.filter(({ status }) => status === "fulfilled").length, 1);
    assert.deepEqual(readdirSync(store).filter((name) => name.startsWith("test-")).length, 2);
  });
});
