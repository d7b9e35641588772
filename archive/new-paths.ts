// What is on this system now, where a set was taken from, and would be in the set if it were made again: the walk of an archive, with the set's own choice.

import { inspectMounts } from "../machine/inspect-mounts.ts";
import { mountsBelow } from "../machine/layout.ts";
import type { ByteText } from "../formats/tar-read.ts";
import { bytesOfText, prefixOf, printable } from "../set/catalogue.ts";
import type { SetManifest } from "../set/set-manifest.ts";
import type { KnownDifference } from "../restore/compare-files.ts";
import { OWN_DIRECTORY } from "../restore/journal.ts";
import { chooseMountsAt, closedBy } from "./choose-subject.ts";
import { isWithin, KERNEL_DIRECTORIES } from "./choose-mounts.ts";
import { isDeviceWord } from "./excluded-devices.ts";
import { exclusionsOf } from "./exclusions.ts";
import { ownFilesIn } from "./own-files.ts";
import { walkTree } from "./walk-tree.ts";

export interface NewPathsRequest {
  readonly manifest: SetManifest;
  /** `/`, or where the machine is mounted. */
  readonly root: string;
  /** Whether the set has it. */
  isInSet(path: ByteText): boolean;
  /** Absolute, with all below them. */
  readonly only: readonly ByteText[];
  /** With all below it. */
  isExcluded(path: ByteText): boolean;
  /** Told what cannot be looked at. */
  remark(line: string): void;
}

interface NewPath {
  readonly path: ByteText;
  /** How many paths are in it, of a directory. */
  readonly inside: number;
}

/** A directory that is new stands for all in it. */
export async function newPaths(request: NewPathsRequest): Promise<readonly KnownDifference[]> {
  const found: KnownDifference[] = [];
  for await (const { path, inside } of walkNew(request))
    found.push({ path, kind: "new", what: inside === 0 ? "new" : `with ${inside} paths in it` });
  return found;
}

async function* walkNew(request: NewPathsRequest): AsyncGenerator<NewPath> {
  const { manifest, root, only, isInSet, isExcluded } = request;
  const prefix = prefixOf(root);
  const { closedMounts, isLeftOut } = await choiceOf(request);
  const own = ownFilesIn([]);
  let current: { path: ByteText; inside: number } | undefined;
  const walked = walkTree({
    root: prefix,
    include: commonTo(manifest.options.include.map(bytesOfText), only),
    exclude: (path) => isLeftOut(path) || own.isOwn(prefix + path) || isExcluded(path),
    closedMounts,
    skipped(path, reason) {
      if (!HARMLESS.test(reason)) request.remark(`not looked at for what is new: ${printable(path)}: ${reason}`);
    },
  });
  for (const { path, isWay } of walked) {
    if (isWay === true) continue;
    if (current !== undefined && path.startsWith(`${current.path}/`)) {
      current.inside += 1;
      continue;
    }
    if (current !== undefined) yield current;
    current = isInSet(path) ? undefined : { path, inside: 0 };
  }
  if (current !== undefined) yield current;
}

/** Sockets are in no set, and files go while one looks. */
const HARMLESS = /socket|removed|not there/;

/** In a set as they were with the kernel's own file systems mounted on them: on the disk they are others. */
export function isKernelDirectory(path: ByteText): boolean {
  return KERNEL_DIRECTORIES.includes(path);
}

/** What is below one of the first and below one of the second. */
function commonTo(include: readonly ByteText[], only: readonly ByteText[]): readonly ByteText[] {
  return include.flatMap((top) => only.flatMap((other) => (isWithin(other, top) ? [other] : isWithin(top, other) ? [top] : [])));
}

/** Devices may be called otherwise than when the set was made: what was left out for them is known by its paths. */
async function choiceOf({ manifest: { options, leftOut = [] }, root }: NewPathsRequest) {
  const mounts = mountsBelow((await inspectMounts()).mounts, root);
  const exclusions = exclusionsOf(options.exclude.filter((word) => !isDeviceWord(word)));
  const rules = { root, include: options.include, withoutNetwork: false };
  const choices = await chooseMountsAt("", rules, { mounts, devices: { wordFor: () => undefined }, exclusions });
  const closedMounts = new Set(closedBy(choices, options.include).map(bytesOfText));
  const hidden = new Set([OWN_DIRECTORY, ...leftOut.flatMap(({ what }) => /^"(\/.*)"$/.exec(what)?.[1] ?? [])].map(bytesOfText));
  return {
    closedMounts,
    isLeftOut: (path: ByteText) => hidden.has(path) || (exclusions.isExcluded(path) && !closedMounts.has(path)),
  };
}
