// What the operator sees: every line goes to all consoles and to the log.

import { appendFile, exists, makeDirectory } from "#os/files";
import { readSys } from "#os/sysfs";
import { openTerminal, type Terminal } from "#os/terminal";
import { uptimeMs } from "#os/clock";

export const LOG_PATH = "/var/log/lifeboat.log";

export interface Console {
  readonly terminals: readonly Terminal[];
  /** A line on every console and in the log. */
  say(line: string): void;
  /** A line in the log alone. */
  note(line: string): void;
  /** Resolves when all that was noted is in the log. */
  flushed(): Promise<void>;
}

/** Opens every console that the kernel writes to (`/sys/class/tty/console/active`), and the log, which only ever grows. */
export async function openConsole(extraTerminal?: string): Promise<Console> {
  await makeDirectory("/var/log");
  const terminals = consolePaths(extraTerminal).flatMap((path) => openTerminal(path) ?? []);
  let pending: Promise<void> = Promise.resolve();
  const note = (line: string) => {
    const stamp = (uptimeMs() / 1000).toFixed(3).padStart(9);
    pending = pending.then(() => appendFile(LOG_PATH, `[${stamp}] ${line}\n`)).catch(() => undefined);
  };
  return {
    terminals,
    note,
    say: (line) => {
      note(line);
      for (const terminal of terminals) terminal.write(`${line}\n`);
    },
    flushed: () => pending,
  };
}

/** Device paths of the consoles; the virtual console `tty0` is reached through the first real one, where keys arrive too. */
function consolePaths(extraTerminal: string | undefined): readonly string[] {
  const active = (readSys("/sys/class/tty/console/active") ?? "").split(" ").filter((name) => name !== "");
  const names = active.map((name) => (name === "tty0" ? "tty1" : name));
  if (extraTerminal !== undefined) names.push(extraTerminal.replace(/^\/dev\//, ""));
  return [...new Set(names.length === 0 ? ["console"] : names)].map((name) => `/dev/${name}`);
}

/** True when the log is there already: an agent before this one wrote it. */
export async function hasLog(): Promise<boolean> {
  return exists(LOG_PATH);
}
