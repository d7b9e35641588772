// Reading many files into one memory: every byte of every size, and errors that name the path.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bulkReader, fileStamp } from "#os/bulk-files";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-bulk-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const MIB = 1 << 20;
const SIZES = [0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 7];

function fileOf(sizeBytes: number): { readonly path: string; readonly bytes: Buffer } {
  const path = join(scratch, `file-${sizeBytes}`);
  const bytes = Buffer.alloc(sizeBytes, `${sizeBytes} is the size; `);
  writeFileSync(path, bytes);
  return { path, bytes };
}

test("whole() gives all of a file, the small one after the large one too", () => {
  const reader = bulkReader();
  for (const { path, bytes } of [...SIZES].reverse().map(fileOf)) assert.ok(bytes.equals(reader.whole(path)));
});

test("pieces() gives a file in pieces of 1 MiB at most, none of them empty", () => {
  const reader = bulkReader();
  for (const { path, bytes } of SIZES.map(fileOf)) {
    const parts: Buffer[] = [];
    for (const piece of reader.pieces(path)) {
      assert.ok(piece.length > 0 && piece.length <= MIB);
      parts.push(Buffer.from(piece));
    }
    assert.ok(Buffer.concat(parts).equals(bytes));
  }
});

test("a file that is not there is named", () => {
  const path = join(scratch, "none");
  const message = `Cannot read "${path}" as the system allows: no such file or directory`;
  assert.throws(() => bulkReader().whole(path), { name: "LifeboatError", message });
  assert.throws(() => bulkReader().pieces(path).next(), { name: "LifeboatError", message: message.replace("read", "open") });
});

test("fileStamp() follows links, changes with the file, and is undefined where nothing is", () => {
  const { path } = fileOf(5);
  const link = join(scratch, "link");
  symlinkSync(path, link);
  const before = fileStamp(path);
  assert.equal(before?.sizeBytes, 5);
  assert.deepEqual(fileStamp(link), before);
  writeFileSync(path, "other");
  assert.notEqual(fileStamp(path)?.stamp, before?.stamp);
  assert.equal(fileStamp(join(scratch, "none")), undefined);
});
