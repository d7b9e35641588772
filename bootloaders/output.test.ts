import assert from "node:assert/strict";
import { test } from "node:test";
import { fileInfo, listDirectory, makeSymlink, makeTemporaryDirectory, readText, removeFile, walk, writeFile } from "#os/files";
import { parentOf, writeOutput } from "./output.ts";

test("writeOutput() shows the file only when it is whole, and readable by its owner alone", async () => {
  await using directory = await makeTemporaryDirectory();
  const outputPath = `${directory.path}/out.iso`;
  const sizeBytes = await writeOutput({ outputPath, neededBytes: 10 }, async (path) => {
    await writeFile(path, "whole", 0o644);
    assert.equal(await fileInfo(outputPath), undefined);
    // What the writing program leaves readable is so behind a closed door.
    const open = await walk(directory.path);
    const doors = await Promise.all(open.map((entry) => fileInfo(`${directory.path}/${entry.path}`)));
    assert.deepEqual(
      doors.map((info) => [info?.type, info?.mode]),
      [
        ["directory", 0o700],
        ["file", 0o644],
      ],
    );
  });
  assert.equal(sizeBytes, 5);
  assert.equal((await fileInfo(outputPath))?.mode, 0o600);
  assert.deepEqual(await listDirectory(directory.path), ["out.iso"]);
});

test("writeOutput() keeps an existing file unless forced, and leaves nothing behind when writing fails", async () => {
  await using directory = await makeTemporaryDirectory();
  const outputPath = `${directory.path}/out.iso`;
  await writeFile(outputPath, "old");
  const write = (path: string) => writeFile(path, "new");
  await assert.rejects(writeOutput({ outputPath, neededBytes: 1 }, write), {
    message: `Cannot write "${outputPath}" as existing files are kept: it exists already`,
    exitCode: 3,
  });
  const failing = async (path: string) => {
    await write(path);
    throw new Error("xorriso died");
  };
  await assert.rejects(writeOutput({ outputPath, neededBytes: 1, force: true }, failing), /xorriso died/);
  assert.deepEqual([await readText(outputPath), await listDirectory(directory.path)], ["old", ["out.iso"]]);
  await writeOutput({ outputPath, neededBytes: 1, force: true }, write);
  assert.equal(await readText(outputPath), "new");
});

test("writeOutput() refuses devices and directories, force or not, and a full disk before it begins", async () => {
  const never = () => Promise.reject(new Error("began to write"));
  await assert.rejects(writeOutput({ outputPath: "/dev/null", neededBytes: 1, force: true }, never), /: it is a character device$/);
  await using directory = await makeTemporaryDirectory();
  await assert.rejects(writeOutput({ outputPath: directory.path, neededBytes: 1, force: true }, never), /: it is a directory$/);
  for (const target of ["nowhere", directory.path, "file"]) {
    const link = `${directory.path}/link`;
    await writeFile(`${directory.path}/file`, "kept");
    await makeSymlink(target, link);
    const state = target === directory.path ? /: it is a directory$/ : new RegExp(`: it is a symbolic link to "${target}"$`);
    await assert.rejects(writeOutput({ outputPath: link, neededBytes: 1, force: true }, never), state);
    await removeFile(link);
  }
  const huge = writeOutput({ outputPath: `${directory.path}/out`, neededBytes: 2 ** 60 }, never);
  await assert.rejects(huge, /Cannot write into ".*" as the output needs 1099511627776 MiB: \d+ MiB are free/);
});

test("parentOf() is the directory part", () => {
  assert.deepEqual(["a", "/a", "/a/b", "a/b/", "/a/b//"].map(parentOf), [".", "/", "/a", "a", "/a"]);
});
