// What GNU tar says on standard error while it extracts, in its own words of the C locale.

import type { ByteText } from "../formats/tar-read.ts";
import { bytesOfText } from "../set/catalogue.ts";
import { pathInMessage } from "../set/tar-messages.ts";
import type { Difference } from "./compare-files.ts";

export interface ExtractRemark {
  /** Absolute, as in the catalogue; "" for what is said of no path. */
  readonly path: ByteText;
  readonly what: string;
}

export interface ExtractMessages {
  /** Each once. */
  readonly remarks: readonly ExtractRemark[];
  /** The lines that say that tar itself failed, or the disk did: not one file. */
  readonly fatal: readonly string[];
  /** Nothing more could be written, which costs whatever comes: tar goes on all the same. */
  readonly isFull: boolean;
}

/** Said beside the messages that count. */
const NOISE = /^Exiting with failure status due to previous errors$/;
const FULL = /: (?:Wrote only \d+ of \d+ bytes?|(?:.*: )?(?:No space left on device|Disk quota exceeded))$/;
const FATAL =
  /^(?:-: |Error is not recoverable|Unexpected EOF|This does not look like a tar archive|Skipping to next header|Cannot write)|^no such program|: (?:Input\/output error|Read-only file system|Structure needs cleaning)$/;
/** In a name a colon is quoted. */
const OF_PATH = /^((?:[^\\:]|\\.)+): (.*)$/s;
/** The call stands before it, and the name as it is after it. */
const OF_ATTRIBUTE = /^\w+: (Cannot set '.*' extended attribute) for file '(.*)': (.*)$/s;

export function readExtractMessages(stderr: string): ExtractMessages {
  const lines = stderr
    .split("\n")
    .map((line) => line.replace(/^tar: /, ""))
    .filter((line) => line !== "" && !NOISE.test(line));
  return {
    remarks: [...new Set(lines)].map(remarkOf),
    fatal: lines.filter((line) => FATAL.test(line)),
    isFull: lines.some((line) => FULL.test(line)),
  };
}

function remarkOf(line: string): ExtractRemark {
  const [, what, name, state] = OF_ATTRIBUTE.exec(line) ?? [];
  if (name !== undefined) return { path: `/${bytesOfText(name)}`, what: `${what}: ${state}` };
  const [, path, rest] = OF_PATH.exec(line) ?? [];
  return path === undefined ? { path: "", what: line } : { path: pathInMessage(path.replace(/(?<=.)\/$/, "")), what: rest! };
}

/** What tar said of a path is why it differs, and one line with it. */
export function explained(differences: readonly Difference[], remarks: readonly ExtractRemark[]): readonly Difference[] {
  const said = new Map<ByteText, string>();
  for (const { path, what } of remarks) if (path !== "") said.set(path, said.has(path) ? `${said.get(path)}; ${what}` : what);
  const explained = new Map<ByteText, string>();
  for (const { path, what } of differences)
    if (said.has(path)) explained.set(path, explained.has(path) ? `${explained.get(path)}; ${what}` : what);
  return [
    ...differences.filter(({ path }) => !said.has(path)),
    ...[...said].map(([path, why]) => ({ path, what: explained.has(path) ? `${explained.get(path)} (${why})` : why })),
    ...remarks.filter(({ path }) => path === ""),
  ];
}
