// Finds secrets in what goes into a rescue image (DESIGN section 8, rule 6): by path, by lines of text, by private keys in anything.
import { PATH_RULES, PUBLIC_KEYS, TEXT_RULES } from "./secret-rules.ts";

export interface SecretFinding {
  /** Relative to the image's root. */
  readonly path: string;
  /** A short name such as "private-key". */
  readonly rule: string;
  /** From 1; undefined when the whole file is the finding. */
  readonly line?: number;
  /** What to do about it. Findings never quote the secret. */
  readonly advice: string;
}

export interface ScannedFile {
  /** Relative to the image's root. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** One finding a rule. Compressed content is not looked into. */
export function scanFile({ path, bytes }: ScannedFile): readonly SecretFinding[] {
  if (bytes.length === 0) return [];
  const isText = bytes.length <= TEXT_LIMIT_BYTES && !bytes.subarray(0, BINARY_CHECK_BYTES).includes(0);
  const text = isText ? latin1(bytes) : "";
  const findings = [...byPath(path, bytes), ...privateKeys(path, bytes), ...keytab(path, bytes), ...(isText ? byLine(path, text) : [])];
  const rules = new Set<string>();
  return findings.filter(({ rule }) => !rules.has(rule) && rules.add(rule));
}

/** Configuration is small; larger files are only searched for private keys. */
const TEXT_LIMIT_BYTES = 1024 * 1024;
const BINARY_CHECK_BYTES = 8192;

function byPath(path: string, bytes: Uint8Array): SecretFinding[] {
  const hits = PATH_RULES.filter(
    (rule) => rule.path.test(path) && (rule.content?.test(latin1(bytes.subarray(0, TEXT_LIMIT_BYTES))) ?? true),
  );
  return hits.map(({ rule, advice }) => ({ path, rule, advice }));
}

function byLine(path: string, text: string): SecretFinding[] {
  const rules = TEXT_RULES.filter((rule) => rule.path?.test(path) ?? true);
  const findings: SecretFinding[] = [];
  for (const { rule, line, advice } of rules) {
    // One search over all lines is much quicker than a loop; only a hit is looked for line by line.
    if (!new RegExp(line.source, `${line.flags}m`).test(text)) continue;
    const index = text.split("\n").findIndex((one) => line.test(one));
    if (index !== -1) findings.push({ path, rule, line: index + 1, advice });
  }
  return findings;
}

const DASHES = 5;
const PRIVATE_KEY = /^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/;
/** Line ends may be written as `\n`, as in JSON; header lines such as Proc-Type may come first. Then the key itself: base64. */
const KEY_BODY = /^(?:\s|\\[rn])+(?:[A-Za-z][\w-]*: [^\n\\]*(?:\s|\\[rn])+)*[A-Za-z0-9+/]{24,}/;
const KEY_WINDOW_BYTES = 1024;

/** The header alone is a format string in every crypto library; a header with a body is a key. */
function privateKeys(path: string, bytes: Uint8Array): SecretFinding[] {
  if (PUBLIC_KEYS.some((known) => known.path.test(path))) return [];
  for (const at of dashRuns(bytes)) {
    const window = latin1(bytes.subarray(at, at + KEY_WINDOW_BYTES));
    const header = PRIVATE_KEY.exec(window)?.[0];
    if (header === undefined || !KEY_BODY.test(window.slice(header.length))) continue;
    return [{ path, rule: "private-key", advice: "Leave this private key out of the image" }];
  }
  return [];
}

/** Where `-----B` starts. Of five dashes in a row one stands at a multiple of five, so a fifth of the bytes is looked at. */
function* dashRuns(bytes: Uint8Array): Generator<number> {
  for (let probe = DASHES - 1; probe < bytes.length; probe += DASHES) {
    if (bytes[probe] !== DASH) continue;
    let end = probe + 1;
    while (bytes[end] === DASH) end += 1;
    const start = end - DASHES;
    if (bytes[end] === LETTER_B && start >= 0 && bytes.subarray(start, end).every((byte) => byte === DASH)) yield start;
    // Long rules of dashes are passed once; the next five cannot begin before end + 1.
    probe = end;
  }
}

const DASH = 0x2d;
const LETTER_B = 0x42;

/** A keytab whatever its name: version 5.2 and a first record that fits (MIT krb5, keytab file format). */
function keytab(path: string, bytes: Uint8Array): SecretFinding[] {
  if (bytes[0] !== 5 || bytes[1] !== 2 || bytes.length < 20) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const recordBytes = view.getInt32(2);
  const componentCount = view.getInt16(6);
  const realmBytes = view.getInt16(8);
  const isRecord = recordBytes > 0 && recordBytes + 6 <= bytes.length && componentCount >= 1 && componentCount <= 8;
  if (!isRecord || realmBytes < 1 || realmBytes > 255 || realmBytes + 10 > bytes.length) return [];
  return [{ path, rule: "kerberos-keytab", advice: "Leave this file out of the image" }];
}

const decoder = new TextDecoder("latin1");

function latin1(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
