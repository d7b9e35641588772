// The archive journey: what is taken, names, frames, volumes, check, manifest last (DESIGN section 3).

import type { Codec } from "#os/compression";
import { digestFile, digestOf, type DigestAlgorithm } from "#os/digest";
import { LifeboatError } from "#os/error";
import { fileInfo, makeTemporaryDirectory, realPath, writeAtomic } from "#os/files";
import type { ByteText } from "../formats/tar-read.ts";
import { utf8Encode } from "../formats/text.ts";
import type { Machine } from "../machine/model.ts";
import { base64Encode } from "../formats/base64.ts";
import { bytesOfText, prefixOf, printable } from "../set/catalogue.ts";
import type { MediumFile } from "../bootloaders/medium-files.ts";
import { formatManifest, MACHINE_FILE, MANIFEST_FILE, type SetManifest } from "../set/set-manifest.ts";
import { REMOVED, type TarMessages } from "../set/tar-messages.ts";
import type { ImagedDevice } from "./choose-images.ts";
import type { LeftOut } from "./choose-subject.ts";
import { exclusionsOf } from "./exclusions.ts";
import { directorySink } from "./directory-sink.ts";
import { estimatePapers } from "./estimate-papers.ts";
import type { VolumeSink } from "./frame-writer.ts";
import { ownFilesIn, type OwnPlace } from "./own-files.ts";
import { scanTree, type TreeScan } from "./scan-tree.ts";
import { walkTree } from "./walk-tree.ts";
import { writeImages } from "./write-images.ts";
import { writeData, type WrittenData } from "./write-data.ts";

export interface SetOptions {
  /** Made by us, empty. */
  readonly directory: string;
  readonly id: string;
  readonly hostName: string;
  readonly createdAt: string;
  readonly createdBy: string;
  /** With it the set rebuilds a machine; without, it holds files alone. */
  readonly machine: Machine | undefined;
  /** Devices that go into the set block by block, those of `machine.layout.images`. */
  readonly images?: readonly ImagedDevice[];
  /** Where the tree that is archived begins: `/`, or where a rescue system has mounted it. */
  readonly root: string;
  readonly include: readonly string[];
  /** Patterns. */
  readonly exclude: readonly string[];
  /** As the user gave them, those that name devices too. */
  readonly excludeWords?: readonly string[];
  /** Paths that are never taken, whatever the user says. */
  readonly hidden: readonly string[];
  /** Directories in which some files are Lifeboat's own. */
  readonly ownPlaces?: readonly OwnPlace[];
  readonly closedMounts: readonly string[];
  /** What is left out beside, for the manifest. */
  readonly leftOut?: readonly LeftOut[];
  readonly codec: Codec;
  readonly level: number;
  /** Of the data; what else is in a set has BLAKE2b-512. */
  readonly digestAlgorithm: DigestAlgorithm;
  readonly volumeLimitBytes: number;
  /** Unless given, volumes are files in the directory. */
  readonly volumes?: VolumeSink;
  remark(text: string): void;
  progress(state: ArchiveProgress): void;
  imageProgress?(image: ImagedDevice["image"], doneBytes: number): void;
}

export interface ArchiveProgress {
  readonly paths: number;
  readonly contentBytes: number;
  readonly allPaths: number;
  readonly allBytes: number;
}

export interface DraftSet {
  readonly manifest: Omit<SetManifest, "finishedAt">;
  readonly scan: TreeScan;
  /** Patterns that have left out nothing. */
  readonly unmatched: readonly string[];
}

/**
 * Writes all of a set but its manifest, which is made of what this returns when everything else is in its place.
 * Throws LifeboatError when nothing is left to be taken.
 */
