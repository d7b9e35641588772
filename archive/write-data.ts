// Writes what a set's data is made of: volumes with their frame lists, and the catalogue.

import { compress, type Codec } from "#os/compression";
import { digestFile, digestOf, type DigestAlgorithm } from "#os/digest";
import { LifeboatError } from "#os/error";
import { createFile, type FileWriter } from "#os/file-writer";
import { fileInfo, writeAtomic } from "#os/files";
import { utf8Encode } from "../formats/text.ts";
import { CATALOGUE_FILE, frameListName, volumeName, type SetManifest } from "../set/set-manifest.ts";
import { startFrameWriter, type FrameTotals, type FrameWriter, type VolumeSink } from "./frame-writer.ts";
import { writeStream, type StreamTotals } from "./stream-writer.ts";
import type { TarMessages } from "../set/tar-messages.ts";
import { startTarSource, type LinkMode } from "../set/tar-source.ts";
import { createNamesFile } from "../set/names-file.ts";
import { prefixOf } from "../set/catalogue.ts";
import type { ByteText } from "../formats/tar-read.ts";
import { infoRaw } from "#os/byte-paths";
import type { TreeScan } from "./scan-tree.ts";

export interface DataOptions {
  readonly directory: string;
  readonly namesPath: string;
  readonly scan: TreeScan;
  readonly root: string;
  readonly codec: Codec;
  readonly level: number;
  readonly digestAlgorithm: DigestAlgorithm;
  readonly volumeLimitBytes: number;
  readonly volumes: VolumeSink;
  /** Told what has been read, now and then. */
  progress(done: { readonly paths: number; readonly contentBytes: number }): void;
}

export interface WrittenData {
  readonly files: SetManifest["files"];
  readonly frames: FrameTotals;
  readonly stream: Omit<StreamTotals, "mistaken">;
  readonly messages: TarMessages;
}

export async function writeData(options: DataOptions): Promise<WrittenData> {
  const { directory, codec, level, digestAlgorithm, volumeLimitBytes, volumes } = options;
  const files: SetManifest["files"][number][] = [];
  await using frames = startFrameWriter({
    codec,
    level,
    digestAlgorithm,
    volumeLimitBytes,
    openVolume: (number) => volumes.open(volumeName(number, codec)),
    async closeVolume(number, list, sizeBytes) {
      const bytes = utf8Encode(list);
      await writeAtomic(`${directory}/${frameListName(number)}`, bytes);
      files.push({ name: volumeName(number, codec), sizeBytes });
      files.push({ name: frameListName(number), sizeBytes: bytes.length, digest: digestOf(bytes) });
    },
  });
  await using catalogue = await startCatalogueWriter(`${directory}/${CATALOGUE_FILE}`);
  const { stream, messages } = await readTree(options, frames, catalogue);
  checkAllCame(options.scan, { stream, messages });
  const totals = await frames.finish();
  files.push(await catalogue.finish());
  return { files, frames: totals, stream, messages };
}

interface ReadTree {
  readonly stream: Omit<StreamTotals, "mistaken">;
  readonly messages: TarMessages;
}

/** tar's first run reads everything; a second one what the first took for links. */
async function readTree(options: DataOptions, frames: FrameWriter, catalogue: CatalogueWriter): Promise<ReadTree> {
  const { namesPath, root, scan, digestAlgorithm } = options;
  const prefix = prefixOf(root);
  const done = { paths: 0, contentBytes: 0 };
  const read = async (names: string, links: LinkMode) => {
    await using source = await startTarSource(names, root, links);
    const stream = await writeStream(source.output, {
      frames,
      digestAlgorithm,
      flags: scan.flags,
      sameNodes: scan.sameNodes,
      isSameInode: (path, other) => isSameInode(prefix + path, prefix + other),
      line(text) {
        catalogue.add(text);
        done.paths += 1;
        options.progress(done);
      },
      progress(bytes) {
        done.contentBytes += bytes;
        options.progress(done);
      },
    });
    return { stream, messages: await source.finish() };
  };
  const first = await read(namesPath, "linked");
  if (first.stream.mistaken.length === 0) return first;
  const again = `${namesPath}-again`;
  await writeNames(again, first.stream.mistaken);
  const second = await read(again, "each by itself");
  return both(first, second);
}

/** tar leaves out nothing without a word; what did would be no backup, though all that is in it can be read. */
function checkAllCame({ paths: asked }: TreeScan, { stream, messages }: ReadTree): void {
  const silent = asked - stream.paths - messages.changed.length - messages.unreadable.length;
  if (silent <= 0) return;
  throw new LifeboatError(`Cannot archive as tar must give each path, or say why not: ${silent} of ${asked} have not come`, {
    exitCode: 4,
    hint: "See which program `tar` is on the path: it must be GNU tar itself",
  });
}

function both(first: ReadTree, second: ReadTree): ReadTree {
  return {
    stream: {
      paths: first.stream.paths + second.stream.paths,
      contentBytes: first.stream.contentBytes + second.stream.contentBytes,
    },
    messages: {
      changed: [...first.messages.changed, ...second.messages.changed],
      unreadable: [...first.messages.unreadable, ...second.messages.unreadable],
      fatal: [],
    },
  };
}

function isSameInode(path: ByteText, other: ByteText): boolean {
  const inode = infoRaw(path)?.inode;
  return inode !== undefined && inode === infoRaw(other)?.inode;
}

async function writeNames(path: string, names: readonly ByteText[]): Promise<void> {
  await using file = await createNamesFile(path);
  for (const name of names) file.add(name);
  await file.close();
}

/** Lines are squeezed in pieces of this size, each a frame of its own. */
const LINES_BYTES = 1024 * 1024;
const CATALOGUE_LEVEL = 3;

interface CatalogueWriter extends AsyncDisposable {
  add(line: string): void;
  finish(): Promise<SetManifest["files"][number]>;
}

async function startCatalogueWriter(path: string): Promise<CatalogueWriter> {
  const file: FileWriter = await createFile(path);
  let lines: string[] = [];
  let length = 0;
  let written: Promise<void> = Promise.resolve();
  const flush = () => {
    const text = utf8Encode(lines.join(""));
    lines = [];
    length = 0;
    written = written.then(async () => file.write(await compress(text, "zstd", CATALOGUE_LEVEL)));
    written.catch(() => undefined);
  };
  return {
    add(line: string) {
      lines.push(line);
      length += line.length;
      if (length >= LINES_BYTES) flush();
    },
    async finish(): Promise<SetManifest["files"][number]> {
      flush();
      await written;
      await file.close();
      return { name: CATALOGUE_FILE, sizeBytes: (await fileInfo(path))?.sizeBytes ?? 0, digest: await digestFile(path) };
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([written]);
      await file[Symbol.asyncDispose]();
    },
  };
}
