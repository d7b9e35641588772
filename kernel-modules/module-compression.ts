// How a module file is compressed, told by its first bytes as kmod does (its libkmod-file.c), never by its name.

export type ModuleCompression = "none" | "gzip" | "xz" | "zstd";

const MAGICS: readonly { readonly compression: ModuleCompression; readonly bytes: readonly number[] }[] = [
  { compression: "zstd", bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { compression: "xz", bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { compression: "gzip", bytes: [0x1f, 0x8b] },
];

/** Six bytes are enough. Whether "none" really is an ELF file is for `readModinfo` to say. */
export function detectModuleCompression(bytes: Uint8Array): ModuleCompression {
  const found = MAGICS.find((magic) => magic.bytes.every((byte, index) => bytes[index] === byte));
  return found === undefined ? "none" : found.compression;
}
