// What of a machine is kept as an image of its blocks, as nothing mounts it: a part of the machine's model. Pure.

import type { DeviceId, Layout } from "./model.ts";

export interface DeviceImage {
  readonly device: DeviceId;
  readonly method: ImageMethod;
  /** What has made it, by its own words. */
  readonly tool: string;
  /** Of the device. */
  readonly sizeBytes: number;
  /** What the names of its files in the set begin with: `images/sda3`. */
  readonly file: string;
}

/** What partclone knows and nothing here makes, by blkid's words; its programs are called by the same ones. */
export const PARTCLONE_TYPES = ["exfat", "hfsplus", "apfs", "minix", "reiser4"] as const;

/** By the program: `ntfsclone` and partclone's take the blocks that a file system uses, in formats of their own. `raw`: every byte. */
export type ImageMethod = "ntfsclone" | `partclone.${(typeof PARTCLONE_TYPES)[number]}` | "raw";

export const IMAGE_METHODS: readonly ImageMethod[] = ["ntfsclone", ...PARTCLONE_TYPES.map((type) => `partclone.${type}` as const), "raw"];

export function isImaged({ images }: Pick<Layout, "images">, id: DeviceId): boolean {
  return images.some(({ device }) => device === id);
}

/** The image brings what is on these devices, in the size that they had: how it was made does not matter any more. */
export function withImages(layout: Layout, images: readonly DeviceImage[]): Layout {
  const fileSystems = layout.fileSystems.map((fileSystem) =>
    isImaged({ images }, fileSystem.device) ? { ...fileSystem, parameters: { kind: "unknown" } as const } : fileSystem,
  );
  return { ...layout, fileSystems, images };
}
