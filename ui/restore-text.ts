// What a restore has done, for people.

import type { FilesOutcome } from "../restore/restore-files.ts";
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
