// What a restore has done, for people.

import type { ByteText } from "../formats/tar-read.ts";
import type { FilesOutcome } from "../restore/restore-files.ts";
import { lostSomething, type Losses } from "../restore/outcome.ts";
import type { ReportedChange, RestoreReport } from "../restore/restore-machine.ts";
import { printable, shortened, shortName } from "../set/catalogue.ts";
import { shownLine } from "./plain-text.ts";

/** Names listed of each kind. */
const LISTED = 50;

export function filesReport(setId: string, { restored, wasChecked, framesRead, differences, lost, lostUnnamed }: FilesOutcome): string {
  return [
    `${setId}: ${restored} paths restored, ${wasChecked ? "read back and compared" : "NOT checked, as you said"}; ${framesRead} frames read`,
    ...lossLines({ lost: lost.map(printable), lostUnnamed }),
    ...listed(
      "differs",
      differences.map(({ path, what }) => differenceLine(shortName(path), shortened(what))),
    ),
  ].join("\n");
}

/** tar's own words have the path in them. */
function differenceLine(path: string, what: string): string {
  return path === "" ? what : `${path}: ${what}`;
}

/** One line of what `restore --only --dry-run` says. */
export function plannedLine(path: ByteText, replaces: boolean): string {
  return `${replaces ? "replace" : "write"}  ${printable(path)}`;
}

function listed(label: string, lines: readonly string[]): readonly string[] {
  const more = lines.length > LISTED ? [`  … and ${lines.length - LISTED} more`] : [];
  return [...lines.slice(0, LISTED).map((line) => shownLine(`  ${label}: ${line}`)), ...more];
}

/** The line that ends a restore. */
export function restoredLine(report: RestoreReport): string {
  const { set, seconds, checked, differences, wasChecked } = report;
  const failed = differences.length > 0 ? `, ${differences.length} not as they were` : "";
  const check = wasChecked ? `${checked} files checked, ${differences.length} differ` : `files NOT checked, as you said${failed}`;
  const lost = lostSomething(report) ? `, ${lostCount(report)} lost to damage` : "";
  return `lifeboat: restored ${set} in ${Math.round(seconds)}s, ${check}${lost}`;
}

/** `12`, or `12 or more`. */
export function lostCount({ lost, lostUnnamed }: Losses): string {
  return lostUnnamed === "unknown" ? `${lost.length} or more` : `${lost.length + lostUnnamed}`;
}

/** What damage has cost, by names that can be printed, and what has none to be listed by. */
export function lossLines({ lost, lostUnnamed }: Losses): readonly string[] {
  return [...listed("lost", lost.map(shortened)), ...unnamedLine(lostUnnamed).map((line) => `  lost: ${line}`)];
}

function unnamedLine(lostUnnamed: Losses["lostUnnamed"]): readonly string[] {
  if (lostUnnamed === 0) return [];
  return [lostUnnamed === "unknown" ? "maybe more paths, whose names the damage took" : `${lostUnnamed} paths whose names the damage took`];
}

/** What stands below that line; for the log and the shell. */
export function restoreDetails(report: RestoreReport): readonly string[] {
  const { gate, steps, differences, changed, remarks, lost, lostUnnamed, wasResumed } = report;
  return [
    ...(wasResumed ? ["it went on where an earlier restore was broken off"] : []),
    ...(gate === "quick" ? ["gate=quick: samples of the set were read before the first write, not all of it"] : []),
    ...steps.filter(({ seconds }) => seconds >= 0.5).map(({ step, seconds }) => `${step}: ${seconds.toFixed(1)}s`),
    ...listed(
      "differs",
      differences.map(({ path, what }) => differenceLine(path, what)),
    ),
    ...lossLines({ lost, lostUnnamed }),
    ...listed("note", remarks),
    ...listed("changed by Lifeboat", changedLines(changed)),
  ];
}

/** So many of one directory, changed for one reason, are one line; the mark in the restored system has them all. */
const FOLDED_FROM = 8;
const NAMED_OF_FOLDED = 3;

function changedLines(changed: readonly ReportedChange[]): readonly string[] {
  const groups = new Map<string, ReportedChange[]>();
  for (const change of changed) {
    const key = `${directoryOf(change.path)}\0${change.why}`;
    const group = groups.get(key) ?? [];
    group.push(change);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap((group) => (group.length < FOLDED_FROM ? group.map(changeLine) : [foldedLine(group)]));
}

function changeLine({ path, why }: ReportedChange): string {
  return `${path}: ${why}`;
}

function foldedLine(group: readonly ReportedChange[]): string {
  const { path, why } = group[0]!;
  const names = group.slice(0, NAMED_OF_FOLDED).map((change) => change.path.replace(/^.*\//, ""));
  return `${directoryOf(path)}: ${why} (${group.length} files: ${names.join(", ")}, …)`;
}

function directoryOf(path: string): string {
  return path.replace(/\/[^/]*$/, "") || "/";
}
