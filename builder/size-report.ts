// The size of an image by group, as data and as a table for people.

import type { Group, Layer, PlanEntry } from "./image-plan.ts";

export interface SizeRow {
  readonly layer: Layer;
  readonly group: Group;
  readonly files: number;
  /** Before compression. */
  readonly bytes: number;
}

export interface LargestFile {
  readonly path: string;
  readonly bytes: number;
}

export function sizeRows(entries: readonly PlanEntry[]): readonly SizeRow[] {
  const rows = new Map<string, SizeRow>();
  for (const entry of entries) {
    if (entry.type !== "file") continue;
    const key = `${entry.layer}/${entry.group}`;
    const row = rows.get(key) ?? { layer: entry.layer, group: entry.group, files: 0, bytes: 0 };
    rows.set(key, { ...row, files: row.files + 1, bytes: row.bytes + entry.sizeBytes });
  }
  return [...rows.values()].sort((a, b) => (a.layer === b.layer ? b.bytes - a.bytes : a.layer < b.layer ? -1 : 1));
}

/** The directories of modules and firmware that weigh most: where leaving out pays. */
export function largestGroups(entries: readonly PlanEntry[], layer: Layer, count: number): readonly LargestFile[] {
  const sums = new Map<string, number>();
  for (const entry of entries) {
    if (entry.type !== "file" || entry.layer !== layer) continue;
    const key = groupPath(entry);
    sums.set(key, (sums.get(key) ?? 0) + entry.sizeBytes);
  }
  return [...sums]
    .map(([path, bytes]) => ({ path, bytes }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, count);
}

function groupPath({ path, group }: PlanEntry): string {
  const parts = path.split("/");
  if (group === "modules") return parts.slice(4, 7).join("/");
  return group === "firmware" ? parts.slice(0, 4).join("/") : path;
}

export function formatSizeRows(rows: readonly SizeRow[]): readonly string[] {
  return rows.map(
    ({ layer, group, files, bytes }) =>
      `  ${layer.padEnd(10)}${group.padEnd(11)}${String(files).padStart(5)} files${formatMebibytes(bytes).padStart(12)}`,
  );
}

export function formatMebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
