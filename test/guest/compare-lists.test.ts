import assert from "node:assert/strict";
import { test } from "node:test";
import { compareLists, describeDifference } from "./compare-lists.ts";

const LINES = ["/\tdirectory\t0755\t0", "/a\tfile\t0644\t0", "/b%0A\tfile\t0600\t7", "/c\tfifo\t0644\t0"];
const LIST = `${LINES.join("\n")}\n`;

function changed(index: number, line: string | undefined): string {
  return LINES.toSpliced(index, 1, ...(line === undefined ? [] : [line])).join("\n");
}

test("compareLists() finds nothing in equal lists", () => {
  assert.deepEqual(compareLists(LIST, LIST), []);
});

test("compareLists() names the fields that differ", () => {
  const line = "/b%0A\tfile\t4600\t8";
  assert.deepEqual(compareLists(LIST, changed(2, line)), [{ path: "/b%0A", fields: ["mode", "uid"], expected: LINES[2], found: line }]);
});

test("compareLists() finds paths that are in one list only, either way", () => {
  const short = changed(1, undefined);
  assert.deepEqual(compareLists(LIST, short), [{ path: "/a", fields: [], expected: LINES[1], found: undefined }]);
  assert.deepEqual(compareLists(short, LIST), [{ path: "/a", fields: [], expected: undefined, found: LINES[1] }]);
});

test("compareLists() ignores exact paths, not what is below or beside them", () => {
  const other = `${changed(1, "/a\tfile\t0640\t0")}\n/a/b\tfile\t0644\t0\n/ab\tfile\t0644\t0`;
  assert.deepEqual(
    compareLists(LIST, other, ["/a"]).map(({ path }) => path),
    ["/a/b", "/ab"],
  );
});

test("describeDifference() says what was and what is", () => {
  const [first] = compareLists(LIST, changed(2, "/b%0A\tfile\t4600\t8"));
  assert.equal(describeDifference(first!), "/b%0A: mode 0600 is 4600, uid 7 is 8");
  const [missing] = compareLists(LIST, changed(1, undefined));
  assert.equal(describeDifference(missing!), "/a: is missing");
});
