// Early CPU microcode: a raw cpio that must come first (kernel Documentation/arch/x86/microcode.rst).

import { join } from "node:path";
import { listDirectory, readBytes } from "#os/files";
import type { ArchiveFile } from "../formats/archive-entry.ts";
import { writeNewc } from "../formats/cpio-newc.ts";
import { concatenate } from "./concatenate.ts";
import type { FileEntry, PlanEntry } from "./image-plan.ts";

/** Where distributions keep it, and the name under which the kernel looks for all files of a vendor in one. */
const VENDORS = [
  { directory: "intel-ucode", pattern: /^[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}(?:\.initramfs)?$/, name: "GenuineIntel.bin" },
  { directory: "amd-ucode", pattern: /^microcode_amd.*\.bin$/, name: "AuthenticAMD.bin" },
] as const;

/** Intel's loader wants the blob at a multiple of 16. */
const ALIGN_BYTES = 16;

/** One file a vendor; none where this machine has no microcode. */
export async function microcodeEntries(firmwareDirectory: string): Promise<readonly FileEntry[]> {
  const entries: FileEntry[] = [];
  for (const { directory, pattern, name } of VENDORS) {
    const names = (await listDirectory(join(firmwareDirectory, directory))).filter((file) => pattern.test(file));
    if (names.length === 0) continue;
    const bytes = concatenate(await Promise.all(names.map((file) => readBytes(join(firmwareDirectory, directory, file)))));
    entries.push({
      type: "file",
      path: `kernel/x86/microcode/${name}`,
      mode: 0o644,
      layer: "initramfs",
      group: "microcode",
      because: ["the processor gets its microcode before the kernel starts"],
      sizeBytes: bytes.length,
      content: { bytes },
    });
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The raw archive that the kernel looks into before it unpacks anything; empty without microcode. */
export function microcodeSegment(entries: readonly PlanEntry[], mtimeSeconds: number): Uint8Array {
  const files = entries.flatMap((entry): (ArchiveFile & { readonly data: Uint8Array })[] => {
    if (entry.group !== "microcode" || entry.type !== "file" || !("bytes" in entry.content)) return [];
    const { path, mode, sizeBytes, content } = entry;
    return [{ type: "file", path, mode, sizeBytes, data: content.bytes, alignBytes: ALIGN_BYTES }];
  });
  if (files.length === 0) return new Uint8Array();
  const parents = ["kernel", "kernel/x86", "kernel/x86/microcode"].map((path) => ({ type: "directory", path, mode: 0o755 }) as const);
  return concatenate([...writeNewc([...parents, ...files], { mtimeSeconds })]);
}
