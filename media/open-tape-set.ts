// Opens the set that is on tapes: its last tape first, whose last section has the index and all small files (DESIGN section 5).

import { LifeboatError } from "#os/error";
import { makeDirectory, writeChunks } from "#os/files";
import { tapeProblem } from "#os/tape-device";
import { parseIndex, type TapeEntry, type TapeIndex, type TapeLabel, type TapeSection } from "../set/tape-format.ts";
import { describeTape, type TapeContent } from "./identify-tape.ts";
import { scanTape } from "./scan-tape.ts";
import { goToLastSection, readRecords, type SectionPlace, type TapePosition } from "./tape-position.ts";
import { identifyIfThere, loadTape, NO_TAPE, type LoadedTape, type TapeDrive } from "./tape-reel.ts";
import type { TapeTransport } from "./tape-transport.ts";
import type { TapeSetPlace } from "./tape-source.ts";

export interface TapeOpening extends TapeDrive {
  /** Empty; the set's small files are put below it, in a directory of the set's name. */
  readonly staging: string;
  /** The set that is wanted; that of the tape in the drive unless given. */
  readonly id?: string | undefined;
  /** A set whose end is nowhere is what the tape in the drive tells of it. */
  readonly acceptsDamage?: boolean;
}

/** Throws LifeboatError (2) when there is no set, and what the changer throws when its last tape is nowhere. */
export async function openTapeSet({ staging, id, acceptsDamage = false, ...drive }: TapeOpening): Promise<TapeSetPlace> {
  const content = await identifyIfThere(drive.transport);
  const own = content?.kind === "lifeboat" && (id ?? content.label.set) === content.label.set ? content : undefined;
  const ownTail = own === undefined ? undefined : await readTail(drive.transport, own.label);
  if (acceptsDamage && own !== undefined && ownTail === undefined) {
    const { label, labelFile } = own;
    const position: TapePosition = { transport: drive.transport, set: label.set, blockBytes: label.blockBytes, at: undefined };
    return { index: await scanTape(position, label, labelFile), position, drive, loaded: label.tape, staging: `${staging}/${label.set}` };
  }
  const { index, position, tail } = ownTail ?? (await askForTail(drive, id, content));
  const directory = `${staging}/${index.set}`;
  await stage(position, { tail, index }, directory);
  return { index, position, drive, loaded: index.tapes, staging: directory };
}

/** `content`: of the tape in the drive, which has it not. */
async function askForTail(drive: TapeDrive, id: string | undefined, content: TapeContent | undefined): Promise<Tail> {
  const state = content === undefined ? NO_TAPE : describeTape(content);
  const setId = id ?? (content?.kind === "lifeboat" ? content.label.set : undefined);
  if (setId === undefined) {
    throw new LifeboatError(`Cannot open the set in "${drive.transport.device}" as a tape of Lifeboat's must be in the drive: ${state}`, {
      exitCode: 2,
      hint: "Put in the last tape of the set",
    });
  }
  let found: Tail | undefined;
  const refusal = async ({ transport, content: other }: LoadedTape) => {
    if (other.kind !== "lifeboat" || other.label.set !== setId) return describeTape(other);
    found = await readTail(transport, other.label);
    return found === undefined ? `${describeTape(other)}, and the set does not end on it` : undefined;
  };
  await loadTape(drive, { use: "read", number: "last", setId, problem: state, refusal });
  return found!;
}

interface Tail {
  readonly index: TapeIndex;
  readonly position: TapePosition;
  readonly tail: TapeSection & { readonly kind: "tail" };
}

/** Undefined when the tape does not end with a last section that is whole: the index is written last of all. */
async function readTail(transport: TapeTransport, { set, tape, blockBytes }: TapeLabel): Promise<Tail | undefined> {
  const position: TapePosition = { transport, set, blockBytes, at: undefined };
  const last = await goToLastSection(position);
  const [entry] = last?.entries ?? [];
  if (last?.kind !== "tail" || last.tape !== tape || entry === undefined) return undefined;
  const bytes = await readWholeEntry(position, last, entry);
  const index = bytes === undefined ? undefined : parseIndex(bytes);
  return index?.set === set && index.tapes === tape ? { index, position, tail: { ...last, kind: "tail" } } : undefined;
}

async function readWholeEntry(position: TapePosition, place: SectionPlace, entry: TapeEntry): Promise<Uint8Array | undefined> {
  const room = new Uint8Array(Math.ceil(entry.sizeBytes / position.blockBytes) * position.blockBytes);
  try {
    const length = await readRecords(position, place, { record: entry.record, room });
    return length < entry.sizeBytes ? undefined : room.subarray(0, entry.sizeBytes);
  } catch (error) {
    if (tapeProblem(error) === "unreadable") return undefined;
    throw error;
  }
}

/** All files of the last section but the index. */
async function stage(position: TapePosition, { tail, index }: Pick<Tail, "tail" | "index">, directory: string): Promise<void> {
  await makeDirectory(directory, 0o700);
  const entries = index.sections.find(({ tape, file }) => tape === tail.tape && file === tail.file)?.entries ?? [];
  for (const entry of entries) {
    const below = entry.name.includes("/") ? entry.name.slice(0, entry.name.indexOf("/")) : undefined;
    if (below !== undefined) await makeDirectory(`${directory}/${below}`, 0o700);
    await writeChunks(`${directory}/${entry.name}`, piecesOf(position, tail, entry));
  }
}

const PIECE_RECORDS = 16;

async function* piecesOf(position: TapePosition, place: SectionPlace, entry: TapeEntry): AsyncGenerator<Uint8Array> {
  const { blockBytes } = position;
  const room = new Uint8Array(PIECE_RECORDS * blockBytes);
  for (let offset = 0; offset < entry.sizeBytes; offset += room.length) {
    const left = entry.sizeBytes - offset;
    const wanted = room.subarray(0, Math.min(room.length, Math.ceil(left / blockBytes) * blockBytes));
    const length = await readRecords(position, place, { record: entry.record + offset / blockBytes, room: wanted });
    if (length < Math.min(left, wanted.length)) {
      throw new LifeboatError(`Cannot read "${entry.name}" of ${position.set} as it must be on tape ${place.tape} whole: it ends before`, {
        exitCode: 5,
      });
    }
    yield wanted.subarray(0, Math.min(left, wanted.length));
  }
}
