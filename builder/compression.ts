// How the initramfs and the tools layer are squeezed: one choice of data for each way.

import type { Command } from "#os/exec";

/** Of both layers of an image. */
export type Compression = "zstd" | "xz" | "gzip" | "none";

/** What a squashfs can be marked with; mksquashfs(1) names them so. */
export type SquashfsCompression = "zstd" | "xz" | "gzip" | "lz4" | "lzo";

export interface CompressionChoice {
  readonly name: Compression;
  /** The program that squeezes an initramfs segment; none for a raw one. */
  readonly segmentCommands: readonly Command[];
  /** What mksquashfs is told. */
  readonly squashfsOptions: readonly string[];
}

/**
 * The kernel's own limits: xz with CRC32 and a small dictionary, zstd without long windows
 * (Documentation/staging/xz.rst, lib/decompress_unzstd.c). The kernel refuses a squashfs whose mark it does not know, also when
 * everything in it is stored as it is (fs/squashfs/super.c): `squashfsMark` is one that it knows.
 */
export function compressionChoice(name: Compression, squashfsMark: SquashfsCompression): CompressionChoice {
  switch (name) {
    case "zstd":
      return {
        name,
        segmentCommands: [["zstd", "-q", "-T0", "-9", "-c"]],
        squashfsOptions: ["-comp", "zstd", "-Xcompression-level", "8", "-b", "1M"],
      };
    case "xz":
      return {
        name,
        segmentCommands: [["xz", "-q", "-T0", "--check=crc32", "--x86", "--lzma2=preset=6,dict=8MiB", "-c"]],
        squashfsOptions: ["-comp", "xz", "-Xbcj", "x86", "-b", "1M"],
      };
    case "gzip":
      return { name, segmentCommands: [["gzip", "-n", "-6", "-c"]], squashfsOptions: ["-comp", "gzip"] };
    case "none":
      return { name, segmentCommands: [["cat"]], squashfsOptions: ["-comp", squashfsMark, "-noI", "-noD", "-noF"] };
  }
}
