// How a set lies on tapes: a label, then sections, each a tape file of its own; the index of all of them in the last one. Pure.

import * as v from "valibot";
import { LifeboatError } from "#os/error";
import { asciiDecode, beforeNul, utf8Decode, utf8Encode } from "../formats/text.ts";
import { crc32 } from "../formats/crc32.ts";
import { parseJson } from "../formats/json.ts";
import { FileName, SET_ID } from "./set-manifest.ts";

/** The label is one record of this size, whatever size the others have: so it can be read before anything is known. */
export const LABEL_BYTES = 32 * 1024;
/** One record of the sections; drives and adapters of every age take so much. */
export const BLOCK_BYTES = 256 * 1024;
export const MIN_BLOCK_BYTES = LABEL_BYTES;
/** Twice as much is the most that st(4) takes. */
export const MAX_BLOCK_BYTES = 512 * 1024;
/** In the last section: where everything is. */
export const TAPE_INDEX_FILE = "tape-index.json";

const Whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Counted = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const SetId = v.pipe(v.string(), v.regex(SET_ID));
const BlockBytes = v.pipe(Whole, v.minValue(MIN_BLOCK_BYTES), v.maxValue(MAX_BLOCK_BYTES), v.multipleOf(MIN_BLOCK_BYTES));

const Label = v.object({
  version: v.literal(1),
  set: SetId,
  tape: Counted,
  blockBytes: BlockBytes,
  hostName: v.string(),
  createdAt: v.string(),
});

/** `record`: of its first bytes, counted from the beginning of the tape file. */
const Entry = v.object({ name: FileName, sizeBytes: Whole, record: Whole });

/** `boot`: what an OBDR drive shows as a CD. `head`: machine and rescue image. `data`: volumes and images. `tail`: all small files, the index last. */
const Kind = v.picklist(["boot", "head", "data", "tail"]);

const Section = v.object({
  version: v.literal(1),
  set: SetId,
  /** Tapes count from 1, files on a tape from 0, the label's included. */
  tape: Counted,
  file: Whole,
  kind: Kind,
  entries: v.array(Entry),
});

const Index = v.object({
  version: v.literal(1),
  set: SetId,
  tapes: Counted,
  blockBytes: BlockBytes,
  sections: v.array(v.object({ tape: Counted, file: Whole, kind: Kind, entries: v.array(Entry) })),
});

export type TapeLabel = v.InferOutput<typeof Label>;
export type TapeEntry = v.InferOutput<typeof Entry>;
export type TapeSection = v.InferOutput<typeof Section>;
export type TapeIndex = v.InferOutput<typeof Index>;

const LABEL_MARK = "Lifeboat tape";
const SECTION_MARK = "Lifeboat section";
const INDEX_MARK = "Lifeboat index";

/** What somebody needs who has nothing but mt and dd. */
function helpFor({ blockBytes }: TapeLabel): string {
  return [
    "Every file of this tape after this one begins with a record that says in JSON which files follow, and at which record each begins.",
    `mt -f /dev/nst0 fsf 1; dd if=/dev/nst0 bs=${blockBytes} skip=RECORD | head -c SIZEBYTES reads one; the last file of the last tape has the index.`,
    "data-*.tar* one after the other, unpacked by zstd or gzip, are one tar archive.",
  ].join("\n");
}

export function formatLabel(label: TapeLabel): Uint8Array {
  return inRecord(checkedText(LABEL_MARK, label) + `${helpFor(label)}\n`, LABEL_BYTES);
}

/** Undefined for what is none, or a damaged one. */
export function parseLabel(record: Uint8Array): TapeLabel | undefined {
  return parseChecked(record, LABEL_MARK, Label);
}

/** The first record of a section. */
export function formatSection(section: TapeSection, blockBytes: number): Uint8Array {
  return inRecord(checkedText(SECTION_MARK, section), blockBytes);
}

export function parseSection(record: Uint8Array): TapeSection | undefined {
  return parseChecked(record, SECTION_MARK, Section);
}

export function formatIndex(index: TapeIndex): Uint8Array {
  return utf8Encode(checkedText(INDEX_MARK, index));
}

export function parseIndex(bytes: Uint8Array): TapeIndex | undefined {
  return parseChecked(bytes, INDEX_MARK, Index);
}

/** Three lines: what it is, the CRC-32 of the third, JSON. */
function checkedText(mark: string, value: object): string {
  const json = JSON.stringify(value);
  return `${mark}\n${checkOf(utf8Encode(json))}\n${json}\n`;
}

