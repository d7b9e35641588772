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

/** `ntfsclone`: the blocks that NTFS uses, in that program's own format. `raw`: every byte. */
export type ImageMethod = "ntfsclone" | "raw";

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
