// What a kernel image is and which release it holds (Documentation/arch/x86/boot.rst, arch/arm64/booting.rst, zboot-header.S; PE format).
import { LifeboatError } from "#os/error";
import { isElf } from "./elf-layout.ts";
import { certificateTable } from "./pe.ts";
import { fieldReader, type FieldReader } from "./fields.ts";
import { asciiDecode, beforeNul } from "./text.ts";

export type LinuxImage =
  | { readonly format: "bzImage"; readonly release: string; readonly bootProtocol: string }
  /** Uncompressed: an arm64 Image or an ELF vmlinux. */
  | { readonly format: "arm64-image" | "elf"; readonly release: string }
  /** An EFI program around a compressed Image: unpack the payload, then ask again. */
  | { readonly format: "zboot"; readonly compression: string; readonly payloadOffset: number; readonly payloadBytes: number };

/**
 * Throws LifeboatError when the bytes are no kernel that we know, or are cut short. `name` goes into the message. Of a bzImage
 * the first 65 KiB are enough: `fileBytes` then says how large the whole file is.
 */
export function readLinuxImage(bytes: Uint8Array, name?: string, fileBytes = bytes.length): LinuxImage {
  const file = fieldReader(bytes, name === undefined ? "the kernel" : `the kernel "${name}"`, "little");
  if (textAt(file, 0x202, 4) === "HdrS") return readBzImage(file, fileBytes);
  if (textAt(file, 0, 2) === "MZ" && textAt(file, 4, 4) === "zimg") return readZboot(file);
  if (textAt(file, 0x38, 4) === "ARM\x64") return { format: "arm64-image", release: releaseFromBanner(bytes, file) };
  if (isElf(bytes)) return { format: "elf", release: releaseFromBanner(bytes, file) };
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new LifeboatError(`Cannot read ${file.what} as it must be a bzImage, an Image or zboot: it is compressed with gzip`, {
      hint: "Unpack it with gzip -dc and give the result",
    });
  }
  const sizeWord = bytes.length < 0x206 ? ` in its ${bytes.length} bytes` : "";
  throw new LifeboatError(`Cannot read ${file.what} as it must be a bzImage, an Image or zboot: no known magic${sizeWord}`, {
    hint: "Give the kernel as its distribution installs it in /boot",
  });
}

/** The release, as `uname -r` would print it: names the module directory. */
export function kernelRelease(bytes: Uint8Array, name?: string): string {
  const image = readLinuxImage(bytes, name);
  if (image.format !== "zboot") return image.release;
  const subject = name === undefined ? "the kernel" : `the kernel "${name}"`;
  throw new LifeboatError(
    `Cannot read the release of ${subject} as its payload must be unpacked first: ${image.compression} in a zboot image`,
  );
}

/** The field holds an address relative to the end of the boot sector. */
const KERNEL_VERSION = 0x20e;
const BOOT_SECTOR_BYTES = 0x200;
const VERSION_LIMIT = 256;

function readBzImage(file: FieldReader, fileBytes: number): LinuxImage {
  const protocol = file.u16(0x206, "version");
  const bootProtocol = `${protocol >> 8}.${`${protocol & 0xff}`.padStart(2, "0")}`;
  const pointer = file.u16(KERNEL_VERSION, "kernel_version");
  if (pointer === 0) throw file.damage('"kernel_version" must point to the version', "it is 0");
  const start = pointer + BOOT_SECTOR_BYTES;
  const room = Math.min(VERSION_LIMIT, Math.max(file.lengthBytes - start, 1));
  const field = file.bytes(start, room, "kernel_version");
  const text = asciiDecode(beforeNul(field));
  if (text.length === field.length) throw file.damage("the version must end with NUL", `none in ${room} bytes`);
  const release = checkedRelease(file, text.split(" ")[0] ?? "");
  checkBzImageSize(file, protocol, fileBytes);
  checkSignatureSize(file, fileBytes);
  return { format: "bzImage", release, bootProtocol };
}

/** The sizes count from the file's start: setup_sects after the boot sector (0 means 4), then syssize paragraphs of the kernel itself. */
function checkBzImageSize(file: FieldReader, protocol: number, fileBytes: number): void {
  const setupBytes = ((file.u8(0x1f1, "setup_sects") || 4) + 1) * 512;
  // Before protocol 2.04 only the lower 16 bits were written.
  const kernelBytes = 16 * (protocol >= 0x204 ? file.u32(0x1f4, "syssize") : file.u16(0x1f4, "syssize"));
  const neededBytes = setupBytes + kernelBytes;
  if (fileBytes < neededBytes) {
    throw file.damage(`"setup_sects" and "syssize" must lie inside it`, `they ask for ${neededBytes} bytes, the file has ${fileBytes}`);
  }
  if (protocol < 0x208) return;
  const payloadEnd = file.u32(0x248, "payload_offset") + file.u32(0x24c, "payload_length");
  if (payloadEnd > kernelBytes) throw file.damage("its payload must lie inside it", `it ends at ${payloadEnd} of ${kernelBytes} bytes`);
}

/**
 * A signature for Secure Boot stands behind the kernel, and its place in the data directory of the PE header, as an offset in the file
 * (Microsoft's PE format, "Optional Header Data Directories"). Where it is cut off, firmware does not start the kernel.
 */
function checkSignatureSize(file: FieldReader, fileBytes: number): void {
  if (textAt(file, 0, 2) !== "MZ") return;
  const header = file.u32(0x3c, "PE header offset");
  if (textAt(file, header, 4) !== "PE\0\0") return;
  const { start, sizeBytes } = certificateTable(file, header);
  if (sizeBytes === 0 || start + sizeBytes <= fileBytes) return;
  throw file.damage("its signature must lie inside it", `${sizeBytes} bytes at ${start}, the file has ${fileBytes}`);
}

function readZboot(file: FieldReader): LinuxImage {
  const payloadOffset = file.u32(8, "payload offset");
  const payloadBytes = file.u32(12, "payload size");
  file.bytes(payloadOffset, payloadBytes, "payload");
  const compression = asciiDecode(beforeNul(file.bytes(24, 32, "compression type")));
  return { format: "zboot", compression, payloadOffset, payloadBytes };
}

const BANNER = "Linux version ";

/** The banner (init/version.c) stands as text in every uncompressed kernel. */
function releaseFromBanner(bytes: Uint8Array, file: FieldReader): string {
  const first = BANNER.charCodeAt(0);
  for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (textAt(file, at, BANNER.length) !== BANNER) continue;
    const rest = asciiDecode(bytes.subarray(at + BANNER.length, at + BANNER.length + VERSION_LIMIT));
    // The same words stand once more as the format "%s" of /proc/version.
    const release = /^([0-9][^ \0]*) /.exec(rest)?.[1];
    if (release !== undefined) return checkedRelease(file, release);
  }
  throw file.damage(`it must hold "${BANNER}"`, "it does not");
}

function checkedRelease(file: FieldReader, release: string): string {
  // A release becomes a directory's name below /lib/modules.
  if (/^[0-9]+\.[0-9][\w.+~-]*$/.test(release)) return release;
  throw file.damage("the release must begin with a version number", JSON.stringify(release.slice(0, 60)));
}

function textAt(file: FieldReader, offset: number, lengthBytes: number): string {
  return offset + lengthBytes > file.lengthBytes ? "" : asciiDecode(file.bytes(offset, lengthBytes, "magic"));
}
