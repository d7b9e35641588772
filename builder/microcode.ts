// Early CPU microcode: a raw cpio that must come first (kernel Documentation/arch/x86/microcode.rst).

import { join } from "node:path";
import { listDirectory, readBytes } from "#os/files";
import type { ArchiveFile } from "../formats/archive-entry.ts";

/** Where distributions keep it, and the name under which the kernel looks for all files of a vendor in one. */
const VENDORS = [
  { directory: "intel-ucode", pattern: /^[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}(?:\.initramfs)?$/, name: "GenuineIntel.bin" },
  { directory: "amd-ucode", pattern: /^microcode_amd.*\.bin$/, name: "AuthenticAMD.bin" },
] as const;

/** Intel's loader wants the blob at a multiple of 16. */
const ALIGN_BYTES = 16;

/** One file a vendor; none where this machine has no microcode. */
export async function microcodeFiles(firmwareDirectory: string): Promise<readonly ArchiveFile[]> {
  const files: ArchiveFile[] = [];
  for (const { directory, pattern, name } of VENDORS) {
    const names = (await listDirectory(join(firmwareDirectory, directory))).filter((file) => pattern.test(file));
    if (names.length === 0) continue;
    const data = concatenate(await Promise.all(names.map((file) => readBytes(join(firmwareDirectory, directory, file)))));
    files.push({ type: "file", path: `kernel/x86/microcode/${name}`, mode: 0o644, sizeBytes: data.length, data, alignBytes: ALIGN_BYTES });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
