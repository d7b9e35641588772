// The text of mdadm.conf(5) without the arrays that a restore no longer makes: nothing waits for them, or takes their names. Pure.

import { hexDigits, wordOf } from "../machine/array-names.ts";
import type { GoneArray } from "./plan-arrays.ts";

/** One character a byte. ARRAY lines of these arrays become comments, with the reason before them; no other byte changes. */
export function withoutArrays(text: string, gone: readonly GoneArray[]): string {
  const lines = text.split("\n");
  const result = [...lines];
  for (const { start, parts } of logicalLines(lines)) {
    const array = goneArray(
      parts.flatMap((index) => wordsOf(lines[index]!)),
      gone,
    );
    if (array === undefined) continue;
    for (const index of parts) result[index] = `# ${lines[index]}`;
    result[start] =
      `# lifeboat: ${array.id} is no array any more, what was on it is on ${array.now}${endOf(lines[start]!)}\n${result[start]}`;
  }
  return result.join("\n");
}

interface LogicalLine {
  readonly start: number;
  /** Indexes of all lines that it consists of: comments between them are none. */
  readonly parts: readonly number[];
}

/** A line that begins with white space goes on with the one before, though comments stand between them. */
function logicalLines(lines: readonly string[]): readonly LogicalLine[] {
  const found: { start: number; parts: number[] }[] = [];
  lines.forEach((line, index) => {
    if (wordsOf(line).length === 0) return;
    const last = found[found.length - 1];
    if (/^[ \t]/.test(line) && last !== undefined) last.parts.push(index);
    else found.push({ start: index, parts: [index] });
  });
  return found;
}

/** Quotes may stand around any part of a word; # begins a comment where a word would. */
function wordsOf(line: string): readonly string[] {
  const words = line.match(/#.*|(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.filter((word) => !word.startsWith("#")).map((word) => word.replace(/["']/g, ""));
}

/** mdadm takes three letters and more of a keyword. */
const ARRAY_KEYWORD = /^arr(?:ay?)?$/i;

/** Every identity on the line has to match for mdadm; the surest that it has tells here. */
function goneArray([keyword = "", ...words]: readonly string[], gone: readonly GoneArray[]): GoneArray | undefined {
  if (!ARRAY_KEYWORD.test(keyword)) return undefined;
  const valueOf = (key: string) => words.find((word) => word.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
  const uuid = valueOf("uuid");
  if (uuid !== undefined && gone.some((array) => array.uuid !== undefined)) {
    return gone.find((array) => array.uuid !== undefined && hexDigits(array.uuid) === hexDigits(uuid));
  }
  const name = valueOf("name");
  if (name !== undefined) return gone.find((array) => array.name !== undefined && [array.name, wordOf(array.name)].includes(name));
  const number = valueOf("super-minor");
  if (number !== undefined) return gone.find(({ id }) => id === `md${number}`);
  const device = words.find((word) => !word.includes("="))?.replace(/^\/dev\/(?:md\/)?/, "");
  return gone.find((array) => namesOf(array).some((one) => one === device));
}

function namesOf({ id, name }: GoneArray): readonly string[] {
  const number = /^md(\d+)$/.exec(id)?.[1];
  return [id, ...(number === undefined ? [] : [number]), ...(name === undefined ? [] : [name, wordOf(name)])];
}

function endOf(line: string): string {
  return line.endsWith("\r") ? "\r" : "";
}
