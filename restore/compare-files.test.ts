// Every kind of difference between files on a disk and a catalogue is found, and named as what it is; what is none is not.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { run } from "#os/exec";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { printable } from "../set/catalogue.ts";
import { readFrames } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { compareFiles } from "./compare-files.ts";
import { extractFiles } from "./extract-files.ts";
import { EXT4, mountImage, type MountedImage } from "./images-for-tests.ts";
import { setFlags } from "./set-flags.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-compare-"));
let image: MountedImage | undefined;
let set: TreeSet;
const tree = () => `${image?.path}/tree`;

const MAKE = `
  set -e
  mkdir tree tree/d; cd tree
  echo content > f; ln f h; echo hello > g; ln -s f l; mkfifo p; mknod n c 1 3
  truncate -s 3M s; printf end | dd of=s bs=1 seek=2000000 conv=notrunc status=none; head -c 300000 /dev/zero > z
  setfattr -n user.a -v one f; setfacl -m u:12345:r g; cp /bin/true cap; setcap cap_net_raw+ep cap
  echo flagged > i; chattr +A i; chattr +d d
  printf x > "$(printf 'new\\nline\\377')"
  # As long as a path can be here, so that it is too long in one call where the root has a longer name.
  (left=$((4095 - \${#PWD})); name=$(printf 'd%.0s' $(seq 200))
   while [ $left -gt 220 ]; do mkdir $name; cd $name; left=$((left - 201)); done
   echo deep > $(printf 'f%.0s' $(seq $((left - 1)))))
  touch -d '2001-02-03 04:05:06.123456789 UTC' g f; touch -hd '2002-01-01 UTC' l; touch -d '2003-01-01 UTC' n p d i z s .`;

before(async () => {
  image = await mountImage(EXT4, 200);
  if (image === undefined) return;
  await run(["bash", "-c", MAKE], { cwd: image.path });
  set = await archiveTree(tree(), join(scratch, "set"), { digestAlgorithm: "SHA-256" });
});
after(async () => {
  await image?.[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true });
});

let copies = 0;

/** A restored tree on the same kind of file system, with something done to it. Times of the top are set back. */
async function restored(spoil: string): Promise<string> {
  const root = `${image?.path}/copy${(copies += 1)}`;
  await mkdir(root);
  const frames = await readFrames(set);
  await extractFiles({ set, allFrames: frames, frames, areChecked: false, root, handedOver: async () => undefined });
  await setFlags(root, readCatalogue(set), () => false);
  await run(["bash", "-c", `set -e; ${spoil}\ntouch -r "$TREE" .`], { cwd: root, env: { TREE: tree() } });
  return root;
}

/** `PATH: WHAT`, and the number of paths that were looked at. */
async function compare(root: string) {
  const entries = () => readCatalogue(set);
  const { checked, differences } = await compareFiles({ root, entries, withFlags: true, progress: () => undefined });
  return { checked, found: differences.map(({ path, what }) => `${printable(path)}: ${what}`) };
}

function needImage(context: TestContext): boolean {
  if (image === undefined) context.skip("no ext4 can be mounted here");
  return image !== undefined;
}

const NO_LINK = "a file instead of a hard-link";
const ATTRIBUTES = "extended attributes, ACL or label";

