// The frame list of a volume: one line of JSON a frame, so that a frame is found, checked and taken up without the others.

import * as v from "valibot";
import { LifeboatError } from "#os/error";
import { parseJson } from "../formats/json.ts";

export interface Frame {
  /** Counted from 0 through all volumes of the set. */
  readonly number: number;
  /** In its volume. */
  readonly offset: number;
  /** In the volume, compressed. */
  readonly storedBytes: number;
  /** Its content: a piece of the tar stream. */
  readonly contentBytes: number;
  /** Of the stored bytes; its length tells the algorithm. */
  readonly digest: string;
  /** Where in the content the first member begins; undefined when all of it belongs to one that began before. */
  readonly firstMember: number | undefined;
  /** Of the first member that has bytes in it, made printable; for people, and for naming what a damage costs. */
  readonly firstPath: string;
}

export function formatFrame(frame: Frame): string {
  const { number, offset, storedBytes, contentBytes, digest, firstMember, firstPath } = frame;
  const record = { frame: number, offset, length: storedBytes, content: contentBytes, digest, member: firstMember, path: firstPath };
  return `${JSON.stringify(record)}\n`;
}

/** SHA-256 or BLAKE2b-512. */
export const DIGEST = /^(?:[0-9a-f]{64}|[0-9a-f]{128})$/;

const Whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Line = v.object({
  frame: Whole,
  offset: Whole,
  length: Whole,
  content: Whole,
  digest: v.pipe(v.string(), v.regex(DIGEST)),
  member: v.optional(Whole),
  path: v.string(),
});

/** What a frame holds of the stream; cut at member boundaries where that is possible. */
export const FRAME_BYTES = 4 * 1024 * 1024;
/** More is a lying number that would cost memory. */
export const FRAME_LIMIT_BYTES = 64 * 1024 * 1024;

/** All lines of a `.frames` file. Throws LifeboatError (5) for what is none. */
export function parseFrameList(text: string, name: string): readonly Frame[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const frame = parseFrame(line);
      if (frame !== undefined) return frame;
      throw new LifeboatError(`Cannot read the frame list "${name}" as each line must describe one frame: "${line.slice(0, 120)}"`, {
        exitCode: 5,
      });
    });
}

/** Of a damaged list: the lines that can be read. A quote in a name is escaped, so that no name can look like the beginning of a line. */
export function soundFrames(text: string): readonly Frame[] {
  return text.split(/\n|(?=\{"frame":)/).flatMap((line) => parseFrame(line.slice(0, line.lastIndexOf("}") + 1)) ?? []);
}

function parseFrame(line: string): Frame | undefined {
  const parsed = v.safeParse(Line, parseJson(line));
  if (!parsed.success || !isSound(parsed.output)) return undefined;
  const { frame, offset, length, content, digest, member, path } = parsed.output;
  return { number: frame, offset, storedBytes: length, contentBytes: content, digest, firstMember: member, firstPath: path };
}

function isSound({ content, length, member }: v.InferOutput<typeof Line>): boolean {
  return content <= FRAME_LIMIT_BYTES && length <= FRAME_LIMIT_BYTES + (1 << 20) && (member === undefined || member < content);
}
