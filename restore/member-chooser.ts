// Some members of a set's tar stream, out of the frames that hold them.

import { LifeboatError } from "#os/error";
import type { ByteText } from "../formats/tar-read.ts";
import { renamedHeader, type NewNames } from "../formats/tar-rename.ts";
import { absolutePath } from "../set/catalogue.ts";
import type { PlacedFrame } from "../set/open-set.ts";
import { frameScanner } from "../set/scan-frames.ts";

/** What becomes of a member: left out, taken, or taken under other names. `hardlinkOf` of a hard link alone. */
export type ChooseMember = (path: ByteText, hardlinkOf: ByteText | undefined) => boolean | NewNames;

export interface MemberChooser {
  /** Frames are missing between the last one and the next. */
  gap(): void;
  /** What is taken of a frame; valid as long as its content is. Throws LifeboatError (5) for what is no tar. */
  take(frame: PlacedFrame, content: Uint8Array): readonly Uint8Array[];
}

/** Members that follow one another are one piece of the frame's content: nothing is copied. Places are of the whole stream. */
export function memberChooser(starts: readonly number[], choose: ChooseMember): MemberChooser {
  const cutter = pieceCutter();
  /** Up to here all is decided. */
  let at = 0;
  let isTaken = false;
  let isInside = false;
  const scanner = frameScanner(starts, {
    member(member, header, place) {
      const hardlinkOf = member.type === "hard-link" ? absolutePath(member.linkTarget ?? "") : undefined;
      const choice = choose(absolutePath(member.path), hardlinkOf);
      isTaken = choice !== false;
      isInside = true;
      if (!isTaken) cutter.cut(at);
      else if (typeof choice === "object") cutter.putInstead(renamedHeader(header, choice), at, place + header.length);
      else if (cutter.isBefore(place)) cutter.putInstead(header.slice(), at, place + header.length);
      else cutter.takeFrom(place);
      at = place + header.length;
    },
    data: (bytes) => void (at += bytes.length),
    end(padding) {
      if (isTaken && cutter.isBefore(at)) cutter.putInstead(padding.slice(), at);
      at += padding.length;
      isInside = false;
    },
    broken() {
      if (isTaken) throw new LifeboatError("Cannot extract a file as all its frames must be read: they were not asked for");
      isInside = false;
    },
  });
  return {
    gap: () => scanner.gap(),
    take(frame, content) {
      const start = starts[frame.number]!;
      cutter.startFrame(content, start);
      if (isInside && isTaken) cutter.takeFrom(start);
      scanner.take(frame, content);
      cutter.cut(at);
      return cutter.pieces();
    },
  };
}

function pieceCutter() {
  let pieces: Uint8Array[] = [];
  let content: Uint8Array = new Uint8Array();
  let start = 0;
  /** Where what is taken, and not yet a piece, begins. */
  let from: number | undefined;
  const cut = (end: number) => {
    if (from !== undefined && end > from) pieces.push(content.subarray(from - start, end - start));
    from = undefined;
  };
  return {
    startFrame(bytes: Uint8Array, place: number) {
      [pieces, content, start, from] = [[], bytes, place, undefined];
    },
    /** A header or a padding that began in the frame before lies in the scanner's memory alone. */
    isBefore: (place: number) => place < start,
    takeFrom: (place: number) => void (from ??= place),
    cut,
    /** These bytes in the place of what stands from `at` to `end`. */
    putInstead(bytes: Uint8Array, at: number, end = at + bytes.length) {
      cut(at);
      pieces.push(bytes);
      from = end;
    },
    pieces: (): readonly Uint8Array[] => pieces,
  };
}
