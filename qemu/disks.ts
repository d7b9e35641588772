// Disk images for virtual machines, made by qemu-img.
import { run } from "#os/exec";

export type ImageFormat = "raw" | "qcow2";

/** An empty disk; takes no room on the host until it is written to. */
export async function createDiskImage(path: string, sizeBytes: number, format: ImageFormat = "raw"): Promise<void> {
  await run(["qemu-img", "create", "-q", "-f", format, path, String(sizeBytes)]);
}

export interface Backing {
  readonly file: string;
  readonly format: ImageFormat;
}

/** A qcow2 disk that starts as `backing` and keeps what is written to itself. `backing.file` must be absolute or beside `path`. */
export async function createOverlay(path: string, backing: Backing): Promise<void> {
  await run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", backing.file, "-F", backing.format, path]);
}

/** The smallest size an SD card may have that holds `sizeBytes`: QEMU takes only powers of two. */
export function sdCardSizeBytes(sizeBytes: number): number {
  return 2 ** Math.ceil(Math.log2(sizeBytes));
}
