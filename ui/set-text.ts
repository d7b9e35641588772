// Sets as people read them: what was archived, what a store holds, what a verification found.

import type { SetManifest } from "../set/set-manifest.ts";
import type { Verification } from "../set/verify-set.ts";
import { duration } from "./progress-line.ts";

interface Archived {
  readonly path: string;
  readonly manifest: SetManifest;
  readonly verification: Verification | undefined;
  readonly leftOut: readonly { readonly what: string; readonly reason: string }[];
  readonly warnings: readonly string[];
  readonly mediumBytes: number;
}

/** Names listed of each kind; the manifest has all. */
const LISTED = 10;

export function archiveReport({ path, manifest, verification, leftOut, warnings, mediumBytes }: Archived): string {
  const { totals, changed, unreadable } = manifest;
  const seconds = (Date.parse(manifest.finishedAt) - Date.parse(manifest.createdAt)) / 1000;
  return [
    `${path}  ${mebibytes(mediumBytes)}`,
    `  set       ${manifest.id}, ${manifest.kind === "machine" ? "rebuilds the machine" : "files alone"}`,
    `  files     ${totals.paths} paths, ${mebibytes(totals.streamBytes)} in ${mebibytes(totals.storedBytes)} (${manifest.codec}), ${duration(seconds)}`,
    `  verified  ${verification === undefined ? "no" : `${verification.frames} frames and ${verification.paths} paths read back, no damage`}`,
    ...leftOut.map(({ what, reason }) => `  left out  ${what}: ${reason}`),
    ...warnings.map((warning) => `  warning   ${warning}`),
    ...listed("changed  ", changed),
    ...listed("NOT READ ", unreadable),
  ].join("\n");
}

function listed(label: string, remarks: SetManifest["changed"]): readonly string[] {
  const more = remarks.length > LISTED ? [`  ${label} … and ${remarks.length - LISTED} more, named in set.json`] : [];
  return [...remarks.slice(0, LISTED).map(({ path, what }) => `  ${label} ${path}: ${what}`), ...more];
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
