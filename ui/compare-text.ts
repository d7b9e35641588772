// What differs between a set and a machine, for people.

import { SEVERITIES, type PathDifference } from "../restore/compare-set.ts";
import { printable } from "../set/catalogue.ts";
import { shownLine } from "./plain-text.ts";

export interface ComparedMachine {
  readonly setId: string;
  readonly root: string;
  readonly checked: number;
  readonly differences: readonly PathDifference[];
}

/** `serious  content    /etc/hosts: size 12 instead of 10` */
export function differenceText({ path, severity, kinds, what }: PathDifference): string {
  const said = what.filter((sentence) => !(kinds as readonly string[]).includes(sentence));
  const more = said.length === 0 ? "" : `: ${said.join("; ")}`;
  return shownLine(`${severity.padEnd(SEVERITY_COLUMNS)}  ${kinds.join(",").padEnd(KIND_COLUMNS)}  ${printable(path)}${more}`);
}

const SEVERITY_COLUMNS = 7;
const KIND_COLUMNS = 10;

export function comparedLine({ setId, root, checked, differences }: ComparedMachine): string {
  const counts = SEVERITIES.map((severity) => ({ severity, count: differences.filter((one) => one.severity === severity).length }));
  const parts = counts.filter(({ count }) => count > 0).map(({ severity, count }) => `${count} ${severity}`);
  const result = parts.length === 0 ? "nothing differs" : `${differences.length} differ: ${parts.join(", ")}`;
  return shownLine(`${setId} against ${root}: ${checked} paths compared, ${result}`);
}
