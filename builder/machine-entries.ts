// The last segment of the initramfs: what is known only when all others are made. Pure.

import { writeNewc } from "../formats/cpio-newc.ts";
import { IMAGE_MANIFEST_PATH } from "../set/image-manifest.ts";
import { concatenate } from "./concatenate.ts";
import type { FileEntry } from "./image-plan.ts";

type MachineEntry = FileEntry & { readonly content: { readonly bytes: Uint8Array } };

/** In the order in which the kernel unpacks them: the mark of completeness is the last file of all. */
export function machineEntries(manifest: Uint8Array): readonly MachineEntry[] {
  const file = { type: "file", mode: 0o644, layer: "initramfs", group: "machine" } as const;
  return [
    {
      ...file,
      path: IMAGE_MANIFEST_PATH,
      because: ["the agent reads there which build this is, and the digest of its tools layer"],
      sizeBytes: manifest.length,
      content: { bytes: manifest },
    },
    {
      ...file,
      path: ".complete",
      because: ["it is unpacked last: without it init says that memory was too small"],
      sizeBytes: 0,
      content: { bytes: new Uint8Array() },
    },
  ];
}

/** `etc` and `etc/lifeboat` are made by earlier segments. */
export function machineSegment(entries: readonly MachineEntry[], mtimeSeconds: number): Uint8Array {
  const files = entries.map(
    ({ path, mode, sizeBytes, content }) => ({ type: "file", path, mode, sizeBytes, data: content.bytes }) as const,
  );
  return concatenate([...writeNewc(files, { mtimeSeconds, existingDirectories: ["etc", "etc/lifeboat"] })]);
}
