// Writes a set's sections to tapes: each is on one tape whole, and written again on the next one when the end of a tape came before its file mark.

import { LifeboatError } from "#os/error";
import { readChunks } from "#os/files";
import { TapeError, tapeProblem } from "#os/tape-device";
import { describeTape, type TapeContent } from "../media/identify-tape.ts";
import { identifyIfThere, loadTape, NO_TAPE, type LoadedTape, type TapeDrive } from "../media/tape-reel.ts";
import { asTapeFailure, type TapeTransport } from "../media/tape-transport.ts";
import {
  formatLabel,
  formatSection,
  OBDR_HEAD_RECORD_BYTES,
  OBDR_HEAD_RECORDS,
  OBDR_ISO_RECORD_BYTES,
  obdrHead,
  placeEntries,
  type TapeIndex,
  type TapeSection,
} from "../set/tape-format.ts";

/** What may be overwritten beside blank tapes. */
export type Overwrite = "nothing" | "sets" | "anything";

export interface TapeFile {
  readonly name: string;
  readonly source: string;
  readonly sizeBytes: number;
}

export interface TapeWriterOptions extends TapeDrive {
  readonly set: string;
  readonly hostName: string;
  readonly createdAt: string;
  readonly blockBytes: number;
  readonly overwrite: Overwrite;
  /** Told what happens. */
  note(line: string): void;
}

/** Drive, tape and file change as it goes on. */
export interface TapeWriter {
  readonly options: TapeWriterOptions;
  transport: TapeTransport;
  /** The tape that is in; 0 before the first. */
  tape: number;
  /** The tape file that comes next. */
  file: number;
  readonly sections: TapeIndex["sections"][number][];
}

/** Looks at the tape in the drive; nothing is written. Throws LifeboatError when it may not be overwritten, or cannot be. */
export async function startTapeWriter(options: TapeWriterOptions): Promise<TapeWriter> {
  const { transport } = options;
  const content = await identifyIfThere(transport);
  const problem = content === undefined ? NO_TAPE : await refusal(options, { transport, content });
  if (problem === undefined) return { options, transport, tape: 0, file: 0, sections: [] };
  throw new LifeboatError(
    `Cannot write to the tape in "${transport.device}" as it must be blank, or one that may be overwritten: ${problem}`,
    {
      hint: hintFor(content),
    },
  );
}

function hintFor(content: TapeContent | undefined): string {
  if (content === undefined) return "Put a tape in";
  if (content.kind === "lifeboat") return "Put another tape in; ?overwrite=sets lets older sets be overwritten";
  return "Put another tape in; ?overwrite=anything lets whatever is on it be overwritten";
}

/** Why a tape is not written to; undefined when it is. */
async function refusal({ overwrite, set }: TapeWriterOptions, { transport, content }: LoadedTape): Promise<string | undefined> {
  if (content.kind === "foreign" && overwrite !== "anything") return describeTape(content);
  if (content.kind === "lifeboat" && (overwrite === "nothing" || content.label.set === set)) return describeTape(content);
  try {
    await transport.checkWritable();
    await transport.release();
    return undefined;
  } catch (error) {
    if (tapeProblem(error) === "write-protected") return "it is write-protected";
    throw asTapeFailure("write to the tape", transport.device, error);
  }
}

export interface NewSection {
  readonly kind: TapeSection["kind"];
  /** Asked again when the section is written again: the last one tells where it is. */
  files(): Promise<readonly TapeFile[]>;
}

/** On the tape that is in, or on the next one when this one is full. Throws LifeboatError (4) when neither can be. */
export async function writeSection(writer: TapeWriter, section: NewSection): Promise<void> {
  if (writer.tape === 0) await beginTape(writer);
  for (let tries = 0; ;) {
    const problem = await tryWrite(writer, () => writeOnce(writer, section));
    if (problem === undefined) return;
    if (problem === "end-of-tape") {
      if (writer.sections.every(({ tape, kind }) => tape !== writer.tape || kind === "boot")) throw tooLarge(writer, await section.files());
      await nextTape(writer);
      tries = 0;
      continue;
    }
    tries += 1;
    if (tries === WRITE_TRIES) throw notWritten(writer, await section.files(), problem);
    writer.options.note(`writing file ${writer.file} of tape ${writer.tape} again: the drive has had an error`);
    await backTo(writer);
  }
}

/** Drives write again by themselves what they cannot read back; after a second error from outside nobody should trust the tape. */
const WRITE_TRIES = 2;

async function tryWrite(writer: TapeWriter, action: () => Promise<void>): Promise<TapeError | "end-of-tape" | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (!(error instanceof TapeError)) throw error;
    // It ends what was begun with a file mark, as far as it can.
    await writer.transport.release().catch(passTapeError);
    return error.problem === "end-of-tape" ? "end-of-tape" : error;
  }
}

function passTapeError(error: unknown): void {
  if (!(error instanceof TapeError)) throw error;
}

