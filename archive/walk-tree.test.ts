// The walk: find is the oracle for what there is; each path comes once, directories first; what cannot be taken is told with a reason.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run, runBytes } from "#os/exec";
import { latin1Decode } from "../formats/text.ts";
import { bytesOfText } from "../set/catalogue.ts";
import { exclusionsOf } from "./exclusions.ts";
import { walkTree, type WalkOptions } from "./walk-tree.ts";

const tree = mkdtempSync(join(tmpdir(), "lifeboat-walk-"));
after(() => rmSync(tree, { recursive: true, force: true }));

interface Walked {
  readonly paths: readonly string[];
  readonly skipped: readonly (readonly [path: string, reason: string])[];
}

function walk(root: string, options: Partial<WalkOptions> = {}): Walked {
  const skipped: [string, string][] = [];
  const defaults: WalkOptions = {
    root: bytesOfText(root),
    include: ["/"],
    exclude: () => false,
    closedMounts: new Set(),
    skipped: (path, reason) => void skipped.push([path, reason]),
  };
  return { paths: [...walkTree({ ...defaults, ...options })].map(({ path }) => path), skipped };
}

before(async () => {
  const script = `mkdir -p a/b/c a-b dir/sub closed/inside; touch a/b/c/file a-b/x dir/sub/y closed/inside/z; mkfifo pipe; ln -s a link; ln -s / up
    touch -- -dash "$(printf 'new\\nline')" "$(printf '\\377\\376')" "$(printf '%0255d' 0)"; mknod null c 1 3 2>/dev/null || true`;
  await run(["sh", "-c", script], { cwd: tree });
});

test("walkTree() gives what find finds, each once, directories before what they hold, names by their bytes", async () => {
  const found = latin1Decode(await runBytes(["find", ".", "-printf", "/%P\\0"], { cwd: tree }))
    .split("\0")
    .slice(0, -1);
  const { paths, skipped } = walk(tree);
  // Bytewise by components, which is the order of depth-first walks over sorted names.
  const key = (path: string) => (path === "/" ? "" : path.replaceAll("/", "\0"));
  assert.deepEqual(
    paths,
    found.sort((a, b) => (key(a) < key(b) ? -1 : 1)),
  );
  assert.deepEqual(skipped, []);
});

const A = ["/", "/a", "/a/b", "/a/b/c", "/a/b/c/file"];

describe("included paths", () => {
  const cases: readonly (readonly [what: string, options: Partial<WalkOptions>, paths: readonly string[]])[] = [
    ["the way to a path comes first", { include: ["/a/b/c/file"] }, A],
    ["a path within another comes once", { include: ["/a/b", "/a", "/a/b/c/file"] }, A],
    ["a path that is named twice comes once", { include: ["/a", "/a"] }, A],
    ["the same way comes once", { include: ["/a/b/c", "/dir/sub"] }, [...A, "/dir", "/dir/sub", "/dir/sub/y"]],
    ["a name that begins alike is no path within", { include: ["/a", "/a-b"] }, [...A, "/a-b", "/a-b/x"]],
    ["a symbolic link is not followed", { include: ["/link"] }, ["/", "/link"]],
    ["of a closed mount the directory alone is taken", { include: ["/closed"], closedMounts: new Set(["/closed"]) }, ["/", "/closed"]],
    [
      "a path behind a closed mount is taken when it is named",
      { include: ["/closed/inside", "/"], exclude: exclusionsOf(["/[!c]*"]).isExcluded, closedMounts: new Set(["/closed"]) },
      ["/", "/closed", "/closed/inside", "/closed/inside/z"],
    ],
    ["what is excluded is left out with all below it", { include: ["/a"], exclude: exclusionsOf(["/a/b"]).isExcluded }, ["/", "/a"]],
    [
      "of what is excluded itself no way is taken",
      { include: ["/a/b", "/a-b"], exclude: exclusionsOf(["/a/b"]).isExcluded },
      ["/", "/a-b", "/a-b/x"],
    ],
    [
      "an exclusion holds for a path that is named too",
      { include: ["/a", "/a/b/c"], exclude: exclusionsOf(["/a/b"]).isExcluded },
      ["/", "/a"],
    ],
  ];
  for (const [what, options, paths] of cases) {
    test(`walkTree(): ${what}`, () => assert.deepEqual(walk(tree, options), { paths, skipped: [] }));
  }

  test("walkTree() tells of a directory that has gone, or is none any more, before it was listed", () => {
    for (const becomes of ["nothing", "a file"]) {
      const root = mkdtempSync(join(tmpdir(), "lifeboat-gone-"));
      mkdirSync(join(root, "dir"));
      const skipped: unknown[] = [];
      const options = { root, include: ["/"], exclude: () => false, closedMounts: new Set<string>() };
      for (const { path } of walkTree({ ...options, skipped: (...what) => void skipped.push(what) })) {
        if (path !== "/dir") continue;
        rmSync(join(root, "dir"), { recursive: true });
        if (becomes === "a file") writeFileSync(join(root, "dir"), "");
      }
      rmSync(root, { recursive: true });
      assert.deepEqual(skipped, [["/dir", "it was removed before it was read"]]);
    }
  });

  test("walkTree() tells of a path that is not there, and takes no way to it", () => {
    assert.deepEqual(walk(tree, { include: ["/no/such", "/a-b"] }), {
      paths: ["/", "/a-b", "/a-b/x"],
      skipped: [["/no/such", "it is not there"]],
    });
  });
});

