// The programs that this process started, and those that they started.
import { readdirSync, readFileSync } from "node:fs";

/** Enough for a program that removes its own temporary files first. */
const LIMIT_MS = 2000;
const PAUSE_MS = 20;

/**
 * Tells all of them to end (SIGTERM) and waits until they have, blocking, for 2 s at most: what they write to can be removed then.
 * dpkg-deb and apt leave their own children at work when they alone are told.
 */
export function stopDescendants(): void {
  const pids = descendantsOf(process.pid, childrenByParent());
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGTERM");
    } catch {
      // It has ended by itself.
    }
  }
  const startedMs = performance.now();
  while (pids.some(isRunning) && performance.now() - startedMs < LIMIT_MS) pause();
}

function descendantsOf(pid: number, childrenOf: ReadonlyMap<number, readonly number[]>): readonly number[] {
  return (childrenOf.get(pid) ?? []).flatMap((child) => [child, ...descendantsOf(child, childrenOf)]);
}

function childrenByParent(): ReadonlyMap<number, readonly number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const parent = readStat(Number(name))?.parent;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
}

/** One that has ended stays a zombie while our event loop does not turn. */
function isRunning(pid: number): boolean {
  const state = readStat(pid)?.state;
  return state !== undefined && state !== "Z" && state !== "X";
}

/** Fields 3 and 4 of proc_pid_stat(5); the second is a name in parentheses that may hold anything. Undefined when it is gone. */
function readStat(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state = "", parent] = stat
      .slice(stat.lastIndexOf(")") + 1)
      .trim()
      .split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
