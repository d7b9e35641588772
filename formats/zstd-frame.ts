// Where a zstd frame ends and how much it holds, by its headers alone (RFC 8878 section 3.1.1): nothing is unpacked.

export interface ZstdFrame {
  /** All of it: header, blocks, checksum. */
  readonly frameBytes: number;
  /** As its header says. */
  readonly contentBytes: number;
}

const MAGIC = 0xfd2fb528;
const WINDOW_DESCRIPTOR_BYTES = 1;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
/** Block_Type: an RLE block stores one byte; 3 is reserved. */
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

/** The frame that begins `bytes`. Undefined when none does that is there to its end and tells its size. */
export function zstdFrameAt(bytes: Uint8Array): ZstdFrame | undefined {
  const header = frameHeader(bytes);
  if (header === undefined) return undefined;
  let at = header.headerBytes;
  for (let isLast = false; !isLast;) {
    if (at + BLOCK_HEADER_BYTES > bytes.length) return undefined;
    const block = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    const type = (block >> 1) & 3;
    if (type === RESERVED_BLOCK) return undefined;
    isLast = (block & 1) === 1;
    at += BLOCK_HEADER_BYTES + (type === RLE_BLOCK ? 1 : block >> 3);
  }
  const frameBytes = at + (header.hasChecksum ? CHECKSUM_BYTES : 0);
  return frameBytes > bytes.length ? undefined : { frameBytes, contentBytes: header.contentBytes };
}

interface FrameHeader {
  readonly headerBytes: number;
  readonly contentBytes: number;
  readonly hasChecksum: boolean;
}

function frameHeader(bytes: Uint8Array): FrameHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 6 || view.getUint32(0, true) !== MAGIC) return undefined;
  const descriptor = bytes[4]!;
  const sizeFlag = descriptor >> 6;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const isReserved = (descriptor & 0x08) !== 0;
  const sizeAt = 5 + (isSingleSegment ? 0 : WINDOW_DESCRIPTOR_BYTES) + DICTIONARY_ID_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3];
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
  const headerBytes = sizeAt + sizeBytes;
  if (isReserved || sizeBytes === 0 || headerBytes > bytes.length) return undefined;
  const contentBytes = contentSize(view, sizeAt, sizeBytes);
  return Number.isSafeInteger(contentBytes) ? { headerBytes, contentBytes, hasChecksum: (descriptor & 0x04) !== 0 } : undefined;
}

/** Frame_Content_Size: in two bytes, 256 is left out of it. */
function contentSize(view: DataView, at: number, sizeBytes: number): number {
  if (sizeBytes === 1) return view.getUint8(at);
  if (sizeBytes === 2) return view.getUint16(at, true) + 256;
  const low = view.getUint32(at, true);
  return sizeBytes === 4 ? low : view.getUint32(at + 4, true) * 2 ** 32 + low;
}
