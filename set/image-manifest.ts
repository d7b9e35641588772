// What a rescue image knows about itself: written by the builder into the machine segment, read by the agent.

import { parseJson } from "../formats/json.ts";

/** Where the manifest stands in the image. */
export const IMAGE_MANIFEST_PATH = "etc/lifeboat/image.json";

/** The directory on every medium that holds kernel, initramfs and tools layer. */
export const MEDIUM_DIRECTORY = "lifeboat";
export const TOOLS_FILE = "tools.squashfs";
export const BUILD_ID_FILE = "build-id";

export interface ToolsLayer {
  readonly sizeBytes: number;
  /** BLAKE2b-512, hexadecimal. */
  readonly digest: string;
}

/** The set that an image belongs to, and where it was put; found again by its mark and its id (DESIGN section 5). */
export interface ImageSet {
  readonly id: string;
  /** Undefined when the set is on the image's own medium. */
  readonly store: ImageStore | undefined;
}

export interface ImageStore {
  /** Of the file system that holds the store. */
  readonly uuid: string | undefined;
  /** Of the store, in its file system. */
  readonly path: string;
  /** `SERVER:/EXPORT`, for a store on an NFS share. */
  readonly nfs: string | undefined;
  /** The drive, for a set on tapes, as it was called when the set was written. */
  readonly tape?: string | undefined;
}

export interface ImageManifest {
  readonly formatVersion: 1;
  /** Names this image among others: the file `build-id` on its medium says the same. */
  readonly buildId: string;
  readonly kernelRelease: string;
  /** The host name of the machine the image was made on. */
  readonly machineName: string;
  readonly tools: ToolsLayer | undefined;
  /** `lifeboat.medium` where the boot words give none. */
  readonly mediumUrl: string | undefined;
  /** Undefined for an image that was built by itself. */
  readonly set: ImageSet | undefined;
}

export function formatImageManifest(manifest: ImageManifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** Undefined when the text is no manifest of this version. */
export function parseImageManifest(text: string): ImageManifest | undefined {
  const value = parseJson(text);
  if (typeof value !== "object" || value === null) return undefined;
  const { formatVersion, buildId, kernelRelease, machineName, tools, mediumUrl, set } = value as Record<string, unknown>;
  if (formatVersion !== 1 || typeof buildId !== "string" || typeof kernelRelease !== "string" || typeof machineName !== "string") {
    return undefined;
  }
  return {
    formatVersion,
    buildId,
    kernelRelease,
    machineName,
    tools: isToolsLayer(tools) ? { sizeBytes: tools.sizeBytes, digest: tools.digest } : undefined,
    mediumUrl: typeof mediumUrl === "string" ? mediumUrl : undefined,
    set: readImageSet(set),
  };
}

function readImageSet(value: unknown): ImageSet | undefined {
  const set = value as { readonly id?: unknown; readonly store?: Readonly<Record<string, unknown>> } | null | undefined;
  if (typeof set?.id !== "string") return undefined;
  const text = (field: unknown) => (typeof field === "string" ? field : undefined);
  const { uuid, path, nfs, tape } = set.store ?? {};
  if (typeof path !== "string") return { id: set.id, store: undefined };
  const onTape = text(tape);
  return { id: set.id, store: { uuid: text(uuid), path, nfs: text(nfs), ...(onTape === undefined ? {} : { tape: onTape }) } };
}

function isToolsLayer(value: unknown): value is ToolsLayer {
  const tools = value as Partial<ToolsLayer> | null | undefined;
  return typeof tools?.sizeBytes === "number" && typeof tools.digest === "string";
}
