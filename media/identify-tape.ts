// What is on the tape in a drive, by its first records.

import { tapeProblem } from "#os/tape-device";
import { asciiDecode } from "../formats/text.ts";
import { isObdrHead, LABEL_BYTES, parseLabel, type TapeLabel } from "../set/tape-format.ts";
import { asTapeFailure, type TapeTransport } from "./tape-transport.ts";

export type TapeContent =
  /** `labelFile`: 1 behind what an OBDR drive boots from, else 0. */
  | { readonly kind: "lifeboat"; readonly label: TapeLabel; readonly labelFile: number }
  | { readonly kind: "blank" }
  /** `what` follows "it holds". */
  | { readonly kind: "foreign"; readonly what: string };

/** Rewinds. Throws LifeboatError when there is no tape, or no drive. */
export async function identifyTape(transport: TapeTransport): Promise<TapeContent> {
  try {
    await transport.rewind();
    if (await isBlank(transport)) return { kind: "blank" };
    await transport.rewind();
    const room = new Uint8Array(LABEL_BYTES);
    const first = await firstRecord(transport, room);
    if (first === undefined) return { kind: "foreign", what: "something that cannot be read, or nothing" };
    const label = parseLabel(first);
    if (label !== undefined) return { kind: "lifeboat", label, labelFile: 0 };
    return isObdrHead(first) ? await behindHead(transport, room) : { kind: "foreign", what: guessed(first) };
  } catch (error) {
    throw asTapeFailure("look at the tape", transport.device, error);
  }
}

/** Nothing can be skipped, and the drive says that it is at the end. A read would not do: drives are known that return something. */
async function isBlank(transport: TapeTransport): Promise<boolean> {
  try {
    await transport.forwardRecords(1);
    return false;
  } catch (error) {
    if (tapeProblem(error) !== "unreadable") throw error;
    return (await transport.isAtEnd()) === true;
  }
}

/** Undefined for a file mark, and for what cannot be read. */
async function firstRecord(transport: TapeTransport, room: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    const length = await transport.read(room);
    return length === 0 ? undefined : room.subarray(0, length);
  } catch (error) {
    if (tapeProblem(error) === "long-record") return new Uint8Array(0);
    if (tapeProblem(error) === "unreadable") return undefined;
    throw error;
  }
}

async function behindHead(transport: TapeTransport, room: Uint8Array): Promise<TapeContent> {
  await transport.forward(1);
  const label = parseLabel((await firstRecord(transport, room)) ?? new Uint8Array(0));
  return label === undefined
    ? { kind: "foreign", what: "what an OBDR drive boots from, without a set" }
    : { kind: "lifeboat", label, labelFile: 1 };
}

/** POSIX.1-1988, ustar: the magic stands at 257. */
const TAR_MAGIC_AT = 257;

function guessed(record: Uint8Array): string {
  const isTar = asciiDecode(record.subarray(TAR_MAGIC_AT, TAR_MAGIC_AT + 5)) === "ustar";
  return isTar ? "a tar archive" : "data that is not Lifeboat's";
}

/** In words that follow a colon. */
export function describeTape(content: TapeContent): string {
  switch (content.kind) {
    case "lifeboat":
      return `it is tape ${content.label.tape} of ${content.label.set}`;
    case "blank":
      return "it is blank";
    case "foreign":
      return `it holds ${content.what}`;
  }
}
