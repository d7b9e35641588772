// What must not outlive this process: its temporary files and directories, also when a signal ends it.
import { lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";

const SIGNALS: readonly ("SIGINT" | "SIGTERM" | "SIGHUP")[] = ["SIGINT", "SIGTERM", "SIGHUP"];

const known = new Set<string>();

/** Remembers an absolute path, there already or not yet, until `forgetTemporary`. */
export function rememberTemporary(path: string): string {
  known.add(path);
  return path;
}

/** Files and directories that are there for a while; no part of the machine. */
export function knownTemporaries(): readonly string[] {
  return [...known];
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
  for (const path of known) {
    try {
      removeOn(lstatSync(path).dev, path);
    } catch {
      // Nothing may be there yet, or a mount below it; nobody is left to be told.
    }
  }
  known.clear();
}

/** Never crosses a mount (DESIGN section 8, rule 7): a directory with a mount below it is not empty and stays. */
function removeOn(device: number, path: string): void {
  const info = lstatSync(path);
  if (info.dev !== device) return;
  if (!info.isDirectory()) return unlinkSync(path);
  for (const name of readdirSync(path)) removeOn(device, join(path, name));
  rmdirSync(path);
}
