// A zstd frame that holds its content as it is (RFC 8878 section 3.1.1): for what is compressed already.

const MAGIC = 0xfd2fb528;
/** Single segment, with a content size of four bytes, no checksum, no dictionary. */
const DESCRIPTOR = 0b1010_0000;
/** Block_Maximum_Size: a decoder needs to take no larger block. */
const BLOCK_BYTES = 128 * 1024;
const HEADER_BYTES = 9;
const BLOCK_HEADER_BYTES = 3;

/** `content` may have up to 4 GiB - 1. */
export function storedZstdFrame(content: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(content.length / BLOCK_BYTES));
  const frame = new Uint8Array(HEADER_BYTES + blocks * BLOCK_HEADER_BYTES + content.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, MAGIC, true);
  frame[4] = DESCRIPTOR;
  view.setUint32(5, content.length, true);
  let at = HEADER_BYTES;
  for (let block = 0; block < blocks; block += 1) {
    const piece = content.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
    const isLast = block === blocks - 1 ? 1 : 0;
    // Last_Block in bit 0, Block_Type 0 (raw) in bits 1 and 2, Block_Size above.
    const header = isLast | (piece.length << 3);
    frame.set([header & 0xff, (header >> 8) & 0xff, header >> 16], at);
    frame.set(piece, at + BLOCK_HEADER_BYTES);
    at += BLOCK_HEADER_BYTES + piece.length;
  }
  return frame;
}
