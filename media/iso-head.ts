// The beginning of an ISO 9660 image: directories stand before all files.

import { LifeboatError } from "#os/error";
import { readRange } from "#os/files";

const FIRST_BYTES = 1024 * 1024;
const MOST_BYTES = 16 * FIRST_BYTES;

/** What `parse` makes of it; it is given a larger piece as long as it throws LifeboatError, which may be for what is not in this one. */
export async function readIsoHead<T>(path: string, parse: (head: Uint8Array) => T | Promise<T>): Promise<T> {
  for (let headBytes = FIRST_BYTES; ; headBytes *= 4) {
    const head = await readRange(path, 0, headBytes);
    try {
      return await parse(head);
    } catch (error) {
      if (!(error instanceof LifeboatError) || head.length < headBytes || headBytes >= MOST_BYTES) throw error;
    }
  }
}
