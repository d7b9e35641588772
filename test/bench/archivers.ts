// Who takes part in the archive benchmark, and how each is told to save the same tree and to bring it back.

import { join } from "node:path";
import type { Command } from "#os/exec";
import { PROCESSORS } from "#os/compression";
import { BENCH_DIRECTORY, BINARY } from "./contestants.ts";
import type { PeerSpec } from "./peer-root.ts";

/** Our own default, and for all that have levels of zstd. */
const LEVEL = 3;

/** Holds trees, archives and what was restored; in every peer's private root at the same path. */
export const ARCHIVE_DIRECTORY = join(BENCH_DIRECTORY, "archive");

export interface Archiver {
  readonly name: string;
  /** Where the program comes from that this machine may not have. */
  readonly peer?: PeerSpec;
  /** Run before each save, not measured: what a first backup needs. */
  readonly begin?: Command;
  /** Writes `tree` to the directory `output`. */
  readonly save: Command;
  /** Brings it back to the directory `restored`. Undefined: another row measures the same. */
  readonly restore?: Command;
}

interface Places {
  readonly tree: string;
  /** An empty directory. */
  readonly output: string;
  /** An empty directory. */
  readonly restored: string;
}

/** Makes a contestant for one tree; its directories are named after it. */
export type MakeArchiver = (places: Places) => Archiver;

export const ARCHIVERS: readonly MakeArchiver[] = [
  (places) => ({ ...lifeboat("lifeboat", places), restore: [...restoreLifeboat(places), "--no-check"] }),
  (places) => ({ ...lifeboat("lifeboat verified", places, { verify: true }), restore: restoreLifeboat(places) }),
  (places) => tar("tar|zstd -T0", places, ["zstd", "-T0", `-${LEVEL}`, "--quiet"], { unpack: ["zstd", "-dc"] }),
  digestedTar,
  (places) => lifeboat("lifeboat level 1", places, { level: 1 }),
  (places) => tar("tar|zstd -T0 level 1", places, ["zstd", "-T0", "-1", "--quiet"]),
  (places) => tar("tar|gzip", places, ["gzip"], { unpack: ["gzip", "-dc"] }),
  fsarchiver,
  restic,
  borg,
  afio,
];

interface LifeboatChoices {
  readonly verify?: boolean;
  readonly level?: number;
}

export function lifeboat(name: string, { tree, output }: Places, { verify = false, level = LEVEL }: LifeboatChoices = {}): Archiver {
  return { name, save: [BINARY, "archive", "-I", tree, output, "--compress", `zstd:${level}`, ...(verify ? [] : ["--no-verify"])] };
}

function restoreLifeboat({ tree, output, restored }: Places): Command {
  return [BINARY, "restore", output, "--only", tree, "--to", restored];
}

/** In a pipe, each program counts: `pipefail` is bash's. */
function piped(script: string, ...words: readonly string[]): Command {
  return ["bash", "-c", `set -e -o pipefail; ${script}`, "bash", ...words];
}

function tar(name: string, places: Places, pack: readonly string[], { unpack }: { readonly unpack?: readonly string[] } = {}): Archiver {
  const { tree, output, restored } = places;
  const archive = join(output, "archive");
  const save = piped('tree=$1 archive=$2; shift 2; tar -C "$tree" -cf - . | "$@" > "$archive"', tree, archive, ...pack);
  if (unpack === undefined) return { name, save };
  return {
    name,
    save,
    restore: piped('restored=$1 archive=$2; shift 2; "$@" "$archive" | tar -C "$restored" -xf -', restored, archive, ...unpack),
  };
}

/** tar and zstd with what a set is never without: a digest of what went in and of what came out, and a restore that reads all before it writes. */
function digestedTar({ tree, output, restored }: Places): Archiver {
  const archive = join(output, "archive");
  const save = 'tar -C "$1" -cf - . | tee >(b2sum > "$2.content") | zstd -T0 "$3" --quiet | tee >(b2sum > "$2.b2") > "$2"; wait';
  const restore = '[ "$(b2sum < "$2")" = "$(cat "$2.b2")" ]; zstd -dc "$2" | tar -C "$1" -xf -';
  return { name: "tar|b2sum|zstd -T0", save: piped(save, tree, archive, `-${LEVEL}`), restore: piped(restore, restored, archive) };
}

function fsarchiver({ tree, output, restored }: Places): Archiver {
  const archive = join(output, "archive.fsa");
  const threads = ["-j", `${PROCESSORS}`];
  return {
    name: "fsarchiver",
    peer: { name: "fsarchiver", packages: ["fsarchiver"], files: {} },
    save: ["fsarchiver", "savedir", "-Z", `${LEVEL}`, ...threads, archive, tree],
    restore: ["fsarchiver", "restdir", ...threads, archive, restored],
  };
}

/** Its cache is new each time, as on a first backup. */
function restic({ tree, output, restored }: Places): Archiver {
  const places = [`RESTIC_REPOSITORY=${join(output, "repository")}`, `RESTIC_CACHE_DIR=${join(output, "cache")}`];
  const command = ["env", "RESTIC_PASSWORD=bench", ...places, "restic", "--quiet"] as const;
  return {
    name: "restic",
    peer: { name: "restic", packages: ["restic"], files: {} },
    begin: [...command, "init"],
    save: [...command, "--compression", "auto", "backup", tree],
    restore: [...command, "restore", "latest", "--target", restored],
  };
}

function borg({ tree, output, restored }: Places): Archiver {
  const repository = join(output, "repository");
  const command = ["env", `BORG_BASE_DIR=${join(output, "base")}`, "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes", "borg"] as const;
  const extract = 'cd "$1"; shift; exec "$@"';
  return {
    name: "borg",
    peer: { name: "borg", packages: ["borgbackup"], files: {} },
    begin: [...command, "init", "--encryption", "none", repository],
    save: [...command, "create", "--compression", `zstd,${LEVEL}`, `${repository}::tree`, tree],
    restore: piped(extract, restored, ...command, "extract", `${repository}::tree`),
  };
}

/** MondoRescue's way: each file of 3 KiB and more through gzip, large blocks, 16 MB of buffer. */
function afio({ tree, output, restored }: Places): Archiver {
  const archive = join(output, "archive.afio");
  const buffers = "-b 131072 -M 16m";
  return {
    name: "afio",
    peer: { name: "afio", packages: ["afio"], files: {} },
    save: piped(`cd "$1"; find . -print0 | afio -o -0 -Z -P gzip -T 3k ${buffers} "$2"`, tree, archive),
    // It rewrites links with absolute targets, and ends with 1 for that.
    restore: piped(`cd "$1"; afio -i -Z -P gzip ${buffers} "$2" || [ "$?" = 1 ]`, restored, archive),
  };
}
