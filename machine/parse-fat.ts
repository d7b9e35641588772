// Reads a FAT boot sector (Microsoft's FAT specification 1.03, section 3): what it takes to make a vfat file system again.
import type { FileSystemParameters } from "./file-system-parameters.ts";

/** How much of a device `parseFat` wants to see. */
export const FAT_BOOT_SECTOR_BYTES = 512;

const DIRECTORY_ENTRY_BYTES = 32;
const MOST_FAT12_CLUSTERS = 4084;
const MOST_FAT16_CLUSTERS = 65524;

/**
 * Undefined when the sector is none of FAT's. FAT12 and FAT16 differ by the number of clusters alone. FAT32 has a layout of its own, told by
 * `BPB_FATSz16` = 0: mkfs.fat makes it on partitions with fewer clusters than the specification wants, too, and both Linux
 * and EDK II go by the layout.
 */
export function parseFat(sector: Uint8Array): FileSystemParameters | undefined {
  if (sector.length < FAT_BOOT_SECTOR_BYTES || sector[510] !== 0x55 || sector[511] !== 0xaa) return undefined;
  const view = new DataView(sector.buffer, sector.byteOffset, sector.byteLength);
  const sectorBytes = view.getUint16(11, true); // BPB_BytsPerSec
  const clusterSectors = view.getUint8(13); // BPB_SecPerClus
  const reservedSectors = view.getUint16(14, true); // BPB_RsvdSecCnt
  const fatCount = view.getUint8(16); // BPB_NumFATs
  const rootEntries = view.getUint16(17, true); // BPB_RootEntCnt
  const fatSectors16 = view.getUint16(22, true); // BPB_FATSz16
  const totalSectors = view.getUint16(19, true) || view.getUint32(32, true); // BPB_TotSec16, BPB_TotSec32
  const fatSectors = fatSectors16 || view.getUint32(36, true); // BPB_FATSz32
  const isPower = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;
  if (!isPower(sectorBytes) || sectorBytes < 512 || sectorBytes > 4096 || !isPower(clusterSectors)) return undefined;
  if (reservedSectors === 0 || fatCount === 0 || fatSectors === 0) return undefined;
  const rootSectors = Math.ceil((rootEntries * DIRECTORY_ENTRY_BYTES) / sectorBytes);
  const dataSectors = totalSectors - reservedSectors - fatCount * fatSectors - rootSectors;
  const clusters = Math.floor(dataSectors / clusterSectors);
  if (clusters < 1) return undefined;
  if (fatSectors16 === 0) return { kind: "vfat", fatBits: 32, sectorBytes, clusterSectors };
  if (clusters > MOST_FAT16_CLUSTERS) return undefined;
  return { kind: "vfat", fatBits: clusters > MOST_FAT12_CLUSTERS ? 16 : 12, sectorBytes, clusterSectors };
}
