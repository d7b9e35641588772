// The programs that read devices into images and write them back. Pure.

import type { DeviceImage, ImageMethod } from "../machine/device-image.ts";

/** Partclone's own images know which file system they are of. */
export const PARTCLONE_RESTORE = "partclone.restore";

type Command = readonly [program: string, ...args: string[]];

const BLOCK_BYTES = 2 ** 20;

interface ImageProgram {
  readonly name: string;
  /** Debian's. */
  readonly package: string;
  /** Exit codes of a call that asks for its version. */
  readonly okCodes: readonly number[];
}

export function imageProgram(method: ImageMethod): ImageProgram {
  if (method === "ntfsclone") return { name: "ntfsclone", package: "ntfs-3g", okCodes: [0] };
  // busybox has one too, which knows all that is asked of it here but its version.
  if (method === "raw") return { name: "dd", package: "coreutils", okCodes: [0, 1] };
  return { name: method, package: "partclone", okCodes: [0] };
}

/** No log, which would be a file of the machine; no progress. */
const QUIET_PARTCLONE = ["--quiet", "--logfile", "/dev/null"];

/** Prints the image; the same device gives the same image, when nothing has written to it. */
export function saveCommand({ method, sizeBytes }: Pick<DeviceImage, "method" | "sizeBytes">, path: string): Command {
  if (method === "ntfsclone") return ["ntfsclone", "--quiet", "--save-image", "--output", "-", path];
  if (method === "raw")
    return ["dd", `if=${path}`, `bs=${BLOCK_BYTES}`, `count=${sizeBytes}`, "iflag=count_bytes,fullblock", "status=none"];
  return [method, ...QUIET_PARTCLONE, "--clone", "--source", path, "--output", "-"];
}

/** Reads the image from its standard input. */
export function restoreCommand({ method }: Pick<DeviceImage, "method">, path: string): Command {
  if (method === "ntfsclone") return ["ntfsclone", "--quiet", "--restore-image", "--overwrite", path, "-"];
  if (method === "raw") return ["dd", `of=${path}`, `bs=${BLOCK_BYTES}`, "iflag=fullblock", "conv=fsync,notrunc", "status=none"];
  return [PARTCLONE_RESTORE, ...QUIET_PARTCLONE, "--source", "-", "--overwrite", path];
}
