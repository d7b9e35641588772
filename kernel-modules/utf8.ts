// UTF-8 to text, for engines without TextDecoder.

/** Decodes `bytes[start, end)`. What is no UTF-8 becomes U+FFFD, byte by byte. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let at = start;
  while (at < end) {
    const { point, length } = codePointAt(bytes, at, end);
    text += String.fromCodePoint(point);
    at += length;
  }
  return text;
}

const REPLACEMENT = { point: 0xfffd, length: 1 };

function codePointAt(bytes: Uint8Array, at: number, end: number): { readonly point: number; readonly length: number } {
  const first = bytes[at]!;
  if (first < 0x80) return { point: first, length: 1 };
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > end) return REPLACEMENT;
  let point = first & (0xff >> (length + 1));
  for (let index = at + 1; index < at + length; index++) {
    const next = bytes[index]!;
    if ((next & 0xc0) !== 0x80) return REPLACEMENT;
    point = (point << 6) | (next & 0x3f);
  }
  return isValid(point, length) ? { point, length } : REPLACEMENT;
}

/** RFC 3629: no longer form than needed, no surrogates, nothing past U+10FFFF. */
function isValid(point: number, length: number): boolean {
  const least = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000;
  return point >= least && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}