export async function writeSet(options: SetOptions): Promise<DraftSet> {
  const { directory, root } = options;
  await using work = await makeTemporaryDirectory();
  const prefix = prefixOf(root);
  const choice = chooseFiles({ ...options, hidden: [...options.hidden, await realPath(work.path)] }, prefix);
  const namesPath = `${work.path}/names`;
  options.remark("looking at the files");
  const scan = await scanTree(choice.paths, { namesPath, root: prefix });
  const unmatched = choice.exclusions.unmatched();
  if (!choice.hasCome()) throw nothingToTake(options, unmatched);
  const { codec, level, digestAlgorithm, volumeLimitBytes } = options;
  // Before all data, as the first of several discs has it.
  const machineFile = options.machine === undefined ? [] : [await writeMachine(directory, options.machine)];
  const volumes = options.volumes ?? directorySink(directory);
  const nameBytes = (await fileInfo(namesPath))?.sizeBytes ?? 0;
  await volumes.expect?.(estimatePapers({ paths: scan.paths, contentBytes: scan.contentBytes, nameBytes }));
  const form = { directory, codec, level, digestAlgorithm, volumeLimitBytes, volumes };
  // First: a device that cannot be read is known after minutes then, and not after hours.
  const imageFiles = await writeImages(options.images ?? [], { ...form, progress: (...state) => options.imageProgress?.(...state) });
  const data = await writeData({
    ...form,
    namesPath,
    scan,
    root,
    progress: ({ paths: done, contentBytes }) => {
      options.progress({ paths: done, contentBytes, allPaths: scan.paths, allBytes: scan.contentBytes });
    },
  });
  const leftOut = [...(options.leftOut ?? []), ...choice.own.found(prefix)];
  const rest = { files: [...machineFile, ...data.files, ...imageFiles], skipped: choice.skipped, scan, leftOut };
  return { manifest: manifestOf(options, data, rest), scan, unmatched };
}

/** The walk over all that is taken; what it has met on its way is known when it has ended. */
function chooseFiles(options: SetOptions, prefix: ByteText) {
  const { include, closedMounts } = options;
  const hidden = new Set(options.hidden.map(bytesOfText));
  const closed = new Set(closedMounts.map(bytesOfText));
  const own = ownFilesIn(options.ownPlaces ?? []);
  const exclusions = exclusionsOf(options.exclude);
  const skipped: { path: string; what: string }[] = [];
  const walked = walkTree({
    root: prefix,
    include: include.map(bytesOfText),
    exclude(path) {
      // The directory that something is mounted at is there after a restore too, or nothing could be mounted.
      const isLeftOut = exclusions.isExcluded(path) && !closed.has(path);
      return hidden.has(prefix + path) || isLeftOut || own.isOwn(prefix + path);
    },
    closedMounts: closed,
    skipped: (path, what) => void skipped.push({ path: printable(path), what }),
  });
  let hasCome = false;
  const paths = (function* () {
    for (const walkedPath of walked) {
      hasCome ||= walkedPath.isWay !== true;
      yield walkedPath;
    }
  })();
  return { paths, skipped, own, exclusions, hasCome: () => hasCome };
}

/** A set of nothing would be the newest, and stand in the place of one that is worth something. */
function nothingToTake({ include }: SetOptions, unmatched: readonly string[]): LifeboatError {
  const paths = include.map((path) => `"${path}"`).join(", ");
  return new LifeboatError(`Cannot make a set of ${paths} as it must hold something: nothing is left to be taken`, {
    exitCode: 2,
    hint: unmatched.length === 0 ? "See what --exclude leaves out" : "See that the paths are there",
  });
}

export async function writeMachine(directory: string, machine: Machine): Promise<SetManifest["files"][number]> {
  const bytes = utf8Encode(`${JSON.stringify(machine, undefined, 1)}\n`);
  await writeAtomic(`${directory}/${MACHINE_FILE}`, bytes);
  return { name: MACHINE_FILE, sizeBytes: bytes.length, digest: digestOf(bytes) };
}

interface Rest {
  readonly files: SetManifest["files"];
  readonly skipped: SetManifest["unreadable"];
  readonly scan: TreeScan;
  readonly leftOut: readonly LeftOut[];
}

