// Medians of the runs and the table that people read.

import { round, type Cost } from "./measure.ts";

/** One run of one contestant. */
export interface Sample extends Cost {
  readonly name: string;
  readonly bytes: number;
}

export interface Row extends Sample {
  /** What `bytes` is the size of. */
  readonly what: "ISO" | "initramfs" | "archive" | "tree";
  readonly runs: number;
}

/** A row for each name in the order of first appearance; every figure is the median of its own. */
export function medianRows(samples: readonly Sample[], whatOf: (name: string) => Row["what"]): readonly Row[] {
  const names = [...new Set(samples.map(({ name }) => name))];
  return names.map((name) => {
    const own = samples.filter((sample) => sample.name === name);
    const of = (figure: (sample: Sample) => number) => round(median(own.map(figure)));
    return {
      name,
      wallS: of(({ wallS }) => wallS),
      cpuS: of(({ cpuS }) => cpuS),
      bytes: of(({ bytes }) => bytes),
      peakMB: of(({ peakMB }) => peakMB),
      what: whatOf(name),
      runs: own.length,
    };
  });
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** The shape: rows with these five keys. */
export function rowsJson(rows: readonly Row[]): string {
  return JSON.stringify({ rows: rows.map(({ name, wallS, cpuS, bytes, peakMB }) => ({ name, wallS, cpuS, bytes, peakMB })) });
}

/** A Markdown table, so that it goes into docs/benchmarks.md as it is. CPU is also given as a part of `yardstick`'s. */
export function formatTable(rows: readonly Row[], yardstick: string): string {
  const yard = rows.find(({ name }) => name === yardstick)?.cpuS;
  const head = ["", "wall s", "CPU s", `CPU / ${yardstick}`, "10^6 bytes", "of", "peak MB", "runs"];
  const body = rows.map(({ name, wallS, cpuS, bytes, what, peakMB, runs }) => [
    name.replaceAll("|", "\\|"),
    wallS.toFixed(1),
    cpuS.toFixed(1),
    yard === undefined ? "-" : (cpuS / yard).toFixed(3),
    (bytes / 1e6).toFixed(1),
    what,
    String(peakMB),
    String(runs),
  ]);
  return alignColumns([head, head.map((_, index) => (isText(index) ? "---" : "--:")), ...body]);
}

function isText(column: number): boolean {
  return column === 0 || column === 5;
}

function alignColumns(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, index) => Math.max(...lines.map((line) => (line[index] ?? "").length)));
  const pad = (cell: string, index: number) => (isText(index) ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0));
  return lines.map((line) => `| ${line.map(pad).join(" | ")} |`).join("\n");
}
