import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "#os/exec";
import { lifeboat, makeScratch, pathsIn } from "./command-line-for-tests.ts";

test("logs puts what there is into one archive, says how much, and overwrites nothing untold", async () => {
  await using scratch = await makeScratch();
  const file = join(scratch.path, "logs.tar.gz");
  const { stdout, stderr, exitCode } = await lifeboat(["logs", file], { temporaryDirectory: scratch.path });
  const count = Number(/: (\d+) files$/m.exec(stdout)?.[1]);
  assert.deepEqual([exitCode, stderr], [0, ""]);
  const names = (await run(["tar", "-tzf", file])).stdout.split("\n").filter((name) => name !== "" && !name.endsWith("/"));
  assert.equal(names.length, count);
  for (const name of ["kernel.log", "lsblk.json", "blkid.txt", "files/proc/mounts"])
    assert.ok(names.includes(`lifeboat-logs/${name}`), name);
  const { stdout: mounts } = await run(["tar", "-xzOf", file, "lifeboat-logs/files/proc/mounts"]);
  assert.match(mounts, / \/ /);
  const again = await lifeboat(["logs", file], { temporaryDirectory: scratch.path });
  assert.deepEqual([again.exitCode, (await pathsIn(scratch.path)).length], [3, 1]);
  assert.equal((await lifeboat(["logs", "--force", file], { temporaryDirectory: scratch.path })).exitCode, 0);
});

test("mount, unmount, chroot and boot-loader are refused outside of the rescue system", async () => {
  for (const words of [["mount", "/mnt/backup"], ["unmount"], ["chroot"], ["boot-loader", "/mnt/backup"]]) {
    const { stderr, exitCode } = await lifeboat(words);
    assert.match(stderr, /as that happens in the rescue system: this is none\n {2}Boot the rescue medium/);
    assert.equal(exitCode, 2);
  }
});
