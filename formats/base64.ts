// Base64 (RFC 4648 section 4) of text that has one character a byte, for names that are no UTF-8; engines differ in what they offer.

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function base64Encode(bytes: string): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const group = (bytes.charCodeAt(at) << 16) | ((bytes.charCodeAt(at + 1) || 0) << 8) | (bytes.charCodeAt(at + 2) || 0);
    const given = Math.min(3, bytes.length - at);
    for (let digit = 0; digit < 4; digit += 1) text += digit > given ? "=" : DIGITS[(group >> (18 - 6 * digit)) & 63]!;
  }
  return text;
}

/** Undefined for what is no base64. */
export function base64Decode(text: string): string | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const digits = text.replace(/=+$/, "");
  let bytes = "";
  let bits = 0;
  let held = 0;
  for (const digit of digits) {
    held = (held << 6) | DIGITS.indexOf(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += String.fromCharCode((held >> bits) & 0xff);
  }
  return bytes;
}
