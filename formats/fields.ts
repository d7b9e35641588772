// Numbers and byte ranges out of a file by the spec's field names; a read past the end is an error that names the field.
import { LifeboatError } from "#os/error";

export interface FieldReader {
  /** As error messages name the file. */
  readonly what: string;
  readonly lengthBytes: number;
  readonly u8: (offset: number, field: string) => number;
  readonly u16: (offset: number, field: string) => number;
  readonly u32: (offset: number, field: string) => number;
  /** As a number: above 2^53 the lowest bits are lost, which no offset inside a file reaches. */
  readonly u64: (offset: number, field: string) => number;
  /** A view, not a copy. */
  readonly bytes: (offset: number, lengthBytes: number, field: string) => Uint8Array;
  /** An error about this file: `Cannot read WHAT as RULE: STATE`. */
  readonly damage: (rule: string, state: string) => LifeboatError;
}

export type Endian = "little" | "big";

/** `what` stands in error messages: `the ELF file "/bin/ls"`. Offsets count from the start of `source`. */
export function fieldReader(source: Uint8Array, what: string, endian: Endian): FieldReader {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const isLittle = endian === "little";
  const damage = (rule: string, state: string) =>
    new LifeboatError(`Cannot read ${what} as ${rule}: ${state}`, { hint: "The file is damaged or cut short; take a good copy" });
  const check = (offset: number, lengthBytes: number, field: string): number => {
    // Written so that NaN and fractions fail too.
    const isInside = Number.isSafeInteger(offset) && Number.isSafeInteger(lengthBytes) && offset >= 0 && lengthBytes >= 0;
    if (isInside && offset + lengthBytes <= source.length) return offset;
    throw damage(`"${field}" must lie inside it`, `${lengthBytes} bytes at ${offset}, the file has ${source.length}`);
  };
  return {
    what,
    lengthBytes: source.length,
    u8: (offset, field) => view.getUint8(check(offset, 1, field)),
    u16: (offset, field) => view.getUint16(check(offset, 2, field), isLittle),
    u32: (offset, field) => view.getUint32(check(offset, 4, field), isLittle),
    u64: (offset, field) => {
      const first = view.getUint32(check(offset, 8, field), isLittle);
      const second = view.getUint32(offset + 4, isLittle);
      return isLittle ? second * 2 ** 32 + first : first * 2 ** 32 + second;
    },
    bytes: (offset, lengthBytes, field) => source.subarray(check(offset, lengthBytes, field), offset + lengthBytes),
    damage,
  };
}
