// What a disk is known by, on the day of the backup and on the day of the restore: the one function for both.
// ReaR #1057, #1063, #1854: names and sizes move, these do not.
import type { DiskIdentity } from "./model.ts";

/** What sysfs says of a disk, as it is read; undefined for what is not there. */
export interface DiskFacts {
  /** Texts of wwid files, the best first. */
  readonly wwids: readonly (string | undefined)[];
  /** VPD page 0x83, for kernels that make no wwid of it. */
  readonly deviceIdentificationPage: Uint8Array | undefined;
  /** Texts of serial files, the best first. */
  readonly serials: readonly (string | undefined)[];
  /** VPD page 0x80. */
  readonly serialNumberPage: Uint8Array | undefined;
  /** The serial number of the USB device that the disk is behind: many USB disks tell no other. */
  readonly usbSerial: string | undefined;
  readonly models: readonly (string | undefined)[];
  readonly driver: string | undefined;
  readonly drivers: readonly string[];
}

export function diskIdentity(facts: DiskFacts): DiskIdentity {
  const page = facts.serialNumberPage;
  return {
    wwid: first([...facts.wwids, facts.deviceIdentificationPage && designator(facts.deviceIdentificationPage)].map(normaliseWwid)),
    serial: first([...facts.serials, page && textOf(page.subarray(VPD_HEADER_BYTES)), facts.usbSerial].map(normaliseSerial)),
    model: first(facts.models.map(normalise)),
    driver: facts.driver,
    drivers: facts.drivers,
  };
}

/** A name that says nothing, as enclosures and cheap bridges give it to every disk. */
const BLANK = /^(?:(?:naa|eui|uuid|nvme|t10)\.)?(?:0x)?[0. _-]*$/;

function normaliseWwid(text: string | undefined): string | undefined {
  const wwid = normalise(text);
  if (wwid === undefined || BLANK.test(wwid)) return undefined;
  // Hexadecimal names; those of T10 and iSCSI are texts that keep their case.
  return /^(?:naa|eui|uuid|0x)/i.test(wwid) ? wwid.toLowerCase() : wwid;
}

function normaliseSerial(text: string | undefined): string | undefined {
  const serial = normalise(text);
  return serial === undefined || /^[0 ]*$/.test(serial) ? undefined : serial;
}

/** Without NULs and what cannot be printed, without blanks around it, and one blank where there are several. */
function normalise(text: string | undefined): string | undefined {
  const plain = (text ?? "")
    .replace(/[^\x20-\x7e]+/g, " ")
    .replace(/ +/g, " ")
    .trim();
  return plain === "" ? undefined : plain;
}

function first(texts: readonly (string | undefined)[]): string | undefined {
  return texts.find((text) => text !== undefined);
}

const VPD_HEADER_BYTES = 4;
const DESIGNATOR_HEADER_BYTES = 4;

interface Designator {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** The name of the logical unit that the kernel would choose (drivers/scsi/scsi_lib.c, scsi_vpd_lun_id), written as it writes it. */
function designator(page: Uint8Array): string | undefined {
  const best = designators(page)
    .map((candidate) => ({ candidate, rank: rankOf(candidate) }))
    .sort((a, b) => b.rank - a.rank)[0];
  if (best === undefined || best.rank === 0) return undefined;
  const { type, bytes } = best.candidate;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (type === NAA) return `naa.${hex}`;
  if (type === EUI64) return `eui.${hex}`;
  return type === T10 ? `t10.${textOf(bytes)}` : textOf(bytes);
}

/** Types of SPC-4 table 595. */
const [T10, EUI64, NAA, NAME_STRING] = [1, 2, 3, 8];

function rankOf({ type, bytes }: Designator): number {
  if (type === NAME_STRING) return 9;
  if (type === NAA) return bytes.length >= 16 ? 8 : 5;
  if (type === EUI64) return bytes.length >= 16 ? 7 : bytes.length >= 12 ? 6 : 3;
  return type === T10 ? 1 : 0;
}

/** SPC-4 7.8.6: those that name the unit itself, not its port or target. */
function designators(page: Uint8Array): readonly Designator[] {
  const found: Designator[] = [];
  let at = VPD_HEADER_BYTES;
  while (at + DESIGNATOR_HEADER_BYTES <= page.length) {
    const association = (page[at + 1]! >> 4) & 3;
    const lengthBytes = page[at + 3]!;
    const bytes = page.subarray(at + DESIGNATOR_HEADER_BYTES, at + DESIGNATOR_HEADER_BYTES + lengthBytes);
    if (association === 0 && lengthBytes > 0 && bytes.length === lengthBytes) found.push({ type: page[at + 1]! & 0xf, bytes });
    at += DESIGNATOR_HEADER_BYTES + lengthBytes;
  }
  return found;
}

function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
