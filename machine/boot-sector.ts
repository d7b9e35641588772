// Whether a disk's first sector starts GRUB 2 (grub-core/boot/i386/pc/boot.S, include/grub/i386/pc/boot.h), or LILO.

/** How much of a disk `startsGrub` wants to see. */
export const BOOT_SECTOR_BYTES = 512;

/** GRUB_BOOT_MACHINE_KERNEL_ADDRESS: where the next stage is loaded; GRUB legacy has code there. */
const KERNEL_ADDRESS_OFFSET = 0x5a;
const KERNEL_ADDRESS = 0x8000;
/** Between the code and the partition table stands what it prints: `GRUB`, then a NUL-ended list of where it failed. */
const MESSAGES = Array.from("GRUB \0Geom\0Hard Disk\0Read\0 Error", (character) => character.charCodeAt(0));
const PARTITION_TABLE_OFFSET = 0x1be;

/** True for GRUB 2's boot.img, whoever put it there; false for GRUB legacy, other loaders and empty sectors. */
export function startsGrub(sector: Uint8Array): boolean {
  if (!isBootSector(sector)) return false;
  const address = sector[KERNEL_ADDRESS_OFFSET]! | (sector[KERNEL_ADDRESS_OFFSET + 1]! << 8);
  return address === KERNEL_ADDRESS && indexOfBytes(sector.subarray(0, PARTITION_TABLE_OFFSET), MESSAGES) >= 0;
}

const LILO = Array.from("LILO", (character) => character.charCodeAt(0));
/** After its first jump; on floppy disks, and by its oldest versions, earlier (ms-sys, br.c). */
const LILO_OFFSETS = [6, 2];

export function startsLilo(sector: Uint8Array): boolean {
  return isBootSector(sector) && LILO_OFFSETS.some((offset) => LILO.every((byte, index) => sector[offset + index] === byte));
}

function isBootSector(sector: Uint8Array): boolean {
  return sector.length >= BOOT_SECTOR_BYTES && sector[510] === 0x55 && sector[511] === 0xaa;
}

function indexOfBytes(bytes: Uint8Array, wanted: readonly number[]): number {
  for (let at = 0; at + wanted.length <= bytes.length; at++) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}
