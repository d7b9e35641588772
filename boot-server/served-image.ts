// One bootable image as it is served: whose it is, where its files are, and which machines get its menu.

import { fileInfo, readRange } from "#os/files";
import type { FilePiece, WebFile } from "#os/web-server";
import type { MenuImage } from "./menus.ts";

export interface ServedImage extends MenuImage {
  /** vmlinuz, initramfs.img, tools.squashfs and the like. */
  readonly files: ReadonlyMap<string, WebFile>;
  readonly setDirectory: string;
}

/** A whole file. Undefined for what is no plain file. */
export async function wholeFile(path: string): Promise<WebFile | undefined> {
  const info = await fileInfo(path);
  if (info?.type !== "file") return undefined;
  return { sizeBytes: info.sizeBytes, pieces: [{ path, offset: 0, sizeBytes: info.sizeBytes }] };
}

const CHUNK_BYTES = 4 * 1024 * 1024;

/** All of it, in chunks. */
export async function* contentOf({ pieces }: WebFile): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield* contentOfPiece(piece);
}

async function* contentOfPiece({ path, offset, sizeBytes }: FilePiece): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < sizeBytes; at += CHUNK_BYTES) yield await readRange(path, offset + at, Math.min(CHUNK_BYTES, sizeBytes - at));
}
