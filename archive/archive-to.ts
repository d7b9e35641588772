// `lifeboat archive` from end to end: what is taken, whether it could be restored, the rescue image, the set on its medium, its check.

import type { Codec } from "#os/compression";
import { sleep } from "#os/clock";
import { quickestDigest, type DigestAlgorithm } from "#os/digest";
import { afterWriting, LifeboatError } from "#os/error";
import { exists } from "#os/files";
import { knownTemporaries } from "#os/temporaries";
import type { Machine } from "../machine/model.ts";
import { isOnTape, type ArchiveMedium } from "../media/archive-medium.ts";
import type { MediumChanger } from "../media/medium-changer.ts";
import { OWN_DIRECTORY } from "../restore/journal.ts";
import { programProblems } from "../restore/needed-programs.ts";
import { featureProblems } from "../restore/try-steps.ts";
import { withoutUnmade } from "../restore/unmade.ts";
import { bytesOfText } from "../set/catalogue.ts";
import type { ImageSet } from "../set/image-manifest.ts";
import { bytesToRead } from "../set/device-image-files.ts";
import { RESCUE_ISO_FILE, setId, type SetManifest } from "../set/set-manifest.ts";
import type { SetSource } from "../set/set-source.ts";
import { verifySet, type Verification } from "../set/verify-set.ts";
import { completeManifest, writeSet, type Completed, type DraftSet, type SetOptions } from "./archive-set.ts";
import { checkedStore, placeOfSet, unreachable, type Store } from "./archive-store.ts";
import { joined, namesOf } from "./choose-mounts.ts";
import { oldSnapshots } from "./old-snapshots.ts";
import { chooseSubject, type Subject } from "./choose-subject.ts";
import type { DiscWishes } from "./disc-wishes.ts";
import type { VolumeSink } from "./frame-writer.ts";
import { checkThere, includedPaths } from "./included-paths.ts";
import { NO_HEADERS, saveLuksHeaders, type SavedHeader, type SavedHeaders } from "./luks-headers.ts";
import { cacheFiles, storeFiles, type OwnPlace } from "./own-files.ts";
import { checkBootRoom, writeBoot } from "./make-stick.ts";
import { makeArchiveImage, type ArchiveImage, type MadeImage } from "./rescue-iso.ts";
import { makePlace, type CompletedSet, type SetPlace } from "./set-place.ts";

export interface ArchiveRequest {
  readonly hostName: string;
  /** What the set is called by, before the time; the host's name unless given. */
  readonly name?: string | undefined;
  /** `/`, or where a rescue system has mounted the machine. */
  readonly root: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Devices that go in block by block, `all` or `none`. */
  readonly images: readonly string[];
  readonly withoutNetwork: boolean;
  readonly codec: Codec;
  readonly level: number;
  readonly acceptUnrestorable: boolean;
  /** Go on without included paths that are not there. */
  readonly acceptMissing: boolean;
  readonly verify: boolean;
  readonly discs: DiscWishes;
  /** Asked for discs and tapes. */
  readonly changer: MediumChanger;
  /** Where the rescue image is put too, as an ISO to be started from. */
  readonly rescueIso?: string | undefined;
  /** Put the headers of LUKS volumes into the set. */
  readonly luksHeaders: boolean;
  /** Undefined in a rescue system, which has nothing to make one with: the one that runs brings the set back. */
  readonly image: ArchiveImage | undefined;
  readonly createdBy: string;
  now(): Date;
  /** What the user must know. */
  remark(text: string): void;
  /** What is going on. */
  note(text: string): void;
  progress(
    state: { readonly what: string; readonly doneBytes: number; readonly allBytes: number; readonly files?: number } | undefined,
  ): void;
}

export interface ArchiveOutcome {
  /** The set's directory, or the ISO. */
  readonly path: string;
  readonly manifest: SetManifest;
  readonly verification: Verification | undefined;
  readonly luksHeaders: readonly SavedHeader[];
  readonly warnings: readonly string[];
  readonly mediumBytes: number;
  readonly discs?: number;
  readonly burned?: CompletedSet["burned"];
}

/** FAT can hold such a file, ISO 9660 in one extent too. */
const VOLUME_LIMIT_BYTES = 4_000_000_000;

