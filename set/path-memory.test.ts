import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { pathMemory } from "./path-memory.ts";

test("pathMemory() knows what was added, and nothing else, however many were expected", () => {
  const name = fc.string({ unit: "binary-ascii", maxLength: 30 });
  fc.assert(
    fc.property(fc.array(name), fc.array(name), fc.integer({ min: 0, max: 100 }), (added, others, expected) => {
      const memory = pathMemory(expected);
      for (const path of added) memory.add(path);
      for (const path of [...added, ...others]) assert.equal(memory.has(path), added.includes(path), JSON.stringify(path));
    }),
  );
});

test("pathMemory() grows, and tells a hundred thousand names apart that differ in one digit", () => {
  const memory = pathMemory(10);
  for (let number = 0; number < 100_000; number += 1) memory.add(`/srv/data/${number}.dat`);
  let [known, mistaken] = [0, 0];
  for (let number = 0; number < 200_000; number += 1) {
    const isThere = memory.has(`/srv/data/${number}.dat`);
    if (number < 100_000 && isThere) known += 1;
    if (number >= 100_000 && isThere) mistaken += 1;
  }
  assert.deepEqual([known, mistaken], [100_000, 0]);
});
