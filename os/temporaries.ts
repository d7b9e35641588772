// What must not outlive this process: its temporary files and directories, also when a signal ends it.
import { spawnSync } from "node:child_process";
import { lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isRunning, thisProcess, type ProcessIdentity } from "#os/this-process";

const SIGNALS: readonly ("SIGINT" | "SIGTERM" | "SIGHUP")[] = ["SIGINT", "SIGTERM", "SIGHUP"];

const known = new Set<string>();
const mounts = new Set<string>();

/** Remembers an absolute path, there already or not yet, until `forgetTemporary`. */
export function rememberTemporary(path: string): string {
  known.add(path);
  return path;
}

/** A mount that a signal must not leave behind. */
export function rememberMount(path: string): void {
  mounts.add(path);
}

export function forgetMount(path: string): void {
  mounts.delete(path);
}

/** Files and directories that are there for a while; no part of the machine. */
export function knownTemporaries(): readonly string[] {
  return [...known];
}

/**
 * The beginning of a temporary directory's name, which says whose it is: so the next run finds what a process has left that was
 * killed. Short, as sockets in it have paths of 107 bytes at most (unix(7)).
 */
export function ownedPrefix(prefix: string): string {
  return `${prefix}${ownerWord(thisProcess())}-`;
}

const OWNED = /^(?:\.?lifeboat-(?:[a-z]+-)?|\.unfinished-)(\d+-\w*-\w*-\w*)-\w{6}$/;

function ownerWord({ pid, startTicks = "", bootId = "", pidNamespace = "" }: ProcessIdentity): string {
  const inode = Number(pidNamespace.replace(/\D/g, "")).toString(36);
  return [pid, Number(startTicks).toString(36), bootId.slice(0, 6), inode].join("-");
}

/**
 * Removes what processes have left that have ended on this machine since it started, and nobody else's: in a directory that others
 * may write to, only where they cannot rename what is ours.
 */
export function removeStaleTemporaries(parent = tmpdir()): void {
  try {
    const { mode } = lstatSync(parent);
    if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0) return;
    for (const name of readdirSync(parent)) if (isStale(join(parent, name), OWNED.exec(name)?.[1])) removeQuietly(join(parent, name));
  } catch {
    // It is not there, or not ours to read: nobody is in need of it.
  }
}

function isStale(path: string, owner: string | undefined): boolean {
  if (owner === undefined) return false;
  const [pid = "", ticks = ""] = owner.split("-");
  const identity: ProcessIdentity = { ...thisProcess(), pid: Number(pid), startTicks: String(parseInt(ticks, 36)) };
  // Of another start of the machine, or another container, nothing is known.
  if (ownerWord(identity) !== owner || isRunning(identity) !== false) return false;
  const info = lstatSync(path);
  return info.isDirectory() && info.uid === process.geteuid?.();
}

/** For what has been removed, or has got its own name. */
export function forgetTemporary(path: string): void {
  known.delete(path);
}

/** From now on SIGINT, SIGTERM and SIGHUP end the process as ever, after `before` and the removal of what is remembered. */
export function removeTemporariesOnSignals(before: () => void): void {
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      before();
      removeTemporaries();
      // Others listen too, to end children that outlive us; those have been told.
      for (const name of SIGNALS) process.removeAllListeners(name);
      process.kill(process.pid, signal);
    });
  }
}

/** Removes at once, as no later turn of the event loop can be relied on. What cannot be removed stays. */
function removeTemporaries(): void {
  for (const path of known) removeQuietly(path);
  // What was under way in another thread, or by a child that has just been told to end, may have come in between.
  const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  for (let tries = 0; tries < 3 && [...known].some(isThere); tries += 1) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    for (const path of known) removeQuietly(path);
  }
  for (const path of mounts) spawnSync("umount", ["-l", path], { stdio: "ignore" });
  // Directories that held a mount.
  if (mounts.size > 0) for (const path of known) removeQuietly(path);
  known.clear();
  mounts.clear();
}

function removeQuietly(path: string): void {
  try {
    removeOn(lstatSync(dirname(path)).dev, path);
  } catch {
    // Nothing may be there yet, or a mount below it; nobody is left to be told.
  }
}

/** Never crosses a mount (DESIGN section 8, rule 7), nor goes into one: a directory with a mount below it is not empty and stays. */
function removeOn(device: number, path: string): void {
  const info = lstatSync(path);
  if (info.dev !== device) return;
  if (!info.isDirectory()) return unlinkSync(path);
  for (const name of readdirSync(path)) removeOn(device, join(path, name));
  rmdirSync(path);
}
