// What a person gives to `--only`: a path as it is, or as `lifeboat list` prints it.

import type { ByteText } from "../formats/tar-read.ts";
import { bytesOfText, directoriesAbove, unprinted } from "../set/catalogue.ts";
import type { OpenSet } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";

/**
 * Absolute, without `.`, `..` and slashes too many. A backslash may be one of the name, or begin what stands for a byte: the path that
 * is in the set is meant, and the name as it is when both are.
 */
export async function pathsMeant(set: OpenSet, words: readonly string[]): Promise<readonly ByteText[]> {
  const readings = words.map((word) => {
    const printed = word.includes("\\") ? unprinted(word) : undefined;
    return { asItIs: normalised(bytesOfText(word)), asPrinted: printed === undefined ? undefined : normalised(printed) };
  });
  const doubtful = readings.filter(({ asItIs, asPrinted }) => asPrinted !== undefined && asPrinted !== asItIs);
  const there = doubtful.length === 0 ? new Set() : await pathsThere(set, new Set(doubtful.map(({ asItIs }) => asItIs)));
  return readings.map(({ asItIs, asPrinted }) => (asPrinted === undefined || there.has(asItIs) ? asItIs : asPrinted));
}

async function pathsThere(set: OpenSet, wanted: ReadonlySet<ByteText>): Promise<ReadonlySet<ByteText>> {
  const there = new Set<ByteText>();
  for await (const { path } of readCatalogue(set)) for (const one of [path, ...directoriesAbove(path)]) if (wanted.has(one)) there.add(one);
  return there;
}

function normalised(path: ByteText): ByteText {
  const parts: ByteText[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
