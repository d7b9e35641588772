// GRUB's names of arrays that a restore no longer makes: what they stand for in its configuration and its programs. Pure.

import { grubNamesOf } from "../machine/array-names.ts";
import type { Machine } from "../machine/model.ts";
import type { GoneArray } from "./plan-arrays.ts";
import { uuidOf } from "./plan-fstab.ts";

/** An array that held a file system: GRUB knows it by name, and could know the file system by its UUID. */
export interface GrubArray {
  /** The kernel's name, for people. */
  readonly id: string;
  /** As GRUB writes them between parentheses. */
  readonly names: readonly string[];
  /** Of the file system. */
  readonly uuid: string;
}

/** `machine`: as it will be. What held LVM or LUKS has no name in GRUB's ways: they begin at the volume. */
export function grubArrays(machine: Machine, gone: readonly GoneArray[]): readonly GrubArray[] {
  return gone.flatMap((array): readonly GrubArray[] => {
    const uuid = uuidOf(machine, array.now)?.replace(/^UUID=/, "");
    return uuid === undefined ? [] : [{ id: array.id, names: grubNamesOf(array), uuid }];
  });
}

/**
 * A configuration that goes by `(mduuid/…)`, as people write it: it looks for the file system first. What grub-mkconfig writes does so
 * anyway, and takes the array's name for a hint.
 */
export function withoutArrayPaths(text: string, arrays: readonly GrubArray[]): string {
  return text
    .split("\n")
    .map((line) => (/^\s*#/.test(line) ? line : arrays.reduce(searchedFirst, line)))
    .join("\n");
}

function searchedFirst(line: string, { names, uuid }: GrubArray): string {
  const found = names.map((name) => `(${name})`).find((path) => line.includes(path));
  if (found === undefined) return line;
  const indent = /^\s*/.exec(line)?.[0] ?? "";
  return `${indent}search --no-floppy --fs-uuid --set=root ${uuid}\n${line.split(found).join("($root)")}`;
}

/** Whether a text or a program names any of them, or a part of one. */
export function namesArray(text: string, arrays: readonly Pick<GrubArray, "names">[]): boolean {
  return arrays.some(({ names }) =>
    names.some((name) => text.includes(`(${name})`) || text.includes(`(${name},`) || (isUuid(name) && text.includes(name))),
  );
}

/** Long enough to stand for nothing else. */
function isUuid(name: string): boolean {
  return name.startsWith("mduuid/");
}
