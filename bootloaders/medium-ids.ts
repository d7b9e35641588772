// The numbers by which systems tell media apart, made from the build id: equal builds have equal ones, others differ.

/** 32 bits for FAT volumes and MBR disks: FNV-1a. */
export function idNumber(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

export function hex8(value: number): string {
  return value.toString(16).padStart(8, "0");
}

/** A GUID of version 8, whose bits are the maker's own (RFC 9562, 5.8). */
export function idGuid(text: string): string {
  const digits = [0, 1, 2, 3].map((part) => hex8(idNumber(`${part} ${text}`))).join("");
  const variant = "89ab"[Number.parseInt(digits.charAt(16), 16) % 4];
  const groups = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20),
  ];
  return groups.join("-");
}

const DAY_SECONDS = 86_400;

/**
 * The date of an ISO's volume, YYYYMMDDhhmmsscc, which is what /dev/disk/by-uuid calls it by. The day is the epoch's; the time
 * of day comes from the build id, so that two media of one day are told apart.
 */
export function volumeDate(sourceDateEpoch: number, buildId: string): string {
  const day = Math.floor(sourceDateEpoch / DAY_SECONDS) * DAY_SECONDS;
  const hundredths = idNumber(`iso ${buildId}`) % (DAY_SECONDS * 100);
  const iso = new Date(day * 1000 + hundredths * 10).toISOString();
  return iso.replace(/\D/g, "").slice(0, 16);
}
