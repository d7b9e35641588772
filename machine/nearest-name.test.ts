import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { editDistance, nearestName } from "./nearest-name.ts";

test("nearestName() finds what was meant, and nothing when nothing is near", () => {
  const known = ["force-module", "deny-module", "kernel", "format", "output"];
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["kernal", "kernel"],
    ["kenrel", "kernel"],
    ["forcemodule", "force-module"],
    ["FORMAT", "format"],
    ["deny_module", "deny-module"],
    ["compression", undefined],
    ["x", undefined],
    ["", undefined],
  ];
  for (const [word, expected] of cases) assert.equal(nearestName(word, known), expected, word);
  assert.equal(nearestName("kernel", []), undefined);
  assert.deepEqual([nearestName("x", ["["]), nearestName("", ["["]), nearestName("X", ["x"])], [undefined, undefined, "x"]);
});

test("editDistance() counts one for each letter added, dropped, replaced, and for two changed over", () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ["", "", 0],
    ["abc", "", 3],
    ["", "abc", 3],
    ["nuke", "nukes", 1],
    ["nuke", "nuk", 1],
    ["nuke", "nude", 1],
    ["nuke", "nkue", 1],
    ["kitten", "sitting", 3],
  ];
  for (const [from, to, expected] of cases) assert.equal(editDistance(from, to), expected, `${from} ${to}`);
});

test("editDistance() is symmetric, zero only for equals, and at most the longer length", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      const distance = editDistance(a, b);
      assert.equal(distance, editDistance(b, a));
      assert.equal(distance === 0, a === b);
      assert.ok(distance <= Math.max(a.length, b.length));
    }),
  );
});
