// Terminals: text that never makes us wait, keys from whichever terminal answers.
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { run } from "#os/exec";

export interface Terminal {
  /** The device, e.g. `/dev/ttyS0`. */
  readonly path: string;
  /** Never waits: what the terminal does not take yet is kept, the oldest is dropped beyond 16 KiB. The terminal turns `\n` into a new line. */
  write(text: string): void;
  /** What came within one short moment, a key press or a paste, undecoded beyond UTF-8. At most one listener. */
  onKeys(listener: (keys: string) => void): void;
  /** Lets go of the keyboard so that another program can have the terminal. The modes stay as they are. */
  release(): Promise<void>;
  /** Takes the keyboard again: keys come as they are pressed and are not echoed. */
  take(): void;
}

// A terminal that is opened so never becomes ours by accident, nor waits for a carrier or for a reader (open(2)).
const OPEN_FLAGS = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
const KEPT_CHARACTERS = 16 * 1024;
const BUSY_MS = 20;
const HUNG_UP_MS = 200;
const REOPEN_MS = 3000;
/** An escape sequence comes in pieces over a slow line; a paste comes as one or as many. */
const KEY_PAUSE_MS = 40;
const STTY_LIMIT_MS = 5000;

/** Opens a terminal device. Undefined when nothing answers there. */
export function openTerminal(path: string): Terminal | undefined {
  const write = openWriter(path);
  if (write === undefined) return undefined;
  const keyboard = openKeyboard(path);
  return { path, write, ...keyboard };
}

/** A terminal may take nothing for as long as it likes: no cable, Ctrl-S, a reader that sleeps. */
function openWriter(path: string): ((text: string) => void) | undefined {
  let file = tryOpen(path);
  if (file === undefined) return undefined;
  let pending = new Uint8Array();
  let timer: NodeJS.Timeout | undefined;
  const pump = () => {
    timer = undefined;
    try {
      while (pending.length > 0) pending = pending.subarray(writeSync(file!, pending));
    } catch (error) {
      if (!isBusy(error)) file = openAgain(file!, path);
      timer = setTimeout(pump, isBusy(error) ? BUSY_MS : HUNG_UP_MS).unref();
    }
  };
  return (text) => {
    pending = join(pending, new TextEncoder().encode(text)).slice(-KEPT_CHARACTERS);
    if (timer === undefined) pump();
  };
}

/** The end of a session on a terminal hangs it up for everyone who has it open (vhangup(2)). */
function openAgain(file: number, path: string): number {
  const again = tryOpen(path);
  if (again !== undefined) closeSync(file);
  return again ?? file;
}

function openKeyboard(path: string): Pick<Terminal, "onKeys" | "release" | "take"> {
  let input: ReadStream | undefined;
  let wanted = false;
  let modesSet: Promise<unknown> = Promise.resolve();
  let listener: (keys: string) => void = () => undefined;
  const gather = gatherKeys((keys) => listener(keys));
  const open = () => {
    const file = wanted && input === undefined ? tryOpen(path) : undefined;
    if (file === undefined) return;
    // Not setRawMode(): it waits until the terminal has taken all output, and with it the whole program would wait.
    modesSet = run(["stty", "-F", path, "raw", "-echo", "opost", "onlcr"], { timeoutMs: STTY_LIMIT_MS }).catch(() => undefined);
    input = openStream(file);
    input?.on("data", gather);
    input?.on("error", () => undefined);
    // A line that hangs up ends the stream; the next call may find it back.
    input?.on("close", () => {
      input = undefined;
      setTimeout(open, REOPEN_MS).unref();
    });
  };
  return {
    onKeys: (newListener) => {
      listener = newListener;
    },
    take: () => {
      wanted = true;
      open();
    },
    release: async () => {
      wanted = false;
      input?.removeAllListeners("data").destroy();
      input = undefined;
      await modesSet;
    },
  };
}

/** Hands on what has come when nothing more comes for a moment. */
function gatherKeys(deliver: (keys: string) => void): (bytes: Uint8Array) => void {
  const decoder = new TextDecoder();
  let keys = "";
  let timer: NodeJS.Timeout | undefined;
  return (bytes) => {
    keys += decoder.decode(bytes, { stream: true });
    clearTimeout(timer);
    timer = setTimeout(() => {
      const gathered = keys;
      keys = "";
      deliver(gathered);
    }, KEY_PAUSE_MS);
  };
}

function tryOpen(path: string): number | undefined {
  try {
    return openSync(path, OPEN_FLAGS);
  } catch {
    return undefined;
  }
}

/** Undefined for what is no terminal. */
function openStream(file: number): ReadStream | undefined {
  try {
    return new ReadStream(file);
  } catch {
    return undefined;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EAGAIN" || error.code === "EINTR");
}

function join(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(left.length + right.length);
  whole.set(left);
  whole.set(right, left.length);
  return whole;
}