function manifestOf(options: SetOptions, { frames, stream, messages }: WrittenData, rest: Rest): DraftSet["manifest"] {
  const { files, skipped, scan, leftOut } = rest;
  const met = skipped.filter(({ what }) => !HARMLESS.test(what));
  const changed = messages.changed.filter(({ path }) => !options.closedMounts.includes(path));
  return {
    formatVersion: 1,
    id: options.id,
    kind: options.machine === undefined ? "files" : "machine",
    hostName: options.hostName,
    createdAt: options.createdAt,
    createdBy: options.createdBy,
    digestAlgorithm: options.digestAlgorithm,
    codec: options.codec,
    level: options.level,
    consistent: "live",
    parent: null,
    options: { include: [...options.include], exclude: [...(options.excludeWords ?? options.exclude)] },
    totals: {
      paths: stream.paths,
      contentBytes: stream.contentBytes,
      frames: frames.frames,
      volumes: frames.volumes,
      streamBytes: frames.contentBytes,
      storedBytes: frames.storedBytes,
    },
    // What is mounted over, and left out, is a directory that its file system changes all the time.
    changed: withUntold(changed, met.filter(hasGone)),
    unreadable: withUntold(
      messages.unreadable,
      met.filter((remark) => !hasGone(remark)),
    ),
    leftOut: [...leftOut],
    inodes: inodesOf(scan),
    files: [...files],
  };
}

function inodesOf({ flags, sameNodes }: TreeScan): SetManifest["inodes"] {
  const flagged = [...flags].map(([path, letters]) => ({ pathB64: base64Encode(path), flags: letters }));
  const linked = [...sameNodes].map(([path, first]) => ({ pathB64: base64Encode(path), sameNodeAsB64: base64Encode(first) }));
  return [...flagged, ...linked];
}

/** What cannot be listed, or has gone, is no better for tar, which mostly tells of it too. */
function withUntold(told: TarMessages["changed"], met: SetManifest["changed"]): SetManifest["changed"] {
  const paths = new Set(told.map(({ path }) => path));
  return [...told, ...met.filter(({ path }) => !paths.has(path))];
}

function hasGone({ what }: SetManifest["changed"][number]): boolean {
  return what === REMOVED;
}

/** A socket is no loss: its program makes it again. */
const HARMLESS = /socket/;

export interface Completed {
  /** Rescue image and LUKS headers: they stand below the set already. */
  readonly besideFiles: readonly string[];
  /** Of a set on an ISO: what will lie beside it there. */
  readonly image?: readonly MediumFile[];
  /** Of a set on several discs or tapes: the one that holds a volume. */
  mediumOf?(name: string): number | undefined;
  readonly finishedAt: string;
}

export async function completeManifest(
  directory: string,
  draft: Pick<DraftSet, "manifest">,
  { besideFiles, image, mediumOf, finishedAt }: Completed,
): Promise<SetManifest> {
  const beside = await listedFiles(besideFiles.map((path) => ({ path, source: `${directory}/${path}` })));
  const files = [...draft.manifest.files, ...beside].map((file) => withMedium(file, mediumOf?.(file.name)));
  const manifest = { ...draft.manifest, finishedAt, files };
  return image === undefined ? manifest : { ...manifest, image: await listedFiles(image) };
}

function withMedium(file: SetManifest["files"][number], medium: number | undefined): SetManifest["files"][number] {
  return medium === undefined ? file : { ...file, medium };
}

async function listedFiles(files: readonly MediumFile[]): Promise<NonNullable<SetManifest["image"]>> {
  const listed: NonNullable<SetManifest["image"]> = [];
  for (const { path, source } of files)
    listed.push({ name: path, sizeBytes: (await fileInfo(source))?.sizeBytes ?? 0, digest: await digestFile(source) });
  return listed;
}

/** From here on it is a backup. */
export async function writeManifest(directory: string, manifest: SetManifest): Promise<void> {
  await writeAtomic(`${directory}/${MANIFEST_FILE}`, formatManifest(manifest));
}
