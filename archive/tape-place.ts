// A set on tapes: volumes are spooled, so that the drive never waits for the files and a section can be written again on the next tape.

import { LifeboatError } from "#os/error";
import { createFile } from "#os/file-writer";
import { fileInfo, makeDirectory, makeTemporaryDirectory, removeFile, spaceOn, walk, writeAtomic } from "#os/files";
import type { Machine } from "../machine/model.ts";
import type { TapeMedium } from "../media/tape-url.ts";
import { openTapeSet } from "../media/open-tape-set.ts";
import { tapeSource } from "../media/tape-source.ts";
import type { TapeDrive } from "../media/tape-reel.ts";
import { MACHINE_FILE, RESCUE_ISO_FILE, withFrameList } from "../set/set-manifest.ts";
import { formatIndex, TAPE_INDEX_FILE } from "../set/tape-format.ts";
import { writeMachine, writeManifest } from "./archive-set.ts";
import type { VolumeSink } from "./frame-writer.ts";
import type { MadeImage } from "./rescue-iso.ts";
import type { CompletedSet, Completion, PlaceOptions, SetPlace } from "./set-place.ts";
import { beginBootTape, indexWith, startTapeWriter, writeSection, type TapeFile, type TapeWriter } from "./tape-writer.ts";

export interface TapeFacts {
  readonly hostName: string;
  readonly createdAt: string;
}

export interface TapePlaceOptions extends Pick<PlaceOptions, "id" | "cleanUp" | "image" | "label" | "changer" | "note"> {
  readonly medium: TapeMedium;
  readonly openDrive: TapeDrive["openDrive"];
}

/** Throws LifeboatError (3) when the tape in the drive may not be overwritten, before anything is. */
export async function placeOnTape(options: TapePlaceOptions): Promise<SetPlace> {
  const { medium, openDrive, id, cleanUp, image, label, changer, note } = options;
  if (label === undefined) throw new Error("a tape has a label");
  const drive = { transport: openDrive(medium.path), changer, openDrive };
  cleanUp.defer(() => drive.transport.release().catch(() => undefined));
  const { blockBytes, overwrite } = medium;
  const writer = await startTapeWriter({ ...label, ...drive, note, set: id, blockBytes, overwrite });
  const volumeLimitBytes = await volumeLimit(medium);
  const staging = cleanUp.use(await makeTemporaryDirectory("lifeboat-tape-", medium.spool));
  const directory = `${staging.path}/${id}`;
  await makeDirectory(`${directory}/boot`, 0o700);
  const pump = startPump(writer, directory);
  return {
    directory,
    volumeLimitBytes,
    volumes: pump.volumes,
    begin: (machine) => begin(writer, directory, { machine, image, isBootable: medium.kind === "obdr" }),
    complete: async (completion) => {
      await pump.finish();
      return complete(writer, directory, { ...completion, drive, spool: staging.path });
    },
  };
}

/** Volumes are spooled while the one before is written, and a third is begun. */
const SPOOLED_VOLUMES = 4;
const LEAST_VOLUME_BYTES = 16 * 1024 * 1024;

async function volumeLimit({ volumeBytes, spool }: TapeMedium): Promise<number> {
  const { freeBytes } = await spaceOn(spool);
  const room = Math.floor(freeBytes / SPOOLED_VOLUMES);
  if (room >= LEAST_VOLUME_BYTES) return Math.min(volumeBytes, room);
  throw new LifeboatError(
    `Cannot archive to tape as "${spool}" must have room for volumes before they are written: ${freeBytes} bytes are free`,
    {
      hint: "Name a directory with more room, as in tape:/dev/nst0?spool=/srv/spool",
    },
  );
}

interface Pump {
  readonly volumes: VolumeSink;
  /** Writes what has come last. */
  finish(): Promise<void>;
}

