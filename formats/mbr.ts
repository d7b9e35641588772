// Reads a master boot record (the classic PC partition table; UEFI 2.x 5.2 for the protective one).
import { fieldReader } from "./fields.ts";

export interface MbrPartition {
  readonly active: boolean;
  /** 0 empty, 0x83 Linux, 0xEE protective, 0xEF EFI system partition. */
  readonly type: number;
  readonly startLba: number;
  readonly sectorCount: number;
}

export interface Mbr {
  /** Whether it ends with 55 AA: without it, no firmware looks at the rest. */
  readonly hasSignature: boolean;
  /** Whether there is anything where BIOS would start to run it. */
  readonly hasBootCode: boolean;
  readonly diskSignature: number;
  /** Always four, empty ones too. */
  readonly partitions: readonly MbrPartition[];
}

const BOOT_CODE_BYTES = 440;
const TABLE = 446;
const ENTRY_BYTES = 16;

/** `disk` begins with the record; 512 bytes are enough. */
export function readMbr(disk: Uint8Array): Mbr {
  const file = fieldReader(disk, "the master boot record", "little");
  return {
    hasSignature: file.u16(510, "signature") === 0xaa55,
    hasBootCode: file.bytes(0, BOOT_CODE_BYTES, "boot code").some((byte) => byte !== 0),
    diskSignature: file.u32(BOOT_CODE_BYTES, "disk signature"),
    partitions: [0, 1, 2, 3].map((index) => {
      const at = TABLE + index * ENTRY_BYTES;
      return {
        active: file.u8(at, "status") === 0x80,
        type: file.u8(at + 4, "type"),
        startLba: file.u32(at + 8, "first sector"),
        sectorCount: file.u32(at + 12, "number of sectors"),
      };
    }),
  };
}