export async function archiveTo(medium: ArchiveMedium, asked: ArchiveRequest): Promise<ArchiveOutcome> {
  const prefix = asked.root === "/" ? "" : asked.root;
  const request = { ...asked, include: await includedPaths(asked.root, asked.include) };
  const store = await checkedStore(medium, request);
  await checkThere(request.include, prefix, request.acceptMissing);
  const { createdAt, id } = await freeName(store.path, request);
  // A spool directory is a place for a while: the file system that holds it is in the set.
  const subject = await chooseSubject(isOnTape(medium) ? "" : store.path, request);
  await using cleanUp = new AsyncDisposableStack();
  const imageSet: ImageSet = { id, store: placeOfSet(medium, store, subject.allMounts) };
  const image =
    subject.machine === undefined || request.image === undefined ? undefined : cleanUp.use(await makeArchiveImage(request.image, imageSet));
  if (subject.machine !== undefined && image !== undefined) await checkPrograms(subject.machine, image, request);
  if (medium.kind === "stick" && image !== undefined) await checkBootRoom(medium.stick, image);
  if (request.rescueIso !== undefined) await image?.writeIso(request.rescueIso, []);
  const label = { hostName: request.hostName, createdAt };
  const place = await makePlace(medium, { ...request, store: store.path, id, cleanUp, image, label });
  const { directory, volumes, volumeLimitBytes } = place;
  const digestAlgorithm = await quickestDigest();
  try {
    const saved = request.luksHeaders ? await saveLuksHeaders(directory, subject.machine?.layout) : NO_HEADERS;
    await place.begin?.(subject.machine);
    const facts = { ...subject, id, createdAt, directory, volumes, volumeLimitBytes, store, digestAlgorithm };
    const draft = await writeSet(setOptions(request, facts));
    request.progress(undefined);
    const completed = await completeSet({ place, kind: medium.kind, image, draft, saved }, request);
    if (medium.kind === "stick" && image !== undefined) await writeBoot(medium.stick, image);
    const far = image === undefined || isOnTape(medium) ? [] : unreachable(store, subject.allMounts);
    const warnings = [...subject.warnings, ...(image?.warnings ?? []), ...saved.warnings, ...idleWords(draft), ...far];
    return { ...completed, luksHeaders: saved.headers, warnings };
  } catch (error) {
    throw afterWriting(error);
  }
}

/** Sets are named by the second: of two in one the other waits. What is there for another reason is refused when it is to be written. */
async function freeName(
  storePath: string,
  { hostName, name: given = hostName, now }: Pick<ArchiveRequest, "hostName" | "name" | "now">,
): Promise<{ readonly createdAt: string; readonly id: string }> {
  const name = () => {
    const createdAt = now().toISOString();
    return { createdAt, id: setId(given, createdAt) };
  };
  const first = name();
  const isTaken = (await exists(`${storePath}/${first.id}`)) || (await exists(`${storePath}/${first.id}.iso`));
  if (!isTaken) return first;
  await sleep(SECOND_MS);
  return name();
}

const SECOND_MS = 1000;

interface WrittenSet {
  readonly place: SetPlace;
  readonly kind: ArchiveMedium["kind"];
  readonly image: MadeImage | undefined;
  readonly draft: DraftSet;
  readonly saved: SavedHeaders;
}

/** Rescue image, manifest, check: from here on it is a backup. */
async function completeSet(
  { place, kind, image, draft, saved }: WrittenSet,
  request: ArchiveRequest,
): Promise<CompletedSet & Pick<ArchiveOutcome, "manifest" | "verification">> {
  const { directory, mediumOf } = place;
  const { bootFiles, ...images } = await placeImage(directory, kind, image);
  const manifest = await completeManifest(directory, draft, {
    ...images,
    besideFiles: [...bootFiles, ...saved.headers.map(({ file }) => file)],
    finishedAt: request.now().toISOString(),
    ...(mediumOf === undefined ? {} : { mediumOf }),
  });
  let verification: Verification | undefined;
  const check = async (source: SetSource) => void (verification = request.verify ? await readAgain(source, manifest, request) : undefined);
  const completed = await place.complete({ manifest, check });
  return { ...completed, manifest, verification };
}

function idleWords({ unmatched }: DraftSet): readonly string[] {
  return unmatched.map((pattern) => `--exclude ${pattern} has left out nothing`);
}

/** Written where it is a file of the set. On an ISO its files lie beside the set, when that is written. */
async function placeImage(
  directory: string,
  kind: ArchiveMedium["kind"],
  image: MadeImage | undefined,
): Promise<Pick<Completed, "image"> & { readonly bootFiles: readonly string[] }> {
  if (image === undefined) return { bootFiles: [] };
  if (kind === "iso") return { bootFiles: [], image: image.files };
  // On tapes it stands at the head.
  if (kind === "directory") await image.writeIso(`${directory}/${RESCUE_ISO_FILE}`, []);
  return { bootFiles: [RESCUE_ISO_FILE] };
}

