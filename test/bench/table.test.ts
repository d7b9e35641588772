// Medians and the two forms of the result.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFigures } from "./measure.ts";
import { formatTable, median, medianRows, rowsJson, type Sample } from "./table.ts";

const sample = (name: string, wallS: number, cpuS: number): Sample => ({ name, wallS, cpuS, bytes: 2_500_000, peakMB: 7 });
const SAMPLES = [sample("ours", 3, 9), sample("theirs", 40, 80), sample("ours", 1, 8), sample("ours", 20, 10)];
const ROWS = medianRows(SAMPLES, (name) => (name === "ours" ? "ISO" : "initramfs"));

test("median() is the middle one, or the mean of the two in the middle", () => {
  assert.deepEqual([median([5]), median([9, 1, 2]), median([4, 1, 2, 3])], [5, 2, 2.5]);
});

test("medianRows() takes each figure's own median and keeps the order of appearance", () => {
  const [ours, theirs] = ROWS;
  assert.deepEqual(ours, { name: "ours", wallS: 3, cpuS: 9, bytes: 2_500_000, peakMB: 7, what: "ISO", runs: 3 });
  assert.equal(theirs?.runs, 1);
});

test("rowsJson() is one line with the five keys and no others", () => {
  const row = { name: "theirs", wallS: 40, cpuS: 80, bytes: 2_500_000, peakMB: 7 };
  assert.deepEqual(JSON.parse(rowsJson(ROWS.slice(1))), { rows: [row] });
  assert.ok(!rowsJson(ROWS).includes("\n"));
});

test("formatTable() is a Markdown table with the processor time as a part of the yardstick's", () => {
  assert.deepEqual(formatTable(ROWS, "theirs").split("\n"), [
    "|        | wall s | CPU s | CPU / theirs | 10^6 bytes | of        | peak MB | runs |",
    "| ---    |    --: |   --: |          --: |        --: | ---       |     --: |  --: |",
    "| ours   |    3.0 |   9.0 |        0.113 |        2.5 | ISO       |       7 |    3 |",
    "| theirs |   40.0 |  80.0 |        1.000 |        2.5 | initramfs |       7 |    1 |",
  ]);
});

test("parseFigures() adds user and system time and takes KiB for MB; anything else is refused", () => {
  assert.deepEqual(parseFigures("1.50 2.25 0.50 1000\n"), { wallS: 1.5, cpuS: 2.75, peakMB: 1 });
  assert.throws(() => parseFigures("1.50 2.25"), /Cannot read the cost of a run/);
});

test("formatTable() keeps a pipe in a name from ending the cell", () => {
  const [row] = ROWS;
  assert.match(formatTable([{ ...row!, name: "tar|zstd" }], "ours"), /^\| tar\\\|zstd \|/m);
});
