// What a machine says on its serial line, and waiting for it: text is pushed in, nothing polls.
import { LifeboatError } from "#os/error";
import { plainText } from "./ansi.ts";

export type Pattern = string | RegExp;

export interface ConsoleMatch {
  /** The matched text. */
  readonly text: string;
  /** What the pattern's groups took, the first group first. */
  readonly groups: readonly (string | undefined)[];
  /** What came between the last match and this one. */
  readonly before: string;
}

export interface SerialConsole {
  push(bytes: Uint8Array): void;
  /** No more will come; calls that wait fail with `reason`. */
  end(reason: string): void;
  expect(pattern: Pattern, options?: { readonly timeoutMs?: number }): Promise<ConsoleMatch>;
  expectNone(pattern: Pattern, options?: { readonly durationMs?: number }): Promise<void>;
  /** All text since the start, without escape sequences. */
  text(): string;
}

interface State {
  readonly logPath: string;
  text: string;
  /** Where the last match ended. */
  cursor: number;
  /** Nothing has come for REST_MS. */
  atRest: boolean;
  ended: string | undefined;
  waiters: readonly Waiter[];
}

interface Waiter {
  /** Looks at the text; true when it needs no more. */
  readonly look: () => boolean;
  readonly end: (reason: string) => void;
}

// A match that touches the end of what has come may be cut ("modules=8" of "modules=86"); it counts once the line rests.
const REST_MS = 200;

const LINES_SHOWN = 30;

/** `logPath` is only named in errors; whoever pushes writes it. */
export function createSerialConsole(logPath: string): SerialConsole {
  const state: State = { logPath, text: "", cursor: 0, atRest: true, ended: undefined, waiters: [] };
  const decoder = new TextDecoder();
  let unfinished = "";
  let restTimer: NodeJS.Timeout | undefined;
  return {
    push(bytes) {
      const { text, rest } = plainText(unfinished + decoder.decode(bytes, { stream: true }));
      unfinished = rest;
      state.text += text;
      settle(state, false);
      clearTimeout(restTimer);
      restTimer = setTimeout(() => settle(state, true), REST_MS);
    },
    end(reason) {
      clearTimeout(restTimer);
      settle(state, true);
      state.ended ??= reason;
      for (const waiter of state.waiters) waiter.end(reason);
      state.waiters = [];
    },
    expect: (pattern, { timeoutMs } = {}) => expectText(state, pattern, timeoutMs),
    expectNone: (pattern, { durationMs } = {}) => expectNoText(state, pattern, durationMs ?? 0),
    text: () => state.text,
  };
}

function settle(state: State, atRest: boolean): void {
  state.atRest = atRest;
  state.waiters = state.waiters.filter((waiter) => !waiter.look());
}

function expectText(state: State, pattern: Pattern, timeoutMs: number | undefined): Promise<ConsoleMatch> {
  const limit = timeoutMs === undefined ? "" : ` within ${timeoutMs / 1000} s`;
  const failure = (reason: string) => consoleError(state, `Cannot find ${quoted(pattern)} as the machine must print it${limit}: ${reason}`);
  return new Promise((resolve, reject) => {
    wait(state, {
      look() {
        const match = nextMatch(state, pattern);
        if (match !== undefined) resolve(match);
        return match !== undefined;
      },
      end: (reason) => reject(failure(reason)),
      ...(timeoutMs === undefined ? {} : { timeoutMs, onTimeout: () => reject(failure("it has not come")) }),
    });
  });
}

/** Everything since the start counts, whatever has been matched: a panic stays a panic. */
function expectNoText(state: State, pattern: Pattern, durationMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    wait(state, {
      look() {
        const match = find(state.text, pattern);
        if (match !== undefined)
          reject(consoleError(state, `Cannot accept the console as ${quoted(pattern)} must not be there: "${match.text}"`));
        return match !== undefined;
      },
      end: () => resolve(),
      timeoutMs: durationMs,
      onTimeout: () => resolve(),
    });
  });
}

interface Wait extends Waiter {
  readonly timeoutMs?: number;
  readonly onTimeout?: () => void;
}

function wait(state: State, { look, end, timeoutMs, onTimeout }: Wait): void {
  if (look()) return;
  if (state.ended !== undefined) return end(state.ended);
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          state.waiters = state.waiters.filter((other) => other !== waiter);
          onTimeout?.();
        }, timeoutMs);
  const waiter: Waiter = {
    look() {
      const done = look();
      if (done) clearTimeout(timer);
      return done;
    },
    end(reason) {
      clearTimeout(timer);
      end(reason);
    },
  };
  state.waiters = [...state.waiters, waiter];
}

function nextMatch(state: State, pattern: Pattern): ConsoleMatch | undefined {
  const fresh = state.text.slice(state.cursor);
  const match = find(fresh, pattern);
  if (match === undefined) return undefined;
  const end = match.index + match.text.length;
  const mayBeCut = typeof pattern !== "string" && end === fresh.length;
  if (mayBeCut && !state.atRest) return undefined;
  state.cursor += end;
  return { text: match.text, groups: match.groups, before: fresh.slice(0, match.index) };
}

function find(text: string, pattern: Pattern) {
  if (typeof pattern === "string") {
    const index = text.indexOf(pattern);
    return index < 0 ? undefined : { index, text: pattern, groups: [] };
  }
  const match = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")).exec(text);
  if (match === null) return undefined;
  const [whole, ...groups] = match;
  return { index: match.index, text: whole, groups };
}

function quoted(pattern: Pattern): string {
  return typeof pattern === "string" ? `"${pattern}"` : String(pattern);
}

/** The last lines stand in the message itself, since test reports show messages. */
function consoleError(state: State, message: string): LifeboatError {
  const lines = state.text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-LINES_SHOWN);
  const shown = lines.length === 0 ? "  (the console is empty)" : lines.map((line) => `  ${line}`).join("\n");
  return new LifeboatError(`${message}\nLast lines of "${state.logPath}":\n${shown}`, {
    hint: `The whole console is in "${state.logPath}"`,
  });
}
