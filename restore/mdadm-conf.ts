// The text of mdadm.conf(5) for other disks: arrays that are no longer made leave it, and no device is named that is not there. Pure.

import { matchPattern } from "kmod-parse/alias-match";
import { colonUuid, hexDigits, wordOf, type ArrayNames } from "../machine/array-names.ts";
import type { GoneArray, MovedArray } from "./plan-arrays.ts";

export interface ArrayChanges {
  readonly gone: readonly GoneArray[];
  readonly moved: readonly MovedArray[];
}

/**
 * One character a byte. ARRAY lines of arrays that are gone become comments. Those of arrays that have moved lose `devices=` where it
 * does not take all of their members, and DEVICE becomes mdadm's own default where they are not among what it names. The reason stands
 * before each; no other byte changes.
 */
export function changedMdadmConf(text: string, { gone, moved }: ArrayChanges): string {
  const lines = text.split("\n");
  const result = [...lines];
  const logical = logicalLines(lines);
  for (const { start, parts } of logical) {
    const words = parts.flatMap((index) => wordsOf(lines[index]!));
    if (!ARRAY_KEYWORD.test(words[0] ?? "")) continue;
    const array = arrayNamed(words, gone);
    if (array !== undefined) {
      becomeComment(result, { start, parts, why: `${array.id} is no array any more, what was on it is on ${array.now}` });
      continue;
    }
    const other = arrayNamed(words, moved);
    if (other !== undefined) dropDevices(result, { start, parts }, { array: other, words });
  }
  widenDevices(result, logical, moved);
  return result.join("\n");
}

interface Comment extends LogicalLine {
  readonly why: string;
  readonly instead?: string;
}

/** `lines`: changed in place, with the reason, and what takes the place, before the first that it is for. */
function becomeComment(lines: string[], { start, parts, why, instead }: Comment): void {
  const end = endOf(lines[start]!);
  for (const index of parts) lines[index] = `# ${lines[index]}`;
  lines[start] = `# lifeboat: ${why}${end}\n${instead === undefined ? "" : `${instead}${end}\n`}${lines[start]}`;
}

interface ArrayLine {
  readonly array: MovedArray;
  readonly words: readonly string[];
}

const DEVICES = /^devices=/i;

/** A line needs something that the array is known by (mdadm.conf(5), ARRAY): where that was all, its UUID takes the place. */
function dropDevices(lines: string[], { start, parts }: LogicalLine, { array, words }: ArrayLine): void {
  const globs = words.filter((word) => DEVICES.test(word)).flatMap((word) => word.replace(DEVICES, "").split(","));
  if (globs.length === 0 || array.members.every((node) => globs.some((glob) => isTaken(glob, node)))) return;
  const isKnown = words.some((word) => /^(?:uuid|name|super-minor)=/i.test(word));
  let instead = isKnown || array.uuid === undefined ? "" : `UUID=${colonUuid(array.uuid)}`;
  const why = `${array.id} is on ${array.members.join(", ")} now: ${words.filter((word) => DEVICES.test(word)).join(" ")} is left out`;
  for (const index of parts) {
    lines[index] = lines[index]!.replace(SPACED_WORDS, (found, space: string, word: string) => {
      if (!DEVICES.test(unquoted(word))) return found;
      const text = instead === "" ? "" : `${space}${instead}`;
      instead = "";
      return text;
    });
  }
  lines[start] = `# lifeboat: ${why}${endOf(lines[start]!)}\n${lines[start]}`;
}

/** What a line without any names is taken for (mdadm.conf(5), DEVICE). */
const EVERY_DEVICE = "DEVICE partitions containers";

/** All DEVICE lines together say what is looked at. */
function widenDevices(lines: string[], logical: readonly LogicalLine[], moved: readonly MovedArray[]): void {
  const own = logical
    .map((line) => ({ line, words: line.parts.flatMap((index) => wordsOf(lines[index]!)) }))
    .filter(({ words }) => DEVICE_KEYWORD.test(words[0] ?? ""));
  const [first] = own;
  const names = own.flatMap(({ words }) => words.slice(1));
  if (first === undefined || names.some((name) => name.toLowerCase() === "partitions")) return;
  const missed = moved.flatMap(({ members }) => members).filter((node) => !names.some((name) => isTaken(name, node)));
  if (missed.length === 0) return;
  becomeComment(lines, { ...first.line, why: `this named no ${missed.join(", ")}, where arrays are now`, instead: EVERY_DEVICE });
}

/** As fnmatch(3) does with FNM_PATHNAME: a star takes no slash. */
function isTaken(glob: string, node: string): boolean {
  return glob.split("/").length === node.split("/").length && matchPattern(glob, node);
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
const SPACED_WORDS = /(\s*)(#.*|(?:"[^"]*"|'[^']*'|[^\s"'])+)/g;

function wordsOf(line: string): readonly string[] {
  const words = [...line.matchAll(SPACED_WORDS)].map(([, , word = ""]) => word);
  return words.filter((word) => !word.startsWith("#")).map(unquoted);
}

function unquoted(word: string): string {
  return word.replace(/["']/g, "");
}

/** mdadm takes three letters and more of a keyword. */
const ARRAY_KEYWORD = /^arr(?:ay?)?$/i;
const DEVICE_KEYWORD = /^dev(?:i(?:ce?)?)?$/i;

/** Every identity on the line has to match for mdadm; the surest that it has tells here. */
function arrayNamed<Named extends ArrayNames>([, ...words]: readonly string[], arrays: readonly Named[]): Named | undefined {
  const valueOf = (key: string) => words.find((word) => word.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
  const uuid = valueOf("uuid");
  if (uuid !== undefined && arrays.some((array) => array.uuid !== undefined)) {
    return arrays.find((array) => array.uuid !== undefined && hexDigits(array.uuid) === hexDigits(uuid));
  }
  const name = valueOf("name");
  if (name !== undefined) return arrays.find((array) => array.name !== undefined && [array.name, wordOf(array.name)].includes(name));
  const number = valueOf("super-minor");
  if (number !== undefined) return arrays.find(({ id }) => id === `md${number}`);
  const device = words.find((word) => !word.includes("="))?.replace(/^\/dev\/(?:md\/)?/, "");
  return arrays.find((array) => namesOf(array).some((one) => one === device));
}

function namesOf({ id, name }: ArrayNames): readonly string[] {
  const number = /^md(\d+)$/.exec(id)?.[1];
  return [id, ...(number === undefined ? [] : [number]), ...(name === undefined ? [] : [name, wordOf(name)])];
}

function endOf(line: string): string {
  return line.endsWith("\r") ? "\r" : "";
}
