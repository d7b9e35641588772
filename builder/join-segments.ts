// The initramfs out of its segments: each at a multiple of four, as the kernel's unpacker wants raw ones.

import { readChunks } from "#os/files";

export type SegmentSource = { readonly path: string } | { readonly bytes: Uint8Array };

export async function* joinSegments(segments: readonly SegmentSource[]): AsyncGenerator<Uint8Array> {
  let position = 0;
  for (const segment of segments) {
    const padding = (4 - (position % 4)) % 4;
    if (padding > 0) yield new Uint8Array(padding);
    position += padding;
    for await (const chunk of "bytes" in segment ? [segment.bytes] : readChunks(segment.path)) {
      position += chunk.length;
      yield chunk;
    }
  }
}
