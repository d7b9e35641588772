// Where a tape of a set stands: found with few motions, proved by reading what is there, lost after an error.

import { LifeboatError } from "#os/error";
import { tapeProblem } from "#os/tape-device";
import {
  isObdrHead,
  movesTo,
  OBDR_HEAD_RECORD_BYTES,
  OBDR_HEAD_RECORDS,
  OBDR_ISO_RECORD_BYTES,
  parseSection,
  type TapeSection,
} from "../set/tape-format.ts";
import { asTapeFailure, type TapeTransport } from "./tape-transport.ts";

/** What changes is `at`, and the drive when somebody has put a tape into another one. */
export interface TapePosition {
  transport: TapeTransport;
  readonly set: string;
  readonly blockBytes: number;
  /** The tape file, and the record of it that comes next; undefined when nobody knows. */
  at: { readonly file: number; readonly record: number } | undefined;
}

export type SectionPlace = Pick<TapeSection, "tape" | "file" | "kind">;

const ELSEWHERE = "elsewhere";

/** `kind`: undefined when any will do. */
export type SectionWanted = Pick<TapeSection, "tape" | "file"> & { readonly kind: TapeSection["kind"] | undefined };

/** To a section, behind its head; undefined for what is no section but the image that an OBDR drive boots. Throws LifeboatError. */
export async function goToSection(position: TapePosition, place: SectionWanted): Promise<TapeSection | undefined> {
  for (let tries = 0; tries < 2; tries += 1) {
    const section = await onTape(position, async () => {
      await moveTo(position, place.file);
      return place.kind === "boot" ? readBootHead(position) : readSectionHead(position, place);
    });
    if (section !== ELSEWHERE) return section;
    position.at = undefined;
  }
  throw new LifeboatError(
    `Cannot find file ${place.file} of tape ${place.tape} of ${position.set} as its first record must say that it is there: it says something else`,
    { exitCode: 5, hint: "The drive may not find its place any more, or the tape is damaged; try another drive" },
  );
}

async function moveTo(position: TapePosition, file: number): Promise<void> {
  const { transport, at } = position;
  position.at = undefined;
  for (const move of movesTo(file, at && { file: at.file, isAtBeginning: at.record === 0 })) {
    if (move.kind === "rewind") await transport.rewind();
    else if (move.kind === "forward") await transport.forward(move.marks);
    else await transport.back(move.marks);
  }
  position.at = { file, record: 0 };
}

async function readSectionHead(position: TapePosition, { tape, file, kind }: SectionWanted): Promise<TapeSection | typeof ELSEWHERE> {
  const section = await nextHead(position);
  if (section?.set !== position.set || section.tape !== tape || section.file !== file) return ELSEWHERE;
  if (kind !== undefined && section.kind !== kind) return ELSEWHERE;
  position.at = { file, record: 1 };
  return section;
}

async function nextHead({ transport, blockBytes }: TapePosition): Promise<TapeSection | undefined> {
  const record = new Uint8Array(blockBytes);
  return parseSection(record.subarray(0, await transport.read(record)));
}

async function readBootHead(position: TapePosition): Promise<undefined | typeof ELSEWHERE> {
  const head = new Uint8Array(OBDR_HEAD_RECORDS * OBDR_HEAD_RECORD_BYTES);
  const length = await position.transport.readMany(head, OBDR_HEAD_RECORD_BYTES);
  if (length !== head.length || !isObdrHead(head)) return ELSEWHERE;
  position.at = { file: 0, record: OBDR_HEAD_RECORDS };
  return undefined;
}

/** To the section that was written last on the tape that is in, behind its head. Undefined when it has none, or none that can be read. */
export async function goToLastSection(position: TapePosition): Promise<TapeSection | undefined> {
  const { transport, set } = position;
  position.at = undefined;
  try {
    await transport.toEnd();
    await transport.back(2);
    await transport.forward(1);
    const section = await nextHead(position);
    if (section?.set !== set) return undefined;
    position.at = { file: section.file, record: 1 };
    return section;
  } catch (error) {
    if (tapeProblem(error) === "unreadable") return undefined;
    throw asTapeFailure("look for the end of the set", transport.device, error);
  }
}

export function recordBytesOf({ blockBytes }: TapePosition, { kind }: SectionPlace): number {
  return kind === "boot" ? OBDR_ISO_RECORD_BYTES : blockBytes;
}

/** Drives read a weak place again by themselves; one more approach from elsewhere helps at times. */
const READ_TRIES = 3;

/** Whole records from number `record` of the section's file on; how many bytes came, fewer when they end. Throws LifeboatError. */
export async function readRecords(
  position: TapePosition,
  place: SectionPlace,
  { record, room }: { readonly record: number; readonly room: Uint8Array },
): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await onTape(position, () => readOnce(position, place, { record, room }));
    } catch (error) {
      if (tapeProblem(error) !== "unreadable" || tries === READ_TRIES) throw error;
    }
  }
}

async function readOnce(
  position: TapePosition,
  place: SectionPlace,
  { record, room }: { readonly record: number; readonly room: Uint8Array },
): Promise<number> {
  const recordBytes = recordBytesOf(position, place);
  const { at } = position;
  if (at?.file !== place.file || at.record === 0 || at.record > record) await goToSection(position, place);
  await skipTo(position, record, recordBytes);
  position.at = undefined;
  const length = await position.transport.readMany(room, recordBytes);
  if (length === room.length) position.at = { file: place.file, record: record + length / recordBytes };
  return length;
}

/** So many are quicker read than skipped. */
const READ_OVER_RECORDS = 16;

async function skipTo({ transport, at }: TapePosition, record: number, recordBytes: number): Promise<void> {
  const count = record - (at?.record ?? 0);
  if (count === 0) return;
  if (count > READ_OVER_RECORDS) return transport.forwardRecords(count);
  await transport.readMany(new Uint8Array(count * recordBytes), recordBytes);
}

/** Where the tape stands is not known after an error. */
async function onTape<T>(position: TapePosition, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    position.at = undefined;
    throw asTapeFailure("read the tape", position.transport.device, error);
  }
}
