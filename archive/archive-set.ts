// The archive journey: what is taken, names, frames, volumes, check, manifest last (DESIGN section 3).

import type { Codec } from "#os/compression";
import { digestFile, digestOf } from "#os/digest";
import { fileInfo, makeTemporaryDirectory, realPath, writeAtomic } from "#os/files";
import { utf8Encode } from "../formats/text.ts";
import type { Machine } from "../machine/model.ts";
import { base64Encode } from "../formats/base64.ts";
import { bytesOfText, printable } from "../set/catalogue.ts";
import { formatManifest, MACHINE_FILE, MANIFEST_FILE, type SetManifest } from "../set/set-manifest.ts";
import { exclusionOf } from "./exclusions.ts";
import { scanTree, type TreeScan } from "./scan-tree.ts";
import { walkTree } from "./walk-tree.ts";
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
  /** Where the tree that is archived begins: `/`, or where a rescue system has mounted it. */
  readonly root: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Of what is never taken, whatever the user says: the store, our own temporary files. */
  readonly hidden: readonly string[];
  readonly closedMounts: readonly string[];
  readonly codec: Codec;
  readonly level: number;
  readonly volumeLimitBytes: number;
  remark(text: string): void;
  progress(state: ArchiveProgress): void;
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
}

/** Writes all of a set but its manifest, which `finishSet` adds when everything else is in its place. */
export async function writeSet(options: SetOptions): Promise<DraftSet> {
  const { directory, include, root } = options;
  await using work = await makeTemporaryDirectory();
  const hidden = new Set([...options.hidden, await realPath(work.path)].map(bytesOfText));
  const exclude = exclusionOf(options.exclude);
  const skipped: { path: string; what: string }[] = [];
  const prefix = root === "/" ? "" : bytesOfText(root);
  const paths = walkTree({
    root: prefix,
    include: include.map(bytesOfText),
    exclude: (path) => hidden.has(prefix + path) || exclude(path),
    closedMounts: new Set(options.closedMounts.map(bytesOfText)),
    skipped: (path, what) => void skipped.push({ path: printable(path), what }),
  });
  const namesPath = `${work.path}/names`;
  options.remark("looking at the files");
  const scan = await scanTree(paths, { namesPath, root: prefix });
  const data = await writeData({
    directory,
    namesPath,
    scan,
    root,
    codec: options.codec,
    level: options.level,
    volumeLimitBytes: options.volumeLimitBytes,
    progress: ({ paths: done, contentBytes }) => {
      options.progress({ paths: done, contentBytes, allPaths: scan.paths, allBytes: scan.contentBytes });
    },
  });
  const machineFile = options.machine === undefined ? [] : [await writeMachine(directory, options.machine)];
  return { manifest: manifestOf(options, data, { files: [...machineFile, ...data.files], skipped, scan }), scan };
}

async function writeMachine(directory: string, machine: Machine): Promise<SetManifest["files"][number]> {
  const bytes = utf8Encode(`${JSON.stringify(machine, undefined, 1)}\n`);
  await writeAtomic(`${directory}/${MACHINE_FILE}`, bytes);
  return { name: MACHINE_FILE, sizeBytes: bytes.length, digest: digestOf(bytes) };
}

interface Rest {
  readonly files: SetManifest["files"];
  readonly skipped: SetManifest["unreadable"];
  readonly scan: TreeScan;
}

function manifestOf(options: SetOptions, { frames, stream, messages }: WrittenData, { files, skipped, scan }: Rest): DraftSet["manifest"] {
  // A directory that cannot be listed is no better for tar.
  const told = new Set(messages.unreadable.map(({ path }) => path));
  return {
    formatVersion: 1,
    id: options.id,
    kind: options.machine === undefined ? "files" : "machine",
    hostName: options.hostName,
    createdAt: options.createdAt,
    createdBy: options.createdBy,
    digestAlgorithm: "BLAKE2b-512",
    codec: options.codec,
    level: options.level,
    consistent: "live",
    parent: null,
    options: { include: [...options.include], exclude: [...options.exclude] },
    totals: {
      paths: stream.paths,
      contentBytes: stream.contentBytes,
      frames: frames.frames,
      volumes: frames.volumes,
      streamBytes: frames.contentBytes,
      storedBytes: frames.storedBytes,
    },
    // What is mounted over, and left out, is a directory that its file system changes all the time.
    changed: messages.changed.filter(({ path }) => !options.closedMounts.includes(path)),
    unreadable: [...messages.unreadable, ...skipped.filter(({ path, what }) => !HARMLESS.test(what) && !told.has(path))],
    inodes: inodesOf(scan),
    files: [...files],
  };
}

function inodesOf({ flags, sameNodes }: TreeScan): SetManifest["inodes"] {
  const flagged = [...flags].map(([path, letters]) => ({ pathB64: base64Encode(path), flags: letters }));
  const linked = [...sameNodes].map(([path, first]) => ({ pathB64: base64Encode(path), sameNodeAsB64: base64Encode(first) }));
  return [...flagged, ...linked];
}

/** A socket is no loss: its program makes it again. */
const HARMLESS = /socket/;

/** `bootFiles` stand below the set already. From here on it is a backup. */
export async function finishSet(
  directory: string,
  draft: DraftSet,
  about: { readonly bootFiles: readonly string[]; readonly finishedAt: string },
) {
  const files = [...draft.manifest.files];
  for (const name of about.bootFiles) {
    const path = `${directory}/${name}`;
    files.push({ name, sizeBytes: (await fileInfo(path))?.sizeBytes ?? 0, digest: await digestFile(path) });
  }
  const manifest: SetManifest = { ...draft.manifest, finishedAt: about.finishedAt, files };
  await writeAtomic(`${directory}/${MANIFEST_FILE}`, formatManifest(manifest));
  return manifest;
}
