// `tape:/dev/nst0?block=256K` and `obdr:/dev/nst0`, taken apart. Pure.

import { LifeboatError } from "#os/error";
import { BLOCK_BYTES, MAX_BLOCK_BYTES, MIN_BLOCK_BYTES } from "../set/tape-format.ts";

export interface TapeMedium {
  /** `obdr`: the drive starts a machine from the first tape. */
  readonly kind: "tape" | "obdr";
  /** The node that does not rewind. */
  readonly path: string;
  readonly blockBytes: number;
  readonly volumeBytes: number;
  /** What may be overwritten beside blank tapes. */
  readonly overwrite: "nothing" | "sets" | "anything";
  /** Where volumes are kept until they are written. */
  readonly spool: string;
}

const VOLUME_BYTES = 1024 ** 3;
const SPOOL = "/var/tmp";
const HINT = "As in tape:/dev/nst0?block=256K&volume=1G&overwrite=sets&spool=/var/tmp; all but the drive may be left out";

export function isTapeUrl(text: string): boolean {
  return /^(?:tape|obdr):/.test(text);
}

/** Undefined for URLs of other kinds. Throws LifeboatError (2) for one of a tape that says what nobody understands. */
export function parseTapeUrl(text: string): TapeMedium | undefined {
  const [, kind, device, query] = /^(tape|obdr):(\/[^?]*)(?:\?(.*))?$/s.exec(text) ?? [];
  if (kind === undefined || device === undefined) {
    if (isTapeUrl(text)) throw refused(text, "names a drive", "it has no path");
    return undefined;
  }
  const options = optionsOf(text, query ?? "");
  return {
    kind: kind === "obdr" ? "obdr" : "tape",
    path: withoutRewind(device),
    blockBytes: blockBytes(text, options.get("block")),
    volumeBytes: options.has("volume") ? bytesOf(text, options.get("volume") ?? "") : VOLUME_BYTES,
    overwrite: overwrite(text, options.get("overwrite")),
    spool: options.get("spool") ?? SPOOL,
  };
}

/** /dev/st0 goes back to the beginning whenever it is closed: its twin does not. */
function withoutRewind(device: string): string {
  return device.replace(/^\/dev\/st(\d+[alm]?)$/, "/dev/nst$1");
}

const NAMES: ReadonlySet<string> = new Set(["block", "volume", "overwrite", "spool"]);

function optionsOf(text: string, query: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const word of query.split("&")) {
    if (word === "") continue;
    const [, name = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(word) ?? [];
    if (!NAMES.has(name)) throw refused(text, `may have ${[...NAMES].join(", ")}`, `"${name}" is none of them`);
    options.set(name, value);
  }
  return options;
}

function blockBytes(text: string, value: string | undefined): number {
  if (value === undefined) return BLOCK_BYTES;
  const bytes = bytesOf(text, value);
  if (bytes >= MIN_BLOCK_BYTES && bytes <= MAX_BLOCK_BYTES && bytes % MIN_BLOCK_BYTES === 0) return bytes;
  throw refused(
    text,
    `has blocks of ${MIN_BLOCK_BYTES / 1024}K to ${MAX_BLOCK_BYTES / 1024}K in steps of ${MIN_BLOCK_BYTES / 1024}K`,
    value,
  );
}

function overwrite(text: string, value: string | undefined): TapeMedium["overwrite"] {
  if (value === undefined) return "nothing";
  if (value === "sets" || value === "anything") return value;
  throw refused(text, "overwrites sets or anything", `"${value}"`);
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

function bytesOf(text: string, value: string): number {
  const [, digits, unit = ""] = /^([1-9]\d{0,11})([KMG]?)$/i.exec(value) ?? [];
  if (digits !== undefined) return Number(digits) * (UNITS[unit.toUpperCase()] ?? 1);
  throw refused(text, "has sizes such as 256K or 1G", `"${value}"`);
}

/** `rule` follows "a tape's URL", `state` a colon. */
function refused(text: string, rule: string, state: string): LifeboatError {
  return new LifeboatError(`Cannot use "${text}" as a tape's URL ${rule}: ${state}`, { exitCode: 2, hint: HINT });
}
