// The rescue ISO's initramfs with something changed in it, for boots that are to fail.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeNewc, type BytesEntry } from "../formats/cpio-newc.ts";
import { IMAGE_MANIFEST_PATH } from "../set/image-manifest.ts";

/** Adds a segment: what it holds replaces what was there before. Returns the new initramfs. */
export async function withMembers(initramfs: string, directory: string, members: readonly BytesEntry[]): Promise<string> {
  const bytes = await readFile(initramfs);
  const padding = Buffer.alloc((4 - (bytes.length % 4)) % 4);
  const directories = members.flatMap(({ path }) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index)));
  const segment = [...writeNewc(members, { mtimeSeconds: 0, existingDirectories: directories })];
  const path = join(directory, "changed.img");
  await writeFile(path, Buffer.concat([bytes, padding, ...segment]));
  return path;
}

/** The initramfs as it is unpacked when memory ends before its last segment. */
export async function withoutLastSegment(initramfs: string, directory: string): Promise<string> {
  const bytes = await readFile(initramfs);
  const headerBytes = 110;
  const end = bytes.lastIndexOf(IMAGE_MANIFEST_PATH) - headerBytes;
  if (bytes.toString("latin1", end, end + 6) !== "070701") throw new Error("the last segment does not begin with the image's manifest");
  const path = join(directory, "cut.img");
  await writeFile(path, bytes.subarray(0, end));
  return path;
}

/** A regular file as a member of an initramfs. */
export function fileMember(path: string, text: string): BytesEntry {
  const data = new TextEncoder().encode(text);
  return { type: "file", path, mode: 0o644, sizeBytes: data.length, data };
}
