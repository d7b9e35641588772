// btrfs keeps a file's algorithm in an attribute, of which the inode flag knows nothing.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run } from "#os/exec";
import { archiveTree } from "../archive/set-for-tests.ts";
import { FILES_REQUEST } from "./files-request-for-tests.ts";
import { restoreFiles } from "./restore-files.ts";

let scratch: string;
let mounted: string;

before(async () => {
  scratch = await mkdtemp("/tmp/lifeboat-test-");
  mounted = join(scratch, "btrfs");
  const made = join(mounted, "made");
  await mkdir(mounted);
  await run(["truncate", "--size=200M", join(scratch, "image")]);
  await run(["mkfs.btrfs", "--quiet", join(scratch, "image")]);
  await run(["mount", "-o", "loop", join(scratch, "image"), mounted]);
  await mkdir(join(made, "dir"), { recursive: true });
  await run(["sh", "-c", "echo z > zstd; echo l > by-flag; echo n > never; chattr +c by-flag"], { cwd: made });
  for (const [path, how] of [
    ["zstd", "zstd"],
    ["dir", "lzo"],
    ["never", "none"],
  ] as const)
    await run(["btrfs", "property", "set", join(made, path), "compression", how]);
});

after(async () => {
  await run(["umount", mounted]);
  await rm(scratch, { recursive: true });
});

test("restoreFiles() leaves each file of a btrfs the algorithm that it is compressed with", async () => {
  const set = await archiveTree(join(mounted, "made"), join(scratch, "set"));
  const to = join(mounted, "restored");
  assert.deepEqual((await restoreFiles({ ...FILES_REQUEST, only: ["/"], set, to })).differences, []);
  const names = ["zstd", "dir", "by-flag", "never"];
  const { stdout } = await run(["sh", "-c", 'for name; do btrfs property get "$name" compression; done', "sh", ...names], { cwd: to });
  assert.equal(stdout, "compression=zstd\ncompression=lzo\ncompression=zlib\ncompression=none\n");
});
