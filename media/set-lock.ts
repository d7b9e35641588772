// Who writes a set: a file in it names the process, and is touched now and then, so that others, on other machines too, leave it alone.

import { every, utcNow } from "#os/clock";
import { LifeboatError } from "#os/error";
import { appendFile, fileInfo, makeTemporaryDirectory, readTextIfThere, removeFile, writeAtomic } from "#os/files";
import { readSys } from "#os/sysfs";
import { isRunning, thisProcess, type ProcessIdentity } from "#os/this-process";
import { parseJson } from "../formats/json.ts";
import { LOCK_FILE, NEW_PREFIX } from "./store-names.ts";

const BEAT_MS = 30_000;
/** Longer than attributes are kept by NFS clients, and than a busy machine misses beats. */
const SILENCE_MS = 10 * 60_000;

export interface SetWriter {
  readonly id: string;
  readonly isAlive: boolean;
  /** `process 123 on web1, since 2026-11-21T19:45:00.000Z` */
  readonly description: string;
}

interface LockText extends ProcessIdentity {
  readonly id: string;
  readonly hostName: string;
  readonly since: string;
}

/** Tells everybody that the set in this directory is being written by us. */
export async function writeLock(directory: string, id: string): Promise<void> {
  const hostName = readSys("/proc/sys/kernel/hostname") ?? "unknown";
  const text: LockText = { id, hostName, since: utcNow(), ...thisProcess() };
  await writeAtomic(`${directory}/${LOCK_FILE}`, `${JSON.stringify(text)}\n`);
}

export interface KeptLock extends AsyncDisposable {
  /** When the set is whole. */
  release(): Promise<void>;
}

/** Gives a sign of life until it is released or disposed. Disposing leaves the file. */
export function keepLock(directory: string): KeptLock {
  const path = `${directory}/${LOCK_FILE}`;
  let beat: Promise<void> = Promise.resolve();
  // Appended, not touched: then it is the server that gives the time, to which other machines can compare.
  const timer = every(BEAT_MS, () => {
    beat = beat.then(() => appendFile(path, "\n")).catch(() => undefined);
  });
  const stop = async () => {
    timer[Symbol.dispose]();
    await beat;
  };
  return {
    async release() {
      await stop();
      await removeFile(path);
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** Undefined where there is no such file. `nowMs` since 1970, by the clock of the file system where that is known. */
export async function readWriter(directory: string, nowMs: number): Promise<SetWriter | undefined> {
  const path = `${directory}/${LOCK_FILE}`;
  const info = await fileInfo(path);
  const text = info?.type === "file" ? await readTextIfThere(path) : undefined;
  if (info === undefined || text === undefined) return undefined;
  const lock = readLockText(text);
  const signMs = Number(info.mtimeNs) / 1e6;
  const isHeard = nowMs - signMs < SILENCE_MS;
  const isAlive = (lock === undefined ? undefined : isRunning(lock)) ?? isHeard;
  if (lock === undefined) return { id: "", isAlive, description: "somebody" };
  return { id: lock.id, isAlive, description: `process ${lock.pid} on ${lock.hostName}, since ${lock.since}` };
}

function readLockText(text: string): LockText | undefined {
  const value = parseJson(text) as Partial<Record<keyof LockText, unknown>> | null | undefined;
  if (typeof value !== "object" || value === null || typeof value.pid !== "number" || typeof value.id !== "string") return undefined;
  const word = (field: unknown) => (typeof field === "string" ? field : undefined);
  return {
    id: value.id,
    hostName: word(value.hostName) ?? "unknown",
    since: word(value.since) ?? "an unknown time",
    pid: value.pid,
    startTicks: word(value.startTicks),
    bootId: word(value.bootId),
    pidNamespace: word(value.pidNamespace),
  };
}

/** What the clock of the file system says, which may be a server's; this machine's where nothing can be written. */
export async function timeInDirectory(directory: string): Promise<number> {
  try {
    await using probe = await makeTemporaryDirectory(NEW_PREFIX, directory);
    return Number((await fileInfo(probe.path))?.mtimeNs ?? 0) / 1e6;
  } catch (error) {
    if (error instanceof LifeboatError) return Date.parse(utcNow());
    throw error;
  }
}
