// Links resolved inside a root, against what chroot(8) or the kernel would say.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { rootedTree } from "./rooted-tree.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-tree-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const root = mkdtempSync(join(scratch, "t-"));
mkdirSync(join(root, "usr/lib"), { recursive: true });
writeFileSync(join(root, "usr/lib/real"), "x");
for (const [path, target] of [
  ["lib", "usr/lib"],
  ["usr/lib/one", "two"],
  ["usr/lib/two", "/lib/real"],
  ["usr/lib/up", "../../../../usr/lib/real"],
  ["usr/lib/dangling", "nowhere"],
  ["loop-a", "loop-b"],
  ["loop-b", "loop-a"],
] as const) {
  symlinkSync(target, join(root, path));
}
const tree = rootedTree(root);

async function seen(path: string) {
  const { path: end, info, links } = await tree.resolve(path);
  return [end, info?.type, links.map((link) => `${link.path} -> ${link.target}`)];
}

test("resolve() keeps every link of a chain, absolute targets inside the root", async () => {
  const chain = ["lib -> usr/lib", "usr/lib/one -> two", "usr/lib/two -> /lib/real", "lib -> usr/lib"];
  assert.deepEqual(await seen("/lib/one"), ["usr/lib/real", "file", chain]);
});

test("resolve() does not leave the root, says what is not there, and gives a dangling link's own", async () => {
  assert.deepEqual(await seen("usr/lib/up"), ["usr/lib/real", "file", ["usr/lib/up -> ../../../../usr/lib/real"]]);
  assert.deepEqual(await seen("usr/none/deeper"), ["usr/none/deeper", undefined, []]);
  assert.deepEqual(await seen("lib/dangling"), ["usr/lib/nowhere", undefined, ["lib -> usr/lib", "usr/lib/dangling -> nowhere"]]);
  assert.deepEqual(await seen("/"), ["", "directory", []]);
});

test("resolve() refuses a loop of links", async () => {
  await assert.rejects(tree.resolve("loop-a"), {
    name: "LifeboatError",
    message: 'Cannot resolve "loop-a" as at most 40 links are followed: more',
  });
});

test("list() follows links to directories and gives nothing for anything else", async () => {
  assert.deepEqual(await tree.list("lib"), ["dangling", "one", "real", "two", "up"]);
  assert.deepEqual(await tree.list("usr/lib/real"), []);
});