/** What the rescue system will need and this machine does not have is found out now, not on the bad day. */
async function checkPrograms(machine: Machine, image: MadeImage, request: ArchiveRequest): Promise<void> {
  const missing = programProblems(machine, image.missingPrograms);
  // The image's programs are this machine's.
  const problems = missing.length > 0 ? missing : await featureProblems(withoutUnmade(machine.layout).fileSystems);
  if (problems.length === 0) return;
  if (request.acceptUnrestorable) {
    for (const problem of problems) request.remark(`not restorable: ${problem}`);
    return;
  }
  throw new LifeboatError(
    `Cannot archive this machine as its rescue image must have the programs that rebuild it: ${problems.join("; ")}`,
    { hint: "Install them, what they lack, or newer ones, and archive again; or say --accept-unrestorable" },
  );
}

interface SetFacts extends Subject {
  readonly id: string;
  readonly createdAt: string;
  readonly directory: string;
  readonly volumes: VolumeSink | undefined;
  readonly volumeLimitBytes: number | undefined;
  readonly store: Store;
  readonly digestAlgorithm: DigestAlgorithm;
}

function setOptions(request: ArchiveRequest, facts: SetFacts): SetOptions {
  const { hostName, createdBy, include, codec, level, root } = request;
  const { id, createdAt, directory, digestAlgorithm, machine, exclude, closedMounts } = facts;
  const snapshots = machine === undefined ? [] : oldSnapshots(machine.layout);
  const swapFiles = [...new Set([...swapFilesOf(machine), ...facts.swapFiles])];
  const aboutSwap = machine === undefined ? "a swap file in use is not taken" : "a swap file is made again, without its content";
  return {
    directory,
    id,
    hostName,
    createdAt,
    createdBy,
    machine,
    images: facts.images,
    root,
    include,
    exclude,
    excludeWords: request.exclude,
    hidden: [...hiddenOf(machine, [...swapFiles, ...snapshots]).map((path) => joined(root, path)), ...knownTemporaries()].flatMap((path) =>
      namesOf(path, facts.allMounts),
    ),
    ownPlaces: ownPlaces(request, facts),
    closedMounts,
    leftOut: [
      ...facts.leftOut,
      ...swapFiles.map((path) => ({ what: `"${path}"`, reason: aboutSwap })),
      ...snapshots.map((path) => ({ what: `"${path}"`, reason: "a snapshot shows other files as they were once" })),
    ],
    codec,
    level,
    digestAlgorithm,
    volumeLimitBytes: facts.volumeLimitBytes ?? VOLUME_LIMIT_BYTES,
    ...(facts.volumes === undefined ? {} : { volumes: facts.volumes }),
    remark: request.note,
    progress: ({ paths, contentBytes, allBytes }) =>
      request.progress({ what: "archiving", doneBytes: contentBytes, allBytes, files: paths }),
    imageProgress: ({ device, sizeBytes }, doneBytes) =>
      request.progress({ what: `reading the image of ${device}`, doneBytes, allBytes: Math.max(doneBytes, sizeBytes) }),
  };
}

/** Of a machine, also the journal and the mark of the restore that it came from: they would speak of the restore of this set. */
function hiddenOf(machine: Machine | undefined, others: readonly string[]): readonly string[] {
  return machine === undefined ? others : [OWN_DIRECTORY, ...others];
}

/** As the machine names them. */
function swapFilesOf(machine: Machine | undefined): readonly string[] {
  return (machine?.layout.swaps ?? []).flatMap(({ kind, place }) => (kind === "file" ? [place] : []));
}

/** What is ours in the store and in the cache; what else is there is not. */
function ownPlaces({ image }: ArchiveRequest, { store, allMounts }: SetFacts): readonly OwnPlace[] {
  const names = (path: string) => namesOf(path, allMounts).map(bytesOfText);
  const cache = image?.mediumOptions.cacheDirectory;
  return [storeFiles(names(store.path), store.images), ...(cache === undefined ? [] : [cacheFiles(names(cache))])];
}

/** The manifest is what was written, though nothing on the medium says so yet. */
async function readAgain(source: SetSource, manifest: SetManifest, request: ArchiveRequest): Promise<Verification> {
  const allBytes = bytesToRead(manifest);
  const verification = await verifySet({ source, manifest }, (doneBytes) => request.progress({ what: "verifying", doneBytes, allBytes }));
  request.progress(undefined);
  if (verification.damage.length === 0) return verification;
  throw new LifeboatError(`Cannot trust the set as it must read as it was written: ${verification.damage.slice(0, 5).join("; ")}`, {
    exitCode: 5,
    hint: "The medium may be failing; the set has been removed",
  });
}
