// Directories and files by names of any bytes.
import assert from "node:assert/strict";
import { linkSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bytesOf, infoRaw, listRaw, makeDirectoryRaw } from "#os/byte-paths";
import { run } from "#os/exec";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-bytes-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

test("listRaw() lists names of any bytes, sorted by these, with their types", async () => {
  const directory = join(scratch, "list");
  mkdirSync(directory);
  for (const name of ["b", "\xff\xfe", "a\nb", "B", "\xc3\xa4", "a"]) writeFileSync(Buffer.from(bytesOf(`${directory}/${name}`)), "");
  mkdirSync(join(directory, "dir"));
  symlinkSync("x", join(directory, "link"));
  await run(["mkfifo", join(directory, "pipe")]);
  const names = ["B", "a", "a\nb", "b", "dir", "link", "pipe", "\xc3\xa4", "\xff\xfe"];
  const types = ["file", "file", "file", "file", "directory", "symlink", "fifo", "file", "file"];
  assert.deepEqual(
    listRaw(directory),
    names.map((name, index) => ({ name, type: types[index] })),
  );
  const message = `Cannot list "${scratch}/none" as the system allows: no such file or directory`;
  assert.throws(() => listRaw(`${scratch}/none`), { name: "LifeboatError", message });
});

test("infoRaw() follows no link, counts names and what is on disk, and is undefined where nothing is", () => {
  const path = join(scratch, "file");
  writeFileSync(path, "x");
  truncateSync(path, 1 << 30);
  linkSync(path, `${path}2`);
  symlinkSync(path, `${path}-link`);
  const info = infoRaw(path);
  assert.deepEqual([info?.type, info?.sizeBytes, info?.links, info?.inode === infoRaw(`${path}2`)?.inode], ["file", 1 << 30, 2, true]);
  assert.ok(info!.allocatedBytes < 1 << 20);
  assert.deepEqual([infoRaw(`${path}-link`)?.type, infoRaw(`${path}/x`), infoRaw(`${path}3`)], ["symlink", undefined, undefined]);
});

test("makeDirectoryRaw() gives a directory of any name its owner and mode, setgid too, and takes none that is there", () => {
  const path = join(scratch, "above/\xff\n");
  makeDirectoryRaw(path, { mode: 0o2751, uid: process.getuid!(), gid: process.getgid!() });
  const { mode, uid, gid } = statSync(Buffer.from(bytesOf(path)));
  assert.deepEqual([mode & 0o7777, uid, gid], [0o2751, process.getuid!(), process.getgid!()]);
  assert.throws(() => makeDirectoryRaw(path, { mode: 0o700, uid: 0, gid: 0 }), { name: "LifeboatError", message: /it exists already$/ });
});
