// Text to bytes and back without the host's TextEncoder: UTF-8 (RFC 3629, WHATWG replacement rules), ASCII, Latin-1.

const REPLACEMENT = 0xfffd;
/** Code units handed to String.fromCharCode at once; engines limit the number of arguments. */
const UNITS_AT_ONCE = 8192;

/** Unpaired surrogates become U+FFFD, as TextEncoder has it. */
export function utf8Encode(text: string): Uint8Array {
  const out = new Uint8Array(text.length * 3);
  let end = 0;
  for (let index = 0; index < text.length; index += 1) {
    let code = text.charCodeAt(index);
    if (code < 0x80) {
      out[end++] = code;
      continue;
    }
    if (code >= 0xd800 && code <= 0xdfff) {
      code = codePointOfPair(code, text.charCodeAt(index + 1));
      if (code > 0xffff) index += 1;
    }
    end = putCodePoint(out, end, code);
  }
  return out.slice(0, end);
}

/** Bytes that are no UTF-8 become U+FFFD; a byte order mark is kept. */
export function utf8Decode(bytes: Uint8Array): string {
  return decode(bytes, false) ?? "";
}

/** Undefined when the bytes are not well-formed UTF-8: for names that must survive a round trip. */
export function utf8DecodeExact(bytes: Uint8Array): string | undefined {
  return decode(bytes, true);
}

/** One character a byte, 0 to 255. */
export function latin1Decode(bytes: Uint8Array): string {
  if (bytes.length <= UNITS_AT_ONCE) return unitsToText(bytes);
  const parts: string[] = [];
  for (let start = 0; start < bytes.length; start += UNITS_AT_ONCE) {
    parts.push(unitsToText(bytes.subarray(start, start + UNITS_AT_ONCE)));
  }
  return parts.join("");
}

/** One byte a character, of those up to 255. */
export function latin1Encode(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Bytes above 127 become U+FFFD. */
export function asciiDecode(bytes: Uint8Array): string {
  return latin1Decode(bytes).replace(/[\u0080-\u00ff]/g, "\ufffd");
}

/** For headers made of ASCII; any other character becomes "?". */
export function asciiEncode(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    out[index] = code < 0x80 ? code : 0x3f;
  }
  return out;
}

/** What stands before the first NUL, or everything. */
export function beforeNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

function codePointOfPair(high: number, low: number): number {
  const isPair = high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff;
  return isPair ? 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00) : REPLACEMENT;
}

function putCodePoint(out: Uint8Array, start: number, code: number): number {
  let end = start;
  if (code < 0x800) {
    out[end++] = 0xc0 | (code >> 6);
  } else {
    if (code < 0x10000) {
      out[end++] = 0xe0 | (code >> 12);
    } else {
      out[end++] = 0xf0 | (code >> 18);
      out[end++] = 0x80 | ((code >> 12) & 0x3f);
    }
    out[end++] = 0x80 | ((code >> 6) & 0x3f);
  }
  out[end++] = 0x80 | (code & 0x3f);
  return end;
}

function decode(bytes: Uint8Array, exact: boolean): string | undefined {
  const units = new Uint16Array(UNITS_AT_ONCE);
  const parts: string[] = [];
  let filled = 0;
  let index = 0;
  while (index < bytes.length) {
    // A character makes at most two units.
    if (filled > UNITS_AT_ONCE - 2) {
      parts.push(unitsToText(units.subarray(0, filled)));
      filled = 0;
    }
    const lead = bytes[index]!;
    if (lead < 0x80) {
      units[filled++] = lead;
      index += 1;
      continue;
    }
    const sequence = readSequence(bytes, index, lead);
    if (exact && sequence.code === -1) return undefined;
    index += sequence.length;
    if (sequence.code > 0xffff) {
      units[filled++] = 0xd800 + ((sequence.code - 0x10000) >> 10);
      units[filled++] = 0xdc00 + ((sequence.code - 0x10000) & 0x3ff);
    } else {
      units[filled++] = sequence.code === -1 ? REPLACEMENT : sequence.code;
    }
  }
  parts.push(unitsToText(units.subarray(0, filled)));
  return parts.join("");
}

/** A multi-byte sequence; code -1 and the length of its longest good beginning when it is ill-formed (Unicode 3.9, table 3-7). */
function readSequence(bytes: Uint8Array, start: number, lead: number): { readonly code: number; readonly length: number } {
  const expected = lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (expected === 0) return { code: -1, length: 1 };
  let code = lead & (0xff >> (expected + 1));
  for (let index = 1; index < expected; index += 1) {
    const byte = bytes[start + index] ?? 0;
    const lowest = index > 1 ? 0x80 : lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const highest = index > 1 ? 0xbf : lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (byte < lowest || byte > highest) return { code: -1, length: index };
    code = (code << 6) | (byte & 0x3f);
  }
  return { code, length: expected };
}

function unitsToText(units: Uint8Array | Uint16Array): string {
  // The typed array stands for the list of arguments: no copy into an array of numbers.
  return String.fromCharCode.apply(undefined, units as unknown as number[]);
}
