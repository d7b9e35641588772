// Sets as people read them: what was archived, what a store holds, what a verification found.

import type { StoredSet } from "../media/stored-set.ts";
import { printable, type CatalogueEntry } from "../set/catalogue.ts";
import { listedImages } from "../set/device-image-files.ts";
import type { SetManifest } from "../set/set-manifest.ts";
import type { Verification } from "../set/verify-set.ts";
import { shownLine } from "./plain-text.ts";
import { duration } from "./progress-line.ts";

interface Archived {
  readonly path: string;
  readonly manifest: SetManifest;
  readonly verification: Verification | undefined;
  readonly warnings: readonly string[];
  readonly mediumBytes: number;
  /** Images or discs. */
  readonly discs?: number;
  readonly burned?: "compared" | "unread" | "dry" | undefined;
}

/** Names listed of each kind; the manifest has all. */
const LISTED = 10;

export function archiveReport({ path, manifest, verification, warnings, mediumBytes, discs = 1, burned }: Archived): string {
  const { totals, changed, unreadable, leftOut = [] } = manifest;
  const seconds = (Date.parse(manifest.finishedAt) - Date.parse(manifest.createdAt)) / 1000;
  return [
    `${path}  ${mebibytes(mediumBytes)}${discs > 1 ? ` on ${discs} discs` : ""}`,
    `  set       ${manifest.id}, ${manifest.kind === "machine" ? "rebuilds the machine" : "files alone"}`,
    `  files     ${totals.paths} paths, ${mebibytes(totals.streamBytes)} in ${mebibytes(totals.storedBytes)} (${manifest.codec}), ${duration(seconds)}`,
    ...listedImages(manifest).map(({ name, method, storedBytes }) => `  image     ${name}: ${method}, ${mebibytes(storedBytes)}`),
    `  verified  ${burned === undefined ? verifiedText(verification) : BURNED_TEXTS[burned]}`,
    ...leftOut.map(({ what, reason }) => `  left out  ${what}: ${reason}`),
    ...warnings.map((warning) => `  warning   ${warning}`),
    ...listed("changed  ", changed),
    ...listed("NOT READ ", unreadable),
  ].join("\n");
}

function verifiedText(verification: Verification | undefined): string {
  return verification === undefined ? "no" : `${verification.frames} frames and ${verification.paths} paths read back, no damage`;
}

const BURNED_TEXTS: Readonly<Record<NonNullable<Archived["burned"]>, string>> = {
  compared: "each image against its frames, each disc against its image",
  unread: "no",
  dry: "no: the laser was off, and there is no set",
};

function listed(label: string, remarks: SetManifest["changed"]): readonly string[] {
  const more = remarks.length > LISTED ? [`  ${label} … and ${remarks.length - LISTED} more, named in set.json`] : [];
  return [...remarks.slice(0, LISTED).map(({ path, what }) => `  ${label} ${path}: ${what}`), ...more];
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** Damage listed at most; the rest is counted. */
const DAMAGE_LISTED = 100;

export function verificationText(id: string, { frames, paths, storedBytes, damage }: Verification): string {
  const read = `${id}: ${frames} frames, ${mebibytes(storedBytes)}, ${paths} paths read`;
  if (damage.length === 0) return `${read}: no damage`;
  const more = damage.length > DAMAGE_LISTED ? [`  … and ${damage.length - DAMAGE_LISTED} more`] : [];
  return [`${read}: DAMAGED`, ...damage.slice(0, DAMAGE_LISTED).map((line) => `  ${line}`), ...more].map(shownLine).join("\n");
}

export function setsText(sets: readonly StoredSet[]): string {
  if (sets.length === 0) return "no sets";
  return sets.map((set) => shownLine(setLine(set))).join("\n");
}

const STATE_WORDS: Readonly<Record<StoredSet["state"], string>> = {
  whole: "whole",
  damaged: "DAMAGED",
  incomplete: "INCOMPLETE",
  "being-written": "BEING WRITTEN",
};

function setLine({ id, path, kind, discs, state, manifest, problem }: StoredSet): string {
  const file = path.replace(/^.*\//, "");
  const name = kind === "directory" ? id : discs === undefined ? file : `${file} and ${discs - 1} more`;
  if (manifest === undefined) return `${name}  ${STATE_WORDS[state]}: ${problem}`;
  const { totals, finishedAt } = manifest;
  return `${name}  ${manifest.kind}  ${totals.paths} paths  ${mebibytes(totals.storedBytes)}${imagesText(manifest)}  finished ${finishedAt}`;
}

function imagesText(manifest: SetManifest): string {
  const names = listedImages(manifest).map(({ name }) => name);
  return names.length === 0 ? "" : `  images of ${names.join(", ")}`;
}

const TYPE_LETTERS: Readonly<Record<CatalogueEntry["type"], string>> = {
  file: "-",
  "hard-link": "h",
  directory: "d",
  symlink: "l",
  "character-device": "c",
  "block-device": "b",
  fifo: "p",
};

/** As `ls -l` has it, on one line whatever the name. */
export function fileLine(entry: CatalogueEntry): string {
  const { type, mode, uid, gid, sizeBytes, mtime, path, target, hardlinkOf } = entry;
  const time = timeText(mtime[0]);
  const link = target === undefined ? "" : ` -> ${printable(target)}`;
  const other = hardlinkOf === undefined ? "" : ` is ${printable(hardlinkOf)}`;
  return `${TYPE_LETTERS[type]}${mode.toString(8).padStart(4, "0")} ${uid}:${gid} ${sizeBytes} ${time} ${printable(path)}${link}${other}`;
}

/** What a Date holds (ECMA-262 section 21.4.1.1). */
const DATE_LIMIT_SECONDS = 8.64e12;

function timeText(seconds: number): string {
  if (Math.abs(seconds) > DATE_LIMIT_SECONDS) return `@${seconds}`;
  return new Date(seconds * 1000).toISOString().slice(0, -5).replace("T", " ");
}
