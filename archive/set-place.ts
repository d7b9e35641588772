// Where a set is written, and how it comes to count: checked first, its manifest or its name last.

import { fileInfo, removeTree, walk } from "#os/files";
import { forgetTemporary } from "#os/temporaries";
import type { Machine } from "../machine/model.ts";
import { isOnTape, type ArchiveMedium } from "../media/archive-medium.ts";
import { directorySource, makeSetDirectory, markStore } from "../media/directory-store.ts";
import type { MediumChanger } from "../media/medium-changer.ts";
import { keepLock } from "../media/set-lock.ts";
import { openTransport } from "../media/tape-transport.ts";
import type { SetManifest } from "../set/set-manifest.ts";
import type { SetSource } from "../set/set-source.ts";
import { writeManifest } from "./archive-set.ts";
import { placeOnBurnedDiscs } from "./burn-place.ts";
import { placeOnImages } from "./disc-place.ts";
import type { DiscWishes } from "./disc-wishes.ts";
import type { VolumeSink } from "./frame-writer.ts";
import type { MadeImage } from "./rescue-iso.ts";
import { placeOnTape, type TapeFacts } from "./tape-place.ts";

export interface SetPlace {
  /** Where the set's files are written, volumes too unless they go elsewhere. */
  readonly directory: string;
  /** Takes volumes as they come, where they do not lie in the directory until the end. */
  readonly volumes?: VolumeSink;
  /** Less than other media take. */
  readonly volumeLimitBytes?: number;
  /** Writes what stands before all data, the rescue image too, where the medium is written in order. No machine: a set of files alone. */
  begin?(machine: Machine | undefined): Promise<void>;
  /** Of a set on several discs or tapes: the one that a volume has gone to. */
  mediumOf?(name: string): number | undefined;
  complete(work: Completion): Promise<CompletedSet>;
}

export interface Completion {
  readonly manifest: SetManifest;
  /** Reads all of it. Throws LifeboatError when it is not what was written. */
  check(source: SetSource): Promise<void>;
}

export interface CompletedSet {
  /** The set's directory, or the ISO. */
  readonly path: string;
  readonly mediumBytes: number;
  /** How many images or discs it has become. */
  readonly discs?: number;
  /** They have been compared with what was to be on them, or not; `dry`: there is no set. */
  readonly burned?: "compared" | "unread" | "dry";
}

export interface PlaceOptions {
  readonly store: string;
  readonly id: string;
  /** Removes what is unfinished when it is disposed: half a set helps nobody. */
  readonly cleanUp: AsyncDisposableStack;
  /** What the first disc boots. */
  readonly image?: MadeImage | undefined;
  readonly discs: DiscWishes;
  /** Asked for empty discs and tapes. */
  readonly changer: MediumChanger;
  /** Read what is burned. */
  readonly verify: boolean;
  /** What labels of tapes say. */
  readonly label?: TapeFacts;
  /** What is going on. */
  note(text: string): void;
}

export async function makePlace(medium: ArchiveMedium, options: PlaceOptions): Promise<SetPlace> {
  if (isOnTape(medium)) return placeOnTape({ ...options, medium, openDrive: openTransport });
  if (medium.kind !== "iso") return placeInDirectory(options);
  if (options.image === undefined) throw new Error("an ISO has a rescue image");
  const images = { ...options, image: options.image, limitBytes: medium.limitBytes };
  const { burn } = options.discs;
  return burn === undefined ? placeOnImages(images) : placeOnBurnedDiscs(images, burn);
}

async function placeInDirectory({ store, id, cleanUp }: PlaceOptions): Promise<SetPlace> {
  const directory = await makeSetDirectory(store, id);
  let isComplete = false;
  cleanUp.defer(async () => (isComplete ? undefined : removeTree(directory)));
  const lock = cleanUp.use(keepLock(directory));
  return {
    directory,
    async complete({ manifest, check }) {
      await check(directorySource(directory));
      await writeManifest(directory, manifest);
      isComplete = true;
      forgetTemporary(directory);
      await lock.release();
      await markStore(store);
      return { path: directory, mediumBytes: await sizeOfTree(directory) };
    },
  };
}

async function sizeOfTree(directory: string): Promise<number> {
  let bytes = 0;
  for (const { type, path } of await walk(directory)) {
    if (type === "file") bytes += (await fileInfo(`${directory}/${path}`))?.sizeBytes ?? 0;
  }
  return bytes;
}
