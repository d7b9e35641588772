// New files, piece by piece: never one that is there, and an error as soon as the disk is full.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createFile } from "#os/file-writer";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-writer-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

test("createFile() writes what comes, in order, for its owner alone", async () => {
  const path = join(scratch, "file");
  {
    await using file = await createFile(path);
    for (const piece of ["a", "", "bc"]) await file.write(new TextEncoder().encode(piece));
    assert.deepEqual([file.path, file.position()], [path, 3]);
    await file.close();
  }
  assert.deepEqual([readFileSync(path, "utf8"), statSync(path).mode & 0o777], ["abc", 0o600]);
});

test("createFile() refuses a file that is there, and leaves it alone", async () => {
  const path = join(scratch, "there");
  writeFileSync(path, "mine");
  await assert.rejects(createFile(path), {
    name: "LifeboatError",
    message: `Cannot write "${path}" as the system allows: it exists already`,
  });
  assert.equal(readFileSync(path, "utf8"), "mine");
});

test("a file that is left without close keeps what was written", async () => {
  const path = join(scratch, "left");
  {
    await using file = await createFile(path);
    await file.write(Uint8Array.of(65));
  }
  assert.equal(readFileSync(path, "utf8"), "A");
});