describe("compareFiles() finds", () => {
  const cases: readonly (readonly [what: string, spoil: string, expected: readonly string[]])[] = [
    ["nothing where nothing was done", ":", []],
    ["a missing file", "rm g", ["/g: missing"]],
    ["a missing directory", "rmdir d", ["/d: missing"]],
    ["a missing name of odd bytes", `rm "$(printf 'new\\nline\\377')"`, ["/new\\012line\\377: missing"]],
    ["another type", "rm g; mkdir g", ["/g: a directory instead of a file"]],
    ["a file in the place of a link", 'rm l; cp f l; touch -r "$TREE/f" l', ["/l: a file instead of a symlink"]],
    ["a file in the place of a directory", "rmdir d; : > d", ["/d: a file instead of a directory", "/d: inode flags none instead of d"]],
    ["another mode", "chmod 4640 i", ["/i: mode 4640 instead of 0644"]],
    ["the mode of a directory", "chmod 1755 d", ["/d: mode 1755 instead of 0755"]],
    ["another owner", "chown 7 i", ["/i: owner 7:0 instead of 0:0"]],
    ["another group of a link", "chown -h :9 l", ["/l: owner 0:9 instead of 0:0"]],
    [
      "a time that is one nanosecond later",
      "touch -d '2001-02-03 04:05:06.123456790 UTC' g",
      ["/g: time of change 2001-02-03 04:05:06.123456790 instead of 2001-02-03 04:05:06.123456789"],
    ],
    [
      "another time of a link",
      "touch -hd '2002-01-02 UTC' l",
      ["/l: time of change 2002-01-02 00:00:00.000000000 instead of 2002-01-01 00:00:00.000000000"],
    ],
    ["a byte more", `printf x >> g; touch -r "$TREE/g" g`, ["/g: size 7 instead of 6", "/g: content"]],
    ["a byte less", `truncate -s 5 g; touch -r "$TREE/g" g`, ["/g: size 5 instead of 6", "/g: content"]],
    ["a byte that is another", `printf J | dd of=g bs=1 conv=notrunc status=none; touch -r "$TREE/g" g`, ["/g: content"]],
    [
      "a byte that is another in a file with holes",
      `printf E | dd of=s bs=1 seek=2000000 conv=notrunc status=none; touch -r "$TREE/s" s`,
      ["/s: content"],
    ],
    ["a byte in what was a hole", `printf E | dd of=s bs=1 seek=1000 conv=notrunc status=none; touch -r "$TREE/s" s`, ["/s: content"]],
    ["an extended attribute with another value", "setfattr -n user.a -v two f", [`/f: ${ATTRIBUTES}`]],
    ["an extended attribute that is gone", "setfattr -x user.a f", [`/f: ${ATTRIBUTES}`]],
    ["an extended attribute that came", "setfattr -n user.b -v '' i", [`/i: ${ATTRIBUTES}`]],
    ["an ACL that is another, with the same mode", "setfacl -m u:12345:-,m::r g", [`/g: ${ATTRIBUTES}`]],
    ["an ACL that is gone", "setfacl -b g", [`/g: ${ATTRIBUTES}`]],
    ["a default ACL that came", "setfacl -d -m u:1:r d", [`/d: ${ATTRIBUTES}`]],
    ["a capability that is gone", "setcap -r cap", [`/cap: ${ATTRIBUTES}`]],
    ["another target of a link", `ln -sfn g l; touch -hr "$TREE/l" l`, ["/l: target g instead of f"]],
    ["a hard link that is a file of its own", "cp --preserve=all h x; mv x h", [`/h: ${NO_LINK}`]],
    ["a hard link to another file", "ln -f i h", [`/h: ${NO_LINK}`, "/i: a hard-link instead of a file"]],
    ["another device number", `rm n; mknod n c 1 5; touch -r "$TREE/n" n`, ["/n: device number 1:5 instead of 1:3"]],
    ["a block device for a character device", "rm n; mknod n b 1 3", ["/n: a block-device instead of a character-device"]],
    ["an inode flag that is gone", "chattr -A i", ["/i: inode flags none instead of A"]],
    ["an inode flag that came", "chattr +d i", ["/i: inode flags dA instead of A"]],
    ["an inode flag of a directory", "chattr -d d", ["/d: inode flags none instead of d"]],
    [
      "all that differs in one file",
      "chmod 600 i; chown 1:1 i; chattr -A i",
      ["/i: mode 0600 instead of 0644", "/i: owner 1:1 instead of 0:0", "/i: inode flags none instead of A"],
    ],
    ["nothing in a file with holes that was written without", `cp --sparse=never --preserve=all s x; mv x s`, []],
    ["nothing in a file of zeros that was written as a hole", "cp --sparse=always --preserve=all z x; mv x z", []],
    ["nothing in files that are there beside", `echo new > new; mkdir new2`, []],
  ];
  for (const [what, spoil, expected] of cases) {
    test(what, async (context) => {
      if (!needImage(context)) return;
      const root = await restored(spoil);
      assert.deepEqual((await compare(root)).found, expected);
      await run(["rm", "-rf", root]);
    });
  }

  test("thousands of files that are missing in a row, and looks at all others", async (context) => {
    if (!needImage(context)) return;
    const many = `${image?.path}/many`;
    await run(["bash", "-c", "mkdir -p many/a many/b many/c; cd many; touch a/{1..50} b/{1..5000} c/{1..50}"], { cwd: image!.path });
    const manySet = await archiveTree(many, join(scratch, "many-set"));
    await run(["bash", "-c", 'rm b/*; touch -d "2003-01-01 UTC" c/7'], { cwd: many });
    const entries = () => readCatalogue(manySet);
    const { checked, differences } = await compareFiles({ root: many, entries, withFlags: true, progress: () => undefined });
    const others = differences.filter(({ what }) => what !== "missing").map(({ path }) => path);
    assert.deepEqual([checked, differences.length - others.length, others], [104, 5000, ["/b", "/c/7"]]);
  });
});

test("compareFiles() finds names of one node that have become two, asked for flags or not", async () => {
  const nodes = join(scratch, "nodes");
  await mkdir(nodes);
  await run(["sh", "-c", "mkfifo a; ln a b; ln a c"], { cwd: nodes });
  const nodeSet = await archiveTree(nodes, join(scratch, "nodes-set"));
  await run(["sh", "-c", "cp -a --no-preserve=links b x; mv x b; touch -r a b; touch -d @1 .; rm c"], { cwd: nodes });
  for (const withFlags of [true, false]) {
    const { differences } = await compareFiles({
      root: nodes,
      entries: () => readCatalogue(nodeSet),
      withFlags,
      progress: () => undefined,
    });
    assert.deepEqual(
      differences.filter(({ path }) => path !== "/"),
      [
        { path: "/c", kind: "missing", what: "missing" },
        { path: "/b", kind: "link", what: "a node of its own instead of another name of /a" },
      ],
    );
  }
});

test("compareFiles() looks at every path of the set", async (context) => {
  if (!needImage(context)) return;
  assert.deepEqual(await compare(tree()), { checked: set.manifest.totals.paths, found: [] });
});
