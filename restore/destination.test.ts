// Where files cannot be brought back to: refused before the first write where that can be known, and said once where it cannot.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "#os/exec";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { FILES_REQUEST } from "./files-request-for-tests.ts";
import { planFiles, restoreFiles } from "./restore-files.ts";

const skip = process.getuid?.() === 0 ? false : "needs root to mount";
const scratch = await mkdtemp(join(tmpdir(), "lifeboat-destination-"));
const disk = join(scratch, "disk");
let set: TreeSet;

before(async () => {
  if (skip !== false) return;
  const tree = join(scratch, "tree");
  for (const directory of [join(tree, "dir"), disk]) await mkdir(directory, { recursive: true });
  await run(["sh", "-c", "head -c 3000000 /dev/urandom > dir/big; seq 10000 > dir/text; touch dir/z"], { cwd: tree });
  set = await archiveTree(tree, join(scratch, "set"));
  await run(["mount", "-t", "tmpfs", "-o", "size=1m", "lifeboat-test", disk]);
});

after(async () => {
  if (skip === false) await run(["umount", disk]);
  await rm(scratch, { recursive: true });
});

describe("restoreFiles()", { skip }, () => {
  test("ends with exit code 4 and one line on a disk that becomes full, checked or not", async () => {
    for (const check of [true, false]) {
      const to = join(disk, `${check}`);
      await assert.rejects(restoreFiles({ set, only: ["/dir"], to, ...FILES_REQUEST, check }), {
        exitCode: 4,
        message: `Cannot write all files below "${to}" as there must be room for them: no space is left`,
      });
      await rm(to, { recursive: true });
    }
  });

  test("refuses a place where this user cannot write, and what is to be made in it", async () => {
    await mkdir(join(disk, "kept/dir"), { recursive: true });
    await writeFile(join(disk, "kept/dir/own"), "");
    await run(["mount", "-o", "remount,ro", disk]);
    const refused = { exitCode: 3, message: /^Cannot write in ".*" as the system allows: the file system is read-only$/ };
    for (const to of [join(disk, "new"), join(disk, "kept")])
      for (const action of [restoreFiles, planFiles])
        await assert.rejects(action({ set, only: ["/dir/text"], to, ...FILES_REQUEST }), refused);
    assert.deepEqual((await readdir(disk, { recursive: true })).sort(), ["kept", "kept/dir", "kept/dir/own"]);
  });
});
