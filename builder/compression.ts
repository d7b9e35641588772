// How the initramfs and the tools layer are squeezed: one choice of data for each way.

import type { Command } from "#os/exec";

export type Compression = "zstd" | "xz" | "gzip" | "none";

export interface CompressionChoice {
  readonly name: Compression;
  /** The program that squeezes an initramfs segment; none for a raw one. */
  readonly segmentCommands: readonly Command[];
  /** What mksquashfs is told. */
  readonly squashfsOptions: readonly string[];
  /** The kernel's switch for unpacking such an initramfs. */
  readonly kernelOption: string | undefined;
}

/**
 * The kernel's own limits: xz with CRC32 and a small dictionary, zstd without long windows
 * (Documentation/staging/xz.rst, lib/decompress_unzstd.c).
 */
export function compressionChoice(name: Compression): CompressionChoice {
  switch (name) {
    case "zstd":
      return {
        name,
        segmentCommands: [["zstd", "-q", "-T0", "-9", "-c"]],
        squashfsOptions: ["-comp", "zstd", "-Xcompression-level", "8", "-b", "1M"],
        kernelOption: "CONFIG_RD_ZSTD",
      };
    case "xz":
      return {
        name,
        segmentCommands: [["xz", "-q", "-T0", "--check=crc32", "--x86", "--lzma2=preset=6,dict=8MiB", "-c"]],
        squashfsOptions: ["-comp", "xz", "-Xbcj", "x86", "-b", "1M"],
        kernelOption: "CONFIG_RD_XZ",
      };
    case "gzip":
      return { name, segmentCommands: [["gzip", "-n", "-6", "-c"]], squashfsOptions: ["-comp", "gzip"], kernelOption: "CONFIG_RD_GZIP" };
    case "none":
      return { name, segmentCommands: [["cat"]], squashfsOptions: ["-noI", "-noD", "-noF"], kernelOption: undefined };
  }
}
