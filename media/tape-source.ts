// A set's files on tapes: what was staged comes from there, the rest from the tape, in the order in which it is asked for.

import { LifeboatError } from "#os/error";
import { fileInfo, readRange } from "#os/files";
import { recordsOf, type TapeEntry, type TapeIndex } from "../set/tape-format.ts";
import type { FileSource, SetSource } from "../set/set-source.ts";
import { readRecords, recordBytesOf, type SectionPlace, type TapePosition } from "./tape-position.ts";
import { otherTape, loadTape, type LoadedTape, type TapeDrive } from "./tape-reel.ts";

export interface TapeSetPlace {
  readonly index: TapeIndex;
  readonly position: TapePosition;
  readonly drive: Omit<TapeDrive, "transport">;
  /** The number of the tape that is in. */
  readonly loaded: number;
  /** Holds what the last section has, below it. */
  readonly staging: string;
}

/** The last record that was read: what comes next mostly begins in it. */
interface LastRecord {
  readonly place: SectionPlace;
  readonly record: number;
  readonly bytes: Uint8Array;
}

interface Reading extends Omit<TapeSetPlace, "loaded"> {
  loaded: number;
  last: LastRecord | undefined;
  /** Ends when the drive is free. */
  busy: Promise<unknown>;
}

export function tapeSource(set: TapeSetPlace): SetSource {
  const reading: Reading = { ...set, last: undefined, busy: Promise.resolve() };
  const description = `${set.index.set} in ${set.position.transport.device}`;
  const nothing: FileSource = { description, sizeOf: async () => undefined, read: async () => new Uint8Array(0) };
  return {
    description,
    medium: nothing,
    sizeOf: async (name) => (await stagedSize(reading, name)) ?? entryOf(set.index, name)?.entry.sizeBytes,
    async read(name, offset, room) {
      if ((await stagedSize(reading, name)) !== undefined) return readRange(`${set.staging}/${name}`, offset, room);
      const found = entryOf(set.index, name);
      if (found === undefined) throw notThere(reading, name);
      return inTurn(reading, () => readEntry(reading, found, { offset, room }));
    },
  };
}

async function stagedSize({ staging }: Reading, name: string): Promise<number | undefined> {
  const info = await fileInfo(`${staging}/${name}`);
  return info?.type === "file" ? info.sizeBytes : undefined;
}

export interface FoundEntry {
  readonly place: SectionPlace;
  readonly entry: TapeEntry;
}

/** Undefined for a name that the index does not have. */
export function entryOf({ sections }: TapeIndex, name: string): FoundEntry | undefined {
  for (const place of sections) {
    const entry = place.entries.find((candidate) => candidate.name === name);
    if (entry !== undefined) return { place, entry };
  }
  return undefined;
}

function notThere({ index }: Reading, name: string): LifeboatError {
  return new LifeboatError(`Cannot read "${name}" of ${index.set} as it must be on one of its tapes: it is on none`, { exitCode: 5 });
}

/** One motion after the other. */
function inTurn<T>(reading: Reading, action: () => Promise<T>): Promise<T> {
  const turn = reading.busy.then(action);
  reading.busy = turn.catch(() => undefined);
  return turn;
}

async function readEntry(
  reading: Reading,
  { place, entry }: FoundEntry,
  wanted: { readonly offset: number; readonly room: number | Uint8Array },
): Promise<Uint8Array> {
  const { offset, room } = wanted;
  const lengthBytes = Math.max(0, Math.min(typeof room === "number" ? room : room.length, entry.sizeBytes - offset));
  const bytes = typeof room === "number" ? new Uint8Array(lengthBytes) : room.subarray(0, lengthBytes);
  if (lengthBytes === 0) return bytes;
  await load(reading, place.tape);
  const recordBytes = recordBytesOf(reading.position, place);
  const range = recordsOf(entry, { offset, lengthBytes }, recordBytes);
  let { first: record, skipBytes } = range;
  for (let filled = 0; filled < lengthBytes;) {
    const whole = skipBytes === 0 ? Math.floor((lengthBytes - filled) / recordBytes) : 0;
    if (whole > 0) {
      await readWhole(reading, place, { record, room: bytes.subarray(filled, filled + whole * recordBytes) });
      filled += whole * recordBytes;
      record += whole;
      continue;
    }
    const part = (await oneRecord(reading, place, record)).subarray(skipBytes, skipBytes + lengthBytes - filled);
    bytes.set(part, filled);
    filled += part.length;
    record += 1;
    skipBytes = 0;
  }
  return bytes;
}

async function oneRecord(reading: Reading, place: SectionPlace, record: number): Promise<Uint8Array> {
  const { last } = reading;
  if (last?.record === record && last.place.tape === place.tape && last.place.file === place.file) return last.bytes;
  const bytes =
    last?.bytes.length === recordBytesOf(reading.position, place) ? last.bytes : new Uint8Array(recordBytesOf(reading.position, place));
  reading.last = undefined;
  await readWhole(reading, place, { record, room: bytes });
  reading.last = { place, record, bytes };
  return bytes;
}

async function readWhole(
  { position }: Reading,
  place: SectionPlace,
  wanted: { readonly record: number; readonly room: Uint8Array },
): Promise<void> {
  const length = await readRecords(position, place, wanted);
  if (length === wanted.room.length) return;
  const at = wanted.record + Math.floor(length / recordBytesOf(position, place));
  throw new LifeboatError(
    `Cannot read file ${place.file} of tape ${place.tape} of ${position.set} as all its records must be there: none that is whole comes at ${at}`,
    { exitCode: 5, hint: "The tape is damaged; --accept-damage brings back what is whole" },
  );
}

async function load(reading: Reading, tape: number): Promise<void> {
  if (reading.loaded === tape) return;
  const { position, drive } = reading;
  const { transport, set: setId } = position;
  reading.loaded = 0;
  position.at = undefined;
  const refusal = (loaded: LoadedTape) => otherTape(loaded, setId, tape);
  const loaded = await loadTape({ ...drive, transport }, { use: "read", number: tape, setId, problem: undefined, refusal });
  position.transport = loaded.transport;
  reading.loaded = tape;
}
