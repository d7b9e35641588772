// Terminals: one text on any number of consoles, keys from whichever answers.
import { openSync } from "node:fs";
import { ReadStream, WriteStream } from "node:tty";

export interface Terminal {
  readonly path: string;
  write(text: string): void;
  /** Keys as they come, undecoded beyond UTF-8; at most one listener. */
  onKeys(listener: (keys: string) => void): void;
  /** Lets go of the keyboard so that another program can have the terminal. */
  release(): void;
  /** Takes the keyboard again. */
  take(): void;
}

/** Opens a terminal device such as `/dev/ttyS0`. Undefined when nothing answers there. */
export function openTerminal(path: string): Terminal | undefined {
  let output: WriteStream;
  try {
    output = new WriteStream(openSync(path, "r+"));
  } catch {
    return undefined;
  }
  output.on("error", () => undefined);
  let input: ReadStream | undefined;
  let listener: (keys: string) => void = () => undefined;
  const take = () => {
    if (input !== undefined) return;
    try {
      input = new ReadStream(openSync(path, "r"));
    } catch {
      return;
    }
    input.on("error", () => undefined);
    input.setRawMode(true);
    input.on("data", (bytes: Uint8Array) => listener(new TextDecoder().decode(bytes)));
  };
  return {
    path,
    write: (text) => void output.write(text),
    onKeys: (newListener) => {
      listener = newListener;
    },
    take,
    release: () => {
      input?.setRawMode(false);
      input?.destroy();
      input = undefined;
    },
  };
}
