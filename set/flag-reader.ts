// Inode flags of files and directories (chattr(1)), which tar does not keep.

import { bytesOf } from "#os/byte-paths";
import { startPiped } from "#os/exec";
import type { ByteText } from "../formats/tar-read.ts";
import { latin1Decode } from "../formats/text.ts";
import { RESTORABLE_FLAGS } from "./inode-flags.ts";

export interface FlagReader extends AsyncDisposable {
  /** Asks for one file or directory; to be awaited now and then. */
  ask(path: ByteText): void;
  room(): Promise<void>;
  /** Those that have flags that can be set again. */
  finish(): Promise<ReadonlyMap<ByteText, string>>;
}

const PIECE_BYTES = 32 * 1024;

/**
 * One lsattr for thousands of names, which come on standard input: as arguments, names that are no UTF-8 would not survive.
 * File systems without such flags, or a machine without lsattr, give none.
 */
export function startFlagReader(): FlagReader {
  const lsattr = startPiped(["xargs", "-0", "-r", "lsattr", "-d", "--"], { stderr: "drop" });
  const asked: ByteText[] = [];
  const flags = new Map<ByteText, string>();
  const matcher = flagMatcher(asked, (path, letters) => flags.set(path, letters));
  const read = (async () => {
    for await (const chunk of lsattr.output) matcher.push(latin1Decode(chunk));
  })();
  read.catch(() => undefined);
  let piece = "";
  let sent: Promise<unknown> = Promise.resolve();
  const send = () => {
    const bytes = bytesOf(piece);
    piece = "";
    sent = sent.then(() => lsattr.write(bytes));
  };
  return {
    ask(path) {
      asked.push(path);
      piece += `${path}\0`;
      if (piece.length >= PIECE_BYTES) send();
    },
    room: async () => void (await sent),
    async finish() {
      send();
      await sent;
      lsattr.endInput();
      await read;
      await lsattr.ended;
      return flags;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(lsattr[Symbol.asyncDispose]()),
  };
}

/** Matched names are let go when there are so many. */
const KEPT = 4096;

/** Pairs what lsattr prints, `LETTERS PATH\n`, with what was asked: names may hold newlines, and some questions get no answer. */
export function flagMatcher(asked: ByteText[], found: (path: ByteText, letters: string) => void) {
  let text = "";
  let next = 0;
  const take = () => {
    let at = 0;
    for (;;) {
      const lineEnd = text.indexOf("\n", at);
      if (lineEnd < 0) break;
      const head = /^([-A-Za-z]{4,40}) /.exec(text.slice(at, at + 48));
      const start = at + (head?.[0].length ?? 0);
      const index = head === null ? -1 : indexFrom(asked, next, (path) => text.startsWith(`${path}\n`, start));
      if (head === null || index < 0) {
        // A name with a newline may be cut by the end of what has come; anything else is the rest of one that nobody asked for.
        const come = text.slice(start);
        if (head !== null && indexFrom(asked, next, (path) => `${path}\n`.startsWith(come)) >= 0) break;
        at = lineEnd + 1;
        continue;
      }
      const path = asked[index]!;
      const letters = head[1]!
        .split("")
        .filter((letter) => RESTORABLE_FLAGS.includes(letter))
        .join("");
      if (letters !== "") found(path, letters);
      at = start + path.length + 1;
      next = index + 1;
    }
    text = text.slice(at);
    if (next < KEPT) return;
    asked.splice(0, next);
    next = 0;
  };
  return {
    push(more: string) {
      text += more;
      take();
    },
  };
}

function indexFrom(names: readonly ByteText[], start: number, test: (name: ByteText) => boolean): number {
  for (let index = start; index < names.length; index += 1) if (test(names[index]!)) return index;
  return -1;
}