/** One volume is written to the tape while the next one is made. */
function startPump(writer: TapeWriter, directory: string): Pump {
  let open: string | undefined;
  let writing: Promise<void> = Promise.resolve();
  const send = async () => {
    await writing;
    if (open === undefined) return;
    const name = open;
    open = undefined;
    writing = writeVolume(writer, directory, name);
    writing.catch(() => undefined);
  };
  return {
    volumes: {
      async open(name) {
        await send();
        open = name;
        return createFile(`${directory}/${name}`);
      },
    },
    async finish() {
      await send();
      await writing;
    },
  };
}

/** With its frame list, which tells what is in it when the end of the set is lost. */
async function writeVolume(writer: TapeWriter, directory: string, name: string): Promise<void> {
  await writeSection(writer, { kind: "data", files: () => filesIn(directory, withFrameList(name)) });
  await removeFile(`${directory}/${name}`);
}

async function filesIn(directory: string, names: readonly string[]): Promise<readonly TapeFile[]> {
  const files: TapeFile[] = [];
  for (const name of names) {
    const source = `${directory}/${name}`;
    files.push({ name, source, sizeBytes: (await fileInfo(source))?.sizeBytes ?? 0 });
  }
  return files;
}

interface TapeHead {
  readonly machine: Machine | undefined;
  readonly image: MadeImage | undefined;
  readonly isBootable: boolean;
}

/** What stands before all data: the machine, and what it is started from on the bad day. */
async function begin(writer: TapeWriter, directory: string, { machine, image, isBootable }: TapeHead): Promise<void> {
  await image?.writeIso(`${directory}/${RESCUE_ISO_FILE}`, []);
  const [iso] = image === undefined ? [] : await filesIn(directory, [RESCUE_ISO_FILE]);
  if (isBootable && iso !== undefined) await beginBootTape(writer, iso);
  if (machine !== undefined) await writeMachine(directory, machine);
  const names = [...(machine === undefined ? [] : [MACHINE_FILE]), ...(isBootable || iso === undefined ? [] : [RESCUE_ISO_FILE])];
  if (names.length > 0) await writeSection(writer, { kind: "head", files: () => filesIn(directory, names) });
}

interface TapeCompletion extends Completion {
  readonly drive: TapeDrive;
  readonly spool: string;
}

/** All small files, the index behind them; then the set is opened as a restore opens it. */
async function complete(writer: TapeWriter, directory: string, { manifest, check, drive, spool }: TapeCompletion): Promise<CompletedSet> {
  await writeManifest(directory, manifest);
  const names = (await walk(directory)).flatMap(({ path, type }) => (type === "file" && path !== RESCUE_ISO_FILE ? [path] : []));
  await writeSection(writer, { kind: "tail", files: () => tailFiles(writer, directory, names) });
  const read = `${spool}/read`;
  const set = await openTapeSet({ ...drive, transport: writer.transport, staging: read, id: manifest.id });
  await checkTape(() => check(tapeSource(set)));
  return { path: `${writer.tape === 1 ? "the tape" : `${writer.tape} tapes`} in ${writer.transport.device}`, mediumBytes: bytesOn(writer) };
}

/** Nothing on a tape can be removed. */
async function checkTape(check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (!(error instanceof LifeboatError) || error.exitCode !== 5) throw error;
    throw new LifeboatError(error.message, {
      exitCode: 5,
      cause: error,
      hint: "Clean the drive, and archive to other tapes: what is on these is no backup",
    });
  }
}

/** The index's own size is in it: it is made until that is right. */
async function tailFiles(writer: TapeWriter, directory: string, names: readonly string[]): Promise<readonly TapeFile[]> {
  const files = await filesIn(directory, names);
  const source = `${directory}/../${TAPE_INDEX_FILE}`;
  let sizeBytes = 0;
  for (;;) {
    const all = [...files, { name: TAPE_INDEX_FILE, source, sizeBytes }];
    const bytes = formatIndex(indexWith(writer, all));
    if (bytes.length === sizeBytes) {
      await writeAtomic(source, bytes);
      return all;
    }
    sizeBytes = bytes.length;
  }
}

function bytesOn({ sections }: TapeWriter): number {
  return sections.flatMap(({ entries }) => entries).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