test("walkTree() tells the ways to what was asked for from the rest", () => {
  const options = {
    root: bytesOfText(tree),
    include: ["/a/b/c"],
    exclude: () => false,
    closedMounts: new Set<string>(),
    skipped: assert.fail,
  };
  assert.deepEqual(
    [...walkTree(options)].map(({ path, isWay = false }) => [path, isWay]),
    [
      ["/", true],
      ["/a", true],
      ["/a/b", true],
      ["/a/b/c", false],
      ["/a/b/c/file", false],
    ],
  );
});

test("walkTree() tells of sockets, and of directories that cannot be listed", async (context) => {
  const root = join(tree, "dir");
  const server = createServer().listen(join(root, "sock"));
  try {
    const { paths, skipped } = walk(root);
    assert.deepEqual([paths, skipped], [["/", "/sub", "/sub/y"], [["/sock", "a socket exists only while its program runs"]]]);
  } finally {
    server.close();
  }
  if (process.getuid?.() !== 0) return context.skip("needs root to become another user");
  process.seteuid?.(65534);
  try {
    // The temporary directory itself is root's alone.
    assert.deepEqual(walk(tree, { include: ["/"] }), { paths: ["/"], skipped: [["/", "permission denied"]] });
  } finally {
    process.seteuid?.(0);
  }
});

test("walkTree() goes as deep as the kernel does, and tells of what lies deeper", async () => {
  const root = join(tree, "deep");
  await mkdir(root);
  const script = `import os, sys
os.chdir(sys.argv[1])
for i in range(15):
    os.mkdir("d" * 255); os.chdir("d" * 255)
left = 4095 - len(os.getcwd().encode()) - 1
for name in ["e" * left, "f" * (left + 1)]:
    if len(name) <= 255: open(name, "w").close()
os.mkdir("g" * 100); os.chdir("g" * 100)
open("h" * 255, "w").close()`;
  const length = root.length + 15 * 256;
  // So that what is left for the last name is a good name.
  assert.ok(4095 - length - 1 > 100 && 4095 - length - 1 < 255);
  await run(["python3", "-c", script, root]);
  const { paths, skipped } = walk("", { include: [root] });
  assert.deepEqual(
    paths.slice(-2).map((path) => path.length),
    [4095, length + 101],
  );
  assert.deepEqual(
    skipped.map(([path, reason]) => [path.length, reason]),
    [
      [4096, "its path has more than 4095 bytes"],
      [length + 101 + 256, "its path has more than 4095 bytes"],
    ],
  );
});

test("walkTree() follows no link that leads in a circle", () => {
  symlinkSync(".", join(tree, "a-b/self"));
  assert.deepEqual(walk(tree, { include: ["/a-b"] }).paths, ["/", "/a-b", "/a-b/self", "/a-b/x"]);
});
