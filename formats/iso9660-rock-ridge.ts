// The system use area of a directory record: Rock Ridge names and types (SUSP 1.12, RRIP 1.12).
import { fieldReader, type FieldReader } from "./fields.ts";
import { utf8Decode } from "./text.ts";

export interface RockRidge {
  /** Undefined when the record carries no NM entry. */
  readonly name: string | undefined;
  readonly isSymlink: boolean;
}

/** Continuation areas may chain; more hops than this are a loop. */
const HOP_LIMIT = 32;
const NM_CURRENT_OR_PARENT = 6;

/** `iso` is the whole volume: CE entries point anywhere in it. */
export function readSystemUse(iso: FieldReader, systemUse: Uint8Array, blockBytes: number): RockRidge {
  const nameParts: Uint8Array[] = [];
  let isSymlink = false;
  let area: Uint8Array | undefined = systemUse;
  for (let hop = 0; area !== undefined; hop += 1) {
    if (hop > HOP_LIMIT) throw iso.damage(`system use must have at most ${HOP_LIMIT} continuations`, "more");
    let next: Uint8Array | undefined;
    for (const { signature, body } of fieldsOf(area)) {
      if (signature === "NM" && ((body[0] ?? 0) & NM_CURRENT_OR_PARENT) === 0) nameParts.push(body.subarray(1));
      if (signature === "SL") isSymlink = true;
      if (signature === "CE") next = continuation(iso, body, blockBytes);
    }
    area = next;
  }
  return { name: nameParts.length === 0 ? undefined : utf8Decode(joined(nameParts)), isSymlink };
}

interface Field {
  readonly signature: string;
  /** After signature, length and version. */
  readonly body: Uint8Array;
}

function* fieldsOf(area: Uint8Array): Generator<Field> {
  let at = 0;
  while (at + 4 <= area.length) {
    const length = area[at + 2]!;
    // Shorter than its own header, or longer than the area: padding, or damage that a name does not depend on.
    if (length < 4 || at + length > area.length) return;
    const signature = String.fromCharCode(area[at]!, area[at + 1]!);
    if (signature === "ST") return;
    yield { signature, body: area.subarray(at + 4, at + length) };
    at += length;
  }
}

function continuation(iso: FieldReader, body: Uint8Array, blockBytes: number): Uint8Array {
  const field = fieldReader(body, iso.what, "little");
  const start = field.u32(0, "CE block") * blockBytes + field.u32(8, "CE offset");
  return iso.bytes(start, field.u32(16, "CE length"), "continuation area");
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
