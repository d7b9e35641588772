// The data of a sparse tar member: a map, then what is not a hole (GNU tar manual, "PAX Format, Version 1.0").
import { LifeboatError } from "#os/error";

export interface SparseReader {
  /** Takes the member's stored data, in order. */
  push(bytes: Uint8Array): void;
}

/** A million extents make a map of some 20 MiB; more is a lying number. */
const MAP_LIMIT = 4_000_000;
/** As many as the largest offset that a number holds exactly. */
const DIGITS_LIMIT = 16;
const BLOCK_BYTES = 512;

/**
 * The map is decimal numbers, each with a newline: how many extents, then offset and length of each, filled with zeros to
 * a whole block. `onData` is told the place of each piece in the file; places only grow. Throws LifeboatError for a map
 * that lies.
 */
export function sparseReader(sizeBytes: number, onData: (offset: number, bytes: Uint8Array) => void): SparseReader {
  const numbers: number[] = [];
  let digits = "";
  let mapBytes = 0;
  let inMap = true;
  let extent = 0;
  let done = 0;
  const takeMapByte = (byte: number) => {
    mapBytes += 1;
    if (byte === 0x0a) {
      numbers.push(checkedNumber(digits, numbers, sizeBytes));
      digits = "";
    } else {
      digits += String.fromCharCode(byte);
      if (digits.length > DIGITS_LIMIT) throw lies("its map must be decimal numbers", `"${digits}…"`);
    }
    return numbers.length > 0 && numbers.length === 1 + 2 * numbers[0]!;
  };
  return {
    push(bytes) {
      let at = 0;
      let mapRead = false;
      while (inMap && at < bytes.length) {
        // Once all numbers are there, the rest of the block is filling.
        mapRead ||= numbers.length > 0 && numbers.length === 1 + 2 * numbers[0]!;
        if (mapRead) {
          const filling = (BLOCK_BYTES - (mapBytes % BLOCK_BYTES)) % BLOCK_BYTES;
          const skipped = Math.min(filling, bytes.length - at);
          mapBytes += skipped;
          at += skipped;
          if (mapBytes % BLOCK_BYTES === 0) inMap = false;
        } else {
          mapRead = takeMapByte(bytes[at]!);
          at += 1;
          if (mapRead && mapBytes % BLOCK_BYTES === 0) inMap = false;
        }
      }
      while (at < bytes.length) {
        const offset = numbers[1 + 2 * extent];
        const length = numbers[2 + 2 * extent];
        if (offset === undefined || length === undefined) throw lies("its data must end with its last extent", "more data");
        const piece = bytes.subarray(at, at + Math.min(length - done, bytes.length - at));
        if (piece.length > 0) onData(offset + done, piece);
        at += piece.length;
        done += piece.length;
        if (done < length) continue;
        extent += 1;
        done = 0;
      }
    },
  };
}

function checkedNumber(digits: string, before: readonly number[], sizeBytes: number): number {
  const value = Number(digits);
  if (!/^\d{1,16}$/.test(digits) || !Number.isSafeInteger(value)) throw lies("its map must be decimal numbers", `"${digits}"`);
  if (before.length === 0) {
    if (value > MAP_LIMIT) throw lies(`it may have at most ${MAP_LIMIT} extents`, `${value}`);
    return value;
  }
  const isOffset = before.length % 2 === 1;
  const previousEnd = before.length < 3 ? 0 : before[before.length - 2]! + before[before.length - 1]!;
  if (isOffset && value < previousEnd) throw lies("its extents must come in order", `one at ${value} after ${previousEnd}`);
  const end = isOffset ? value : before[before.length - 1]! + value;
  if (end > sizeBytes) throw lies(`its extents must lie in its ${sizeBytes} bytes`, `one ends at ${end}`);
  return value;
}

function lies(rule: string, state: string): LifeboatError {
  return new LifeboatError(`Cannot read a sparse file in the tar stream as ${rule}: ${state}`, { exitCode: 5 });
}