function checkOf(json: Uint8Array): string {
  return crc32(json).toString(16).padStart(8, "0");
}

const NEWLINE = 10;

function parseChecked<S extends v.GenericSchema>(bytes: Uint8Array, mark: string, schema: S): v.InferOutput<S> | undefined {
  const first = bytes.indexOf(NEWLINE);
  const second = bytes.indexOf(NEWLINE, first + 1);
  const third = bytes.indexOf(NEWLINE, second + 1);
  if (first < 0 || second < 0 || third < 0 || asciiDecode(bytes.subarray(0, first)) !== mark) return undefined;
  const json = bytes.subarray(second + 1, third);
  if (asciiDecode(bytes.subarray(first + 1, second)) !== checkOf(json)) return undefined;
  const parsed = v.safeParse(schema, parseJson(utf8Decode(json)));
  return parsed.success ? parsed.output : undefined;
}

function inRecord(text: string, recordBytes: number): Uint8Array {
  const bytes = utf8Encode(text);
  if (bytes.length > recordBytes) {
    throw new LifeboatError(`Cannot write the head of a section as it must fit one record of ${recordBytes} bytes: it has ${bytes.length}`);
  }
  const record = new Uint8Array(recordBytes);
  record.set(bytes);
  return record;
}

/** Each file begins at a record of its own, the first one after the section's head. */
export function placeEntries(
  files: readonly { readonly name: string; readonly sizeBytes: number }[],
  blockBytes: number,
): readonly TapeEntry[] {
  let record = 1;
  return files.map(({ name, sizeBytes }) => {
    const entry = { name, sizeBytes, record };
    record += Math.ceil(sizeBytes / blockBytes);
    return entry;
  });
}

/** The records that hold bytes of an entry, and where in the first of them they begin. */
export interface RecordRange {
  readonly first: number;
  readonly count: number;
  readonly skipBytes: number;
}

export function recordsOf(
  entry: TapeEntry,
  { offset, lengthBytes }: { readonly offset: number; readonly lengthBytes: number },
  recordBytes: number,
): RecordRange {
  const first = Math.floor(offset / recordBytes);
  const end = Math.ceil((offset + lengthBytes) / recordBytes);
  return { first: entry.record + first, count: lengthBytes === 0 ? 0 : end - first, skipBytes: offset - first * recordBytes };
}

/** How the drive is to be moved from one tape file to another, at whose beginning it stands then. */
export type TapeMove =
  | { readonly kind: "rewind" }
  /** Over so many file marks. */
  | { readonly kind: "forward"; readonly marks: number }
  | { readonly kind: "back"; readonly marks: number };

/** `at`: the file that the tape stands in, and whether at its first record; undefined when nobody knows. */
export function movesTo(file: number, at: { readonly file: number; readonly isAtBeginning: boolean } | undefined): readonly TapeMove[] {
  const fromBeginning: readonly TapeMove[] = [{ kind: "rewind" }, ...(file > 0 ? [{ kind: "forward", marks: file } as const] : [])];
  if (at === undefined) return fromBeginning;
  if (file === at.file && at.isAtBeginning) return [];
  if (file > at.file) return [{ kind: "forward", marks: file - at.file }];
  const back = at.file - file + 1;
  return file < back
    ? fromBeginning
    : [
        { kind: "back", marks: back },
        { kind: "forward", marks: 1 },
      ];
}

/** The records of `512` bytes before the ISO of an OBDR tape, and what the first says, so that it is known for ours. */
export const OBDR_HEAD_RECORDS = 20;
export const OBDR_HEAD_RECORD_BYTES = 512;
export const OBDR_ISO_RECORD_BYTES = 2048;
const OBDR_MARK = "Lifeboat OBDR\n";

/** A drive in CD mode shows what follows as the first block of a CD. */
export function obdrHead(set: string | undefined): Uint8Array {
  const head = new Uint8Array(OBDR_HEAD_RECORDS * OBDR_HEAD_RECORD_BYTES);
  head.set(utf8Encode(`${OBDR_MARK}${set === undefined ? "" : `${set}\n`}`));
  return head;
}

export function isObdrHead(record: Uint8Array): boolean {
  return asciiDecode(beforeNul(record.subarray(0, OBDR_HEAD_RECORD_BYTES))).startsWith(OBDR_MARK);
}
