// Small synchronous reads of /sys and /proc: thousands of tiny files, where a promise each would cost more than the read.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The text without its last newline, or undefined when it cannot be read. */
export function readSys(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").replace(/\n$/, "");
  } catch {
    return undefined;
  }
}

/** The bytes of a file that is no text, or undefined when it cannot be read. */
export function readSysBytes(path: string): Uint8Array | undefined {
  try {
    const bytes = readFileSync(path);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch {
    return undefined;
  }
}

/** Sorted names; empty when there is no such directory. */
export function listSys(path: string): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}

/** The last component of a symbolic link's target, as in `driver` and `subsystem` links. */
export function sysLinkName(path: string): string | undefined {
  return sysLink(path)?.replace(/^.*\//, "");
}

/** The target of a symbolic link as it is written. */
export function sysLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
