// For tests: tar members written by hand, any field at will, and what the scanner makes of a stream.

import { tarScanner, type TarMember } from "./tar-read.ts";
import { asciiEncode, utf8Encode } from "./text.ts";

export interface HandmadeFields {
  readonly name?: string;
  readonly typeflag?: string;
  readonly linkname?: string;
  readonly magic?: string;
  readonly prefix?: string;
  /** Text goes in as it is, numbers as octal digits, bytes as bytes. */
  readonly mode?: number | Uint8Array | string;
  readonly uid?: number | Uint8Array | string;
  readonly gid?: number | Uint8Array | string;
  readonly size?: number | Uint8Array | string;
  readonly mtime?: number | Uint8Array | string;
  readonly devmajor?: number;
  readonly devminor?: number;
  /** Added to the right one. */
  readonly checksumError?: number;
}

/** A header block and its data, filled to whole blocks. */
export function handmade(fields: HandmadeFields, data: Uint8Array | string = ""): Uint8Array {
  const bytes = typeof data === "string" ? utf8Encode(data) : data;
  const block = new Uint8Array(512);
  const put = (offset: number, length: number, value: number | Uint8Array | string) => {
    const text = typeof value === "number" ? value.toString(8).padStart(length - 1, "0") : value;
    block.set((typeof text === "string" ? utf8Encode(text) : text).subarray(0, length), offset);
  };
  put(0, 100, fields.name ?? "a");
  put(100, 8, fields.mode ?? 0o644);
  put(108, 8, fields.uid ?? 0);
  put(116, 8, fields.gid ?? 0);
  put(124, 12, fields.size ?? bytes.length);
  put(136, 12, fields.mtime ?? 0);
  put(156, 1, fields.typeflag ?? "0");
  put(157, 100, fields.linkname ?? "");
  put(257, 8, fields.magic ?? "ustar\u000000");
  put(329, 8, fields.devmajor ?? 0);
  put(337, 8, fields.devminor ?? 0);
  put(345, 155, fields.prefix ?? "");
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0) + (fields.checksumError ?? 0);
  block.set(asciiEncode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return concat(block, bytes, new Uint8Array((512 - (bytes.length % 512)) % 512));
}

/** An extended header with these records, `LENGTH KEY=VALUE\n` each. */
export function paxHeader(records: Readonly<Record<string, string | Uint8Array>>, typeflag = "x"): Uint8Array {
  const encoded = Object.entries(records).map(([key, value]) => {
    const rest = concat(utf8Encode(` ${key}=`), typeof value === "string" ? utf8Encode(value) : value, utf8Encode("\n"));
    let length = rest.length + 1;
    while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length;
    return concat(utf8Encode(`${length}`), rest);
  });
  return handmade({ name: "PaxHeaders/a", typeflag }, concat(...encoded));
}

export const TAR_END = new Uint8Array(1024);

export interface ScannedMember {
  readonly member: TarMember;
  readonly data: Uint8Array;
}

export interface Scanned {
  readonly members: readonly ScannedMember[];
  /** All that was handed on, in order. */
  readonly handedOn: Uint8Array;
  readonly hasEnded: boolean;
}

/** Scans the stream in pieces of these lengths, the last one for all that is left. Throws what the scanner throws. */
export function scanTar(stream: Uint8Array, pieceLengths: readonly number[] = []): Scanned {
  const members: ScannedMember[] = [];
  const handedOn: Uint8Array[] = [];
  let data: Uint8Array[] = [];
  let open: TarMember | undefined;
  const keep = (bytes: Uint8Array) => void handedOn.push(bytes.slice());
  const scanner = tarScanner({
    member(member, header) {
      keep(header);
      open = member;
      data = [];
    },
    data(bytes) {
      keep(bytes);
      data.push(bytes.slice());
    },
    end(padding) {
      keep(padding);
      if (open !== undefined) members.push({ member: open, data: concat(...data) });
      open = undefined;
    },
    trailer: keep,
  });
  let at = 0;
  for (const length of [...pieceLengths, stream.length]) {
    scanner.push(stream.slice(at, at + length));
    at = Math.min(stream.length, at + length);
  }
  return { members, handedOn: concat(...handedOn), hasEnded: scanner.hasEnded() };
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}
