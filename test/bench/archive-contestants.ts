// From an archiver to rows of the benchmark: fresh directories, what was written made durable before the next run, cost and size.

import { join } from "node:path";
import { run, type Command } from "#os/exec";
import { listDirectory, makeDirectory, readText, removeTree } from "#os/files";
import { lifeboat, ARCHIVE_DIRECTORY, ARCHIVERS, type MakeArchiver } from "./archivers.ts";
import { BENCH_DIRECTORY } from "./contestants.ts";
import { FORMAT, measure, parseFigures, type Cost } from "./measure.ts";
import { preparePeer, runInPeer, type PreparedPeer } from "./peer-root.ts";
import type { Contestant } from "./rounds.ts";

/** Saving by all, then restoring by all, into memory. */
export function archiveContestants(tree: string): readonly Contestant[] {
  const rows = ARCHIVERS.map((make) => archiver(make, tree));
  return [...rows.map(({ save }) => save), ...rows.flatMap(({ restore }) => (restore === undefined ? [] : [restore]))];
}

/** Ours alone: what it needs when there are more files. */
export function memoryContestant(times: number, tree: string): Contestant {
  return { ...archiver((places) => lifeboat(`memory ${times}x`, places), tree).save, mostRuns: 3 };
}

interface ArchiverRows {
  readonly save: Contestant;
  readonly restore: Contestant | undefined;
}

function archiver(make: MakeArchiver, tree: string): ArchiverRows {
  const name = make({ tree, output: "", restored: "" }).name;
  const directory = join(ARCHIVE_DIRECTORY, name.replaceAll(/\W+/g, "-"));
  const places = { tree, output: join(directory, "output"), restored: join(directory, "restored") };
  const { peer, begin, save, restore } = make(places);
  let prepared: PreparedPeer | undefined;
  const prepare = async () => {
    if (peer !== undefined) prepared = await preparePeer(peer, join(BENCH_DIRECTORY, "peers"));
  };
  const saveOnce = async () => {
    await emptyDirectory(places.output);
    if (begin !== undefined) await runOnce(prepared, begin);
    return costOf(prepared, { command: save, reads: tree });
  };
  return {
    save: {
      name,
      what: "archive",
      prepare,
      run: async () => ({ ...(await saveOnce()), bytes: await bytesBelow(places.output) }),
    },
    restore: restore && {
      name: `restore ${name}`,
      what: "tree",
      async prepare() {
        await prepare();
        await makeDirectory(places.output);
        if ((await listDirectory(places.output)).length === 0) await saveOnce();
      },
      async run() {
        await using place = await memoryAt(places.restored);
        const cost = await costOf(prepared, { command: restore, reads: places.output });
        return { ...cost, bytes: await bytesBelow(place.path) };
      },
    },
  };
}

/** Without a disk whose speed counts, and whose ext4 looks for a long time at inodes that were freed a moment ago. */
async function memoryAt(path: string): Promise<AsyncDisposable & { readonly path: string }> {
  await makeDirectory(path);
  await run(["mount", "-t", "tmpfs", "lifeboat-bench", path]);
  return { path, [Symbol.asyncDispose]: async () => void (await run(["umount", path])) };
}

async function emptyDirectory(path: string): Promise<void> {
  await removeTree(path);
  await makeDirectory(path);
}

interface Job {
  readonly command: Command;
  /** A directory. */
  readonly reads: string;
}

async function costOf(prepared: PreparedPeer | undefined, { command, reads }: Job): Promise<Cost> {
  await warmUp(reads);
  if (prepared === undefined) return measure(command);
  const figures = join(prepared.directory, "time");
  await runInPeer(prepared, { command, shared: ARCHIVE_DIRECTORY, prefix: ["/usr/bin/time", "-q", "-f", FORMAT, "-o", figures] });
  return parseFigures(await readText(figures));
}

/**
 * Each begins alike, whoever ran before it: nothing that others wrote is still on its way to the disk, what it reads is in memory, and so much memory
 * is free that has been used before. (A virtual machine gets its memory from the host when it first touches it, and may have given it back.)
 */
async function warmUp(reads: string): Promise<void> {
  await run(["sync"]);
  await using place = await memoryAt(join(BENCH_DIRECTORY, "memory"));
  await run(["dd", "if=/dev/zero", `of=${join(place.path, "touched")}`, "bs=1M", `count=${TOUCHED_MIB}`]);
  await run(["sh", "-c", 'tar -C "$1" -cf - . | cat >/dev/null', "sh", reads]);
}

/** More than the tree has. */
const TOUCHED_MIB = 1500;

async function runOnce(prepared: PreparedPeer | undefined, command: Command): Promise<void> {
  if (prepared === undefined) await run(command);
  else await runInPeer(prepared, { command, shared: ARCHIVE_DIRECTORY });
}

async function bytesBelow(path: string): Promise<number> {
  const { stdout } = await run(["du", "--summarize", "--apparent-size", "--block-size=1", path]);
  return Number.parseInt(stdout, 10);
}
