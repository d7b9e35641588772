// The line that says how far a work has come.
import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, progressLine, type Progress } from "./progress-line.ts";

const MIB = 2 ** 20;
const HALF: Progress = { what: "archiving", doneBytes: 412 * MIB, allBytes: 950 * MIB, files: 6123, elapsedMs: 4000 };

const LINES: readonly (readonly [what: string, change: Partial<Progress>, line: string])[] = [
  ["in the middle", {}, "archiving  43 %  412 of 950 MiB  6123 files  103 MiB/s  6 s left"],
  ["before a rate can be told", { elapsedMs: 100 }, "archiving  43 %  412 of 950 MiB  6123 files"],
  ["before anything is done", { doneBytes: 0 }, "archiving   0 %  0 of 950 MiB  6123 files"],
  ["without files", { files: undefined }, "archiving  43 %  412 of 950 MiB  103 MiB/s  6 s left"],
  ["with nothing to do", { doneBytes: 0, allBytes: 0 }, "archiving 100 %  0 of 0 MiB  6123 files"],
  ["beyond its end", { doneBytes: 1000 * MIB }, "archiving 100 %  1000 of 950 MiB  6123 files  250 MiB/s  0 s left"],
];

for (const [what, change, line] of LINES) {
  test(`progressLine() ${what}`, () => assert.equal(progressLine({ ...HALF, ...change }), line));
}

test("progressLine() never has more than 79 columns", () => {
  const long = { ...HALF, what: "verifying everything there is", doneBytes: 1, allBytes: 2 ** 53, files: 10 ** 12 };
  assert.equal(progressLine(long).length, 79);
});

test("duration() names the two largest units", () => {
  const cases = { 0: "0 s", 0.1: "1 s", 59: "59 s", 59.5: "1 min 0 s", 200: "3 min 20 s", 7500: "2 h 5 min" };
  for (const [seconds, text] of Object.entries(cases)) assert.equal(duration(Number(seconds)), text);
});