async function writeOnce(writer: TapeWriter, { kind, ...section }: NewSection): Promise<void> {
  const files = await section.files();
  const { transport } = writer;
  const { set, blockBytes } = writer.options;
  const place = { tape: writer.tape, file: writer.file, kind };
  const entries = [...placeEntries(files, blockBytes)];
  // Of the last section the index alone is named: it has the rest.
  const named = kind === "tail" ? entries.slice(-1) : entries;
  await transport.write(formatSection({ version: 1, set, ...place, entries: named }, blockBytes), blockBytes);
  for (const { source } of files) await writeFile(transport, source, blockBytes);
  await transport.mark();
  writer.sections.push({ ...place, entries });
  writer.file += 1;
}

const PIECE_BYTES = 4 * 1024 * 1024;

/** The last record is filled up with zeros. */
async function writeFile(transport: TapeTransport, path: string, recordBytes: number): Promise<void> {
  const piece = new Uint8Array(Math.ceil(PIECE_BYTES / recordBytes) * recordBytes);
  let filled = 0;
  for await (const chunk of readChunks(path, piece.length)) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + piece.length - filled);
      piece.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < piece.length) continue;
      await transport.write(piece, recordBytes);
      filled = 0;
    }
  }
  const end = Math.ceil(filled / recordBytes) * recordBytes;
  piece.fill(0, filled, end);
  if (end > 0) await transport.write(piece.subarray(0, end), recordBytes);
}

/** To where the section begins that could not be written. */
async function backTo({ transport, file }: TapeWriter): Promise<void> {
  try {
    await transport.rewind();
    await transport.forward(file);
  } catch (error) {
    throw asTapeFailure("go back on the tape", transport.device, error);
  }
}

async function nextTape(writer: TapeWriter): Promise<void> {
  const { transport, options } = writer;
  options.note(`tape ${writer.tape} is full: ${writer.file} files`);
  const wanted = { use: "write", number: writer.tape + 1, setId: options.set, problem: undefined } as const;
  const loaded = await loadTape({ ...options, transport }, { ...wanted, refusal: (tape) => refusal(options, tape) });
  writer.transport = loaded.transport;
  await beginTape(writer);
}

/** Rewinds, and writes what stands before the first section. */
async function beginTape(writer: TapeWriter, boot?: TapeFile): Promise<void> {
  const { transport } = writer;
  const { set, hostName, createdAt, blockBytes } = writer.options;
  writer.tape += 1;
  writer.file = 0;
  try {
    await transport.rewind();
    if (boot !== undefined) await writeBootFile(writer, boot);
    const label = formatLabel({ version: 1, set, tape: writer.tape, blockBytes, hostName, createdAt });
    await transport.write(label, label.length);
    await transport.mark();
    writer.file += 1;
  } catch (error) {
    throw asTapeFailure(`begin tape ${writer.tape}`, transport.device, error);
  }
}

/** The first tape of a set that an OBDR drive boots from: the head and the ISO are one tape file. */
export async function beginBootTape(writer: TapeWriter, iso: TapeFile): Promise<void> {
  await beginTape(writer, iso);
}

async function writeBootFile(writer: TapeWriter, iso: TapeFile): Promise<void> {
  const { transport } = writer;
  await transport.write(obdrHead(writer.options.set), OBDR_HEAD_RECORD_BYTES);
  await writeFile(transport, iso.source, OBDR_ISO_RECORD_BYTES);
  await transport.mark();
  const { name, sizeBytes } = iso;
  writer.sections.push({ tape: writer.tape, file: writer.file, kind: "boot", entries: [{ name, sizeBytes, record: OBDR_HEAD_RECORDS }] });
  writer.file += 1;
}

/** The index as it is when one more section has been written, which holds it. */
export function indexWith(writer: TapeWriter, files: readonly TapeFile[]): TapeIndex {
  const { set, blockBytes } = writer.options;
  const entries = [...placeEntries(files, blockBytes)];
  const tail = { tape: writer.tape, file: writer.file, kind: "tail", entries } as const;
  return { version: 1, set, tapes: writer.tape, blockBytes, sections: [...writer.sections, tail] };
}

function tooLarge({ tape }: TapeWriter, [first]: readonly TapeFile[]): LifeboatError {
  return new LifeboatError(
    `Cannot write "${first?.name}" as what belongs together must fit on one tape: tape ${tape} has ended before it was written`,
    {
      exitCode: 4,
      hint: "Take larger tapes, or smaller volumes with ?volume=100M",
    },
  );
}

function notWritten(writer: TapeWriter, [first]: readonly TapeFile[], error: TapeError): unknown {
  const what = `write "${first?.name}" as file ${writer.file} of tape ${writer.tape}`;
  const failure = asTapeFailure(what, writer.transport.device, error);
  return failure instanceof LifeboatError
    ? new LifeboatError(failure.message, { exitCode: 4, hint: failure.hint ?? "", cause: error })
    : failure;
}
