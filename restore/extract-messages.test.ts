// What GNU tar says while it extracts, recorded from tar 1.34, and what is made of it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { explained, readExtractMessages } from "./extract-messages.ts";

const NOISE = "tar: Exiting with failure status due to previous errors\n";

describe("readExtractMessages()", () => {
  const cases: readonly (readonly [line: string, path: string, what: string])[] = [
    ["d/a\\:b: Cannot open: Permission denied", "/d/a:b", "Cannot open: Permission denied"],
    ["d/\\303\\274\\\\n q: Cannot open: File exists", "/d/\xc3\xbc\\n q", "Cannot open: File exists"],
    ["d/: Cannot mkdir: Permission denied", "/d", "Cannot mkdir: Permission denied"],
    [".: Cannot utime: Operation not permitted", "/", "Cannot utime: Operation not permitted"],
    ["b: Cannot hard link to 'a: b': No such file or directory", "/b", "Cannot hard link to 'a: b': No such file or directory"],
    [
      "setxattrat: Cannot set 'user.x' extended attribute for file 'd/a:b': Operation not supported",
      "/d/a:b",
      "Cannot set 'user.x' extended attribute: Operation not supported",
    ],
    ["Removing leading slashes", "", "Removing leading slashes"],
  ];
  for (const [line, path, what] of cases) {
    test(`reads ${line}`, () => {
      const { remarks, fatal, isFull } = readExtractMessages(`tar: ${line}\ntar: ${line}\n${NOISE}`);
      assert.deepEqual([remarks, fatal, isFull], [[{ path, what }], [], false]);
    });
  }

  for (const line of [
    "big: Wrote only 9216 of 10240 bytes",
    "big: Cannot write: No space left on device",
    "d: Cannot mkdir: No space left on device",
    "big: Cannot open: Disk quota exceeded",
  ]) {
    test(`takes a disk for full at ${line}`, () => assert.ok(readExtractMessages(`tar: ${line}\n${NOISE}`).isFull));
  }
});

test("explained() makes one line of what differs and what tar said of it", () => {
  const differences = [
    { path: "/a", what: "mode 0644 instead of 0600" },
    { path: "/b", what: "missing" },
    { path: "/b", what: "inode flags none instead of a" },
  ];
  const remarks = [
    { path: "/b", what: "Cannot open: Permission denied" },
    { path: "/c", what: "Cannot utime: Operation not permitted" },
    { path: "", what: "something else" },
  ];
  assert.deepEqual(explained(differences, remarks), [
    differences[0],
    { path: "/b", what: "missing; inode flags none instead of a (Cannot open: Permission denied)" },
    remarks[1],
    remarks[2],
  ]);
});
