// Directories in which something was written get their times again, from the catalogue.
import assert from "node:assert/strict";
import { chmod, cp, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "#os/exec";
import { archiveTree } from "../archive/set-for-tests.ts";
import { readFrames, type OpenSet } from "../set/open-set.ts";
import type { PassedGate } from "./gate.ts";
import { refreshDirectories } from "./refresh-directories.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-refresh-"));
after(() => rm(scratch, { recursive: true }));
const DIRECTORIES = ["a", "a/deep", "b", "untouched"];

const times = (root: string) =>
  Promise.all(
    DIRECTORIES.map(async (name) => stat(join(root, name), { bigint: true }).then(({ mtimeNs, mode }) => `${name} ${mtimeNs} ${mode}`)),
  );

test("refreshDirectories() reads no volume: discs would have to be changed for them once more", async () => {
  const place = await mkdtemp(join(scratch, "place-"));
  const [tree, root] = [join(place, "tree"), join(place, "root")];
  for (const name of DIRECTORIES) await mkdir(join(tree, name), { recursive: true });
  await chmod(join(tree, "b"), 0o2750);
  await run(["sh", "-c", "touch -d @1000000000.123456789 a/deep; touch -d @-5.25 a; touch -d @1500000000.5 b . untouched"], {
    cwd: tree,
  });
  const set: OpenSet = await archiveTree(tree, join(place, "set"));
  await cp(tree, root, { recursive: true, preserveTimestamps: true });
  const before = await times(tree);
  await run(["sh", "-c", "touch -d @1500000000.5 untouched"], { cwd: root });
  for (const name of ["a", "a/deep", "b"]) await writeFile(join(root, name, "new"), "");
  const frames = await readFrames(set);
  const read: OpenSet["source"]["read"] = async (name, offset, room) => {
    assert.doesNotMatch(name, /\.tar/);
    return set.source.read(name, offset, room);
  };
  const source = { ...set.source, read };
  const gate: PassedGate = { frames, mode: "full", damaged: new Set(), lost: [] };
  await refreshDirectories({ set: { ...set, source }, gate }, root);
  assert.deepEqual(await times(root), before);
});
