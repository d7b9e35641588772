// For tests: a tree on disk becomes a set on several ISO images, by the same steps as `lifeboat archive`.

import { NOBODY } from "../media/medium-changer.ts";
import type { SetManifest } from "../set/set-manifest.ts";
import type { SetSource } from "../set/set-source.ts";
import { completeManifest, writeSet } from "./archive-set.ts";
import { FINISHED_AT, setOptionsFor, TEST_SET_ID } from "./set-for-tests.ts";
import type { MadeImage } from "./rescue-iso.ts";
import { makePlace, type PlaceOptions } from "./set-place.ts";

export interface DiscOrder extends Pick<PlaceOptions, "store">, Partial<Omit<PlaceOptions, "id" | "cleanUp" | "store">> {
  readonly tree: string;
  readonly image: MadeImage;
  readonly limitBytes: number;
  readonly id?: string;
  /** Puts further files of the set into its directory. */
  prepare?(directory: string): Promise<void>;
  check?(source: SetSource, manifest: SetManifest): Promise<void>;
}

export const QUIET = { discs: {}, changer: NOBODY, verify: true, note: () => undefined } as const;

export async function archiveOnDiscs({ tree, limitBytes, check, prepare, id = TEST_SET_ID, ...options }: DiscOrder): Promise<SetManifest> {
  await using cleanUp = new AsyncDisposableStack();
  const place = await makePlace({ kind: "iso", path: options.store, limitBytes }, { ...QUIET, ...options, id, cleanUp });
  await prepare?.(place.directory);
  const draft = await writeSet({ ...setOptionsFor(tree, place.directory), id, volumes: place.volumes! });
  const manifest = await completeManifest(place.directory, draft, {
    besideFiles: [],
    image: options.image.files,
    finishedAt: FINISHED_AT,
    mediumOf: place.mediumOf!,
  });
  await place.complete({ manifest, check: async (source) => check?.(source, manifest) });
  return manifest;
}
