// What the operator sees: every line goes to all consoles and to the log; the menu stands below the lines.

import { makeDirectory, openAppender } from "#os/files";
import { readSys } from "#os/sysfs";
import { openTerminal, type Terminal } from "#os/terminal";
import { uptimeMs } from "#os/clock";
import { plainLine } from "../ui/plain-text.ts";
import { drawBlock, EMPTY_SCREEN, leaveBlock, printAbove, type ScreenState, type ScreenStep } from "../ui/screen.ts";

export const LOG_PATH = "/var/log/lifeboat.log";

/** One terminal and what stands on it. */
export interface Screen {
  readonly terminal: Terminal;
  print(line: string): void;
  /** Shows these lines below all others, in the place of those that were drawn before. */
  draw(lines: readonly string[]): void;
  /** Somebody else writes on the terminal: what is drawn stays as it is. */
  leave(): void;
}

export interface Console {
  readonly screens: readonly Screen[];
  /** A line on every console and in the log. */
  say(line: string): void;
  /** A line in the log alone; it is there when the call returns. */
  note(line: string): void;
}

/** Opens every console that the kernel writes to (`/sys/class/tty/console/active`), and the log, which only ever grows. */
export async function openConsole(extraTerminal?: string): Promise<Console> {
  await makeDirectory("/var/log");
  const active = readSys("/sys/class/tty/console/active") ?? "";
  const screens = consolePaths(active, extraTerminal).flatMap((path) => {
    const terminal = openTerminal(path);
    return terminal === undefined ? [] : [makeScreen(terminal)];
  });
  const log = openAppender(LOG_PATH);
  const note = (line: string) => log.append(`[${(uptimeMs() / 1000).toFixed(3).padStart(9)}] ${line}\n`);
  return {
    screens,
    note,
    say: (line) => {
      note(line);
      for (const screen of screens) screen.print(line);
    },
  };
}

/** The same console for what is done again and again: a line that it has had before is dropped. */
export function withoutRepeats(console: Console): Console {
  const seen = new Set<string>();
  const first = (line: string) => !seen.has(line) && seen.add(line);
  return {
    ...console,
    say: (line) => void (first(line) && console.say(line)),
    note: (line) => void (first(line) && console.note(line)),
  };
}

function makeScreen(terminal: Terminal): Screen {
  let state: ScreenState = EMPTY_SCREEN;
  const take = (step: ScreenStep) => {
    state = step.state;
    if (step.text !== "") terminal.write(step.text);
  };
  return {
    terminal,
    print: (line) => take(printAbove(state, plainLine(line))),
    draw: (lines) => take(drawBlock(state, lines)),
    leave: () => {
      state = leaveBlock();
    },
  };
}

/**
 * Device paths of the consoles, from the kernel's list and MondoRescue's `serial=`. The virtual console `tty0` is
 * reached through the first real one, where keys arrive too.
 */
export function consolePaths(active: string, extraTerminal: string | undefined): readonly string[] {
  const names = active
    .split(/\s+/)
    .filter((name) => name !== "")
    .map((name) => (name === "tty0" ? "tty1" : name));
  const extra = extraTerminal?.replace(/^\/dev\//, "").replace(/,.*$/, "");
  if (extra !== undefined && extra !== "") names.push(extra);
  return [...new Set(names.length === 0 ? ["console"] : names)].map((name) => `/dev/${name}`);
}
