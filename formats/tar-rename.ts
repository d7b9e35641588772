// The same member under another name: its header blocks with new pax records.

import { parsePaxRecords, TAR_BLOCK_BYTES, type ByteText } from "./tar-read.ts";
import { asciiEncode, latin1Encode } from "./text.ts";

export interface NewNames {
  /** Relative, as members are named. */
  readonly path?: ByteText;
  /** Of a hard link. */
  readonly linkTarget?: ByteText;
}

/** `header` has all blocks before a member's data. GNU tar takes a pax record before any other name. */
export function renamedHeader(header: Uint8Array, { path, linkTarget }: NewNames): Uint8Array {
  const own = header.subarray(header.length - TAR_BLOCK_BYTES);
  const records = header[156] === 0x78 ? parsePaxRecords(paxBytes(header)) : new Map<ByteText, Uint8Array>();
  const all = new Map(records);
  if (path !== undefined) all.set(records.has("GNU.sparse.name") ? "GNU.sparse.name" : "path", latin1Encode(path));
  if (linkTarget !== undefined) all.set("linkpath", latin1Encode(linkTarget));
  const body = concat([...all].map(([recordKey, value]) => record(recordKey, value)));
  const pax = own.slice();
  pax.fill(0, 0, 100);
  pax.set(asciiEncode("PaxHeaders/renamed"), 0);
  pax.fill(0, 345, 500);
  pax[156] = 0x78;
  setOctal(pax, 124, 12, body.length);
  setChecksum(pax);
  const padding = new Uint8Array((TAR_BLOCK_BYTES - (body.length % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES);
  return concat([pax, body, padding, own]);
}

function paxBytes(header: Uint8Array): Uint8Array {
  let size = 0;
  for (let index = 124; index < 136; index += 1) {
    const digit = header[index]! - 0x30;
    if (digit >= 0 && digit <= 7) size = size * 8 + digit;
  }
  return header.subarray(TAR_BLOCK_BYTES, TAR_BLOCK_BYTES + size);
}

function record(key: ByteText, value: Uint8Array): Uint8Array {
  const rest = concat([latin1Encode(` ${key}=`), value, latin1Encode("\n")]);
  let length = rest.length + 1;
  while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length;
  return concat([asciiEncode(`${length}`), rest]);
}

function setOctal(block: Uint8Array, offset: number, length: number, value: number): void {
  block.set(asciiEncode(`${value.toString(8).padStart(length - 1, "0")}\0`), offset);
}

function setChecksum(block: Uint8Array): void {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(asciiEncode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}
