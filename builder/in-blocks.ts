// Many small pieces as few large ones: a write each costs more than the copy.

const BLOCK_BYTES = 1 << 20;

/** The same bytes in blocks of 1 MiB, the last one shorter. All blocks lie in the same memory: each is valid until the next is asked for. */
export async function* inBlocks(pieces: AsyncIterable<Uint8Array>, blockBytes = BLOCK_BYTES): AsyncGenerator<Uint8Array> {
  const block = new Uint8Array(blockBytes);
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const taken = Math.min(piece.length - at, blockBytes - filled);
      block.set(piece.subarray(at, at + taken), filled);
      at += taken;
      filled += taken;
      if (filled < blockBytes) break;
      yield block;
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}
