// What a restore has done, for people.

import type { FilesOutcome } from "../restore/restore-files.ts";
import type { RestoreReport } from "../restore/restore-machine.ts";
import { printable } from "../set/catalogue.ts";

/** Names listed of each kind. */
const LISTED = 50;

export function filesReport(setId: string, { restored, framesRead, differences, lost }: FilesOutcome): string {
  return [
    `${setId}: ${restored} paths restored, read back and compared; ${framesRead} frames read`,
    ...listed("lost", lost.map(printable)),
    ...listed(
      "differs",
      differences.map(({ path, what }) => (path === "" ? what : `${printable(path)}: ${what}`)),
    ),
  ].join("\n");
}

function listed(label: string, lines: readonly string[]): readonly string[] {
  const more = lines.length > LISTED ? [`  … and ${lines.length - LISTED} more`] : [];
  return [...lines.slice(0, LISTED).map((line) => `  ${label}: ${line}`), ...more];
}

/** The line that ends a restore. */
export function restoredLine({ set, seconds, checked, differences, wasChecked }: RestoreReport): string {
  const check = wasChecked ? `${checked} files checked, ${differences.length} differ` : "files NOT checked, as you said";
  return `lifeboat: restored ${set} in ${Math.round(seconds)}s, ${check}`;
}

/** What stands below that line; for the log and the shell. */
export function restoreDetails({ steps, differences, changed, lost, wasResumed }: RestoreReport): readonly string[] {
  return [
    ...(wasResumed ? ["it went on where an earlier restore was broken off"] : []),
    ...steps.filter(({ seconds }) => seconds >= 0.5).map(({ step, seconds }) => `${step}: ${seconds.toFixed(1)}s`),
    ...listed(
      "differs",
      differences.map(({ path, what }) => `${path}: ${what}`),
    ),
    ...listed("lost", lost),
    ...listed(
      "changed by Lifeboat",
      changed.map(({ path, why, files }) => `${path}: ${why}${files.length < 2 ? "" : ` (${files.length} files)`}`),
    ),
  ];
}
