// Reads the header of a LUKS volume from its first bytes: LUKS1 (On-Disk Format Specification 1.2.3) and LUKS2
// (On-Disk Format Specification 1.1.0).

import * as v from "valibot";
import { parseJson } from "../formats/json.ts";
import { beforeNul, utf8Decode } from "../formats/text.ts";
import type { LuksHeader } from "./stacked-device.ts";

/** The largest binary header with its JSON area. */
export const LUKS_HEADER_BYTES = 4 * 1024 * 1024;

export interface FoundLuks {
  /** Lower case. */
  readonly uuid: string | undefined;
  readonly header: LuksHeader | { readonly why: string };
}

const MAGIC = [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe];

/** `head` holds the volume's first bytes, LUKS_HEADER_BYTES where it has so many. Undefined when it is no LUKS volume. */
export function parseLuks(head: Uint8Array): FoundLuks | undefined {
  if (!MAGIC.every((byte, index) => head[index] === byte) || head.length < V1.end) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const version = view.getUint16(6);
  const uuid = textAt(head, V1.uuid)?.toLowerCase();
  if (version === 1) return { uuid, header: parseVersion1(head, view) };
  if (version === 2) return { uuid, header: parseVersion2(head, view) };
  return { uuid, header: { why: `its header has version ${version}` } };
}

/** Places of fields, with lengths for texts. The UUID stands at the same place in both versions. */
const V1 = {
  cipherName: [8, 32],
  cipherMode: [40, 32],
  hash: [72, 32],
  payloadSector: 104,
  keyBytes: 108,
  uuid: [168, 40],
  slots: 208,
  slotBytes: 48,
  slotCount: 8,
  slotInUse: 0x00ac71f3,
  end: 592,
} as const;

const V1_SECTOR_BYTES = 512;

function parseVersion1(head: Uint8Array, view: DataView): LuksHeader | { readonly why: string } {
  const [name, mode, hash] = [textAt(head, V1.cipherName), textAt(head, V1.cipherMode), textAt(head, V1.hash)];
  const payloadSector = view.getUint32(V1.payloadSector);
  if (name === undefined || mode === undefined || hash === undefined) return { why: "its header names no cipher" };
  if (payloadSector === 0) return { why: "its header stands on another device" };
  const slots = Array.from({ length: V1.slotCount }, (_, slot) => view.getUint32(V1.slots + slot * V1.slotBytes));
  return {
    version: 1,
    cipher: `${name}-${mode}`,
    keyBits: view.getUint32(V1.keyBytes) * 8,
    hash,
    sectorBytes: V1_SECTOR_BYTES,
    dataOffsetBytes: payloadSector * V1_SECTOR_BYTES,
    label: undefined,
    subsystem: undefined,
    derivation: "pbkdf2",
    keySlots: slots.filter((state) => state === V1.slotInUse).length,
    tokens: 0,
  };
}

const V2 = { headerBytes: 8, label: [24, 48], subsystem: [208, 48], json: 4096 } as const;

const Count = v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number));

/** What of LUKS2's JSON is needed; there is more. */
const Metadata = v.object({
  keyslots: v.record(
    v.string(),
    v.object({
      key_size: v.number(),
      af: v.optional(v.object({ hash: v.optional(v.string()) })),
      kdf: v.optional(v.object({ type: v.string(), hash: v.optional(v.string()) })),
    }),
  ),
  tokens: v.record(v.string(), v.unknown()),
  segments: v.record(
    v.string(),
    v.object({
      type: v.string(),
      offset: Count,
      size: v.string(),
      encryption: v.optional(v.string()),
      sector_size: v.optional(v.number()),
      integrity: v.optional(v.unknown()),
    }),
  ),
  digests: v.optional(v.record(v.string(), v.object({ hash: v.optional(v.string()) })), {}),
});

function parseVersion2(head: Uint8Array, view: DataView): LuksHeader | { readonly why: string } {
  const headerBytes = Number(view.getBigUint64(V2.headerBytes));
  if (headerBytes <= V2.json || headerBytes > Math.min(LUKS_HEADER_BYTES, head.length)) return { why: "its header is cut off" };
  const metadata = v.safeParse(Metadata, parseJson(utf8Decode(beforeNul(head.subarray(V2.json, headerBytes)))));
  if (!metadata.success) return { why: "its header's JSON is damaged" };
  const { keyslots, tokens, segments, digests } = metadata.output;
  const [segment, ...others] = Object.values(segments);
  const [slot] = Object.values(keyslots);
  if (segment === undefined || slot === undefined) return { why: "its header has no segment, or no key slot" };
  if (others.length > 0) return { why: "it is being encrypted or decrypted just now" };
  if (segment.integrity !== undefined) return { why: "it has integrity protection" };
  if (segment.offset === 0) return { why: "its header stands on another device" };
  if (segment.size !== "dynamic") return { why: "it covers a part of its device only" };
  return {
    version: 2,
    cipher: segment.encryption ?? "aes-xts-plain64",
    keyBits: slot.key_size * 8,
    hash: slot.af?.hash ?? Object.values(digests)[0]?.hash ?? "sha256",
    sectorBytes: segment.sector_size ?? V1_SECTOR_BYTES,
    dataOffsetBytes: segment.offset,
    label: textAt(head, V2.label),
    subsystem: textAt(head, V2.subsystem),
    derivation: slot.kdf?.type ?? "argon2id",
    keySlots: Object.keys(keyslots).length,
    tokens: Object.keys(tokens).length,
  };
}

function textAt(bytes: Uint8Array, [offset, length]: readonly [number, number]): string | undefined {
  const text = utf8Decode(beforeNul(bytes.subarray(offset, offset + length)));
  return text === "" ? undefined : text;
}
