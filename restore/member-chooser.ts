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
      const isOwn = typeof choice === "object" || cutter.isBefore(place);
      if (!isTaken || isOwn) cutter.cut(at);
      if (isTaken && isOwn) cutter.put(typeof choice === "object" ? renamedHeader(header, choice) : header.slice());
      at = place + header.length;
      if (isTaken) cutter.takeFrom(isOwn ? at : place);
    },
    data: (bytes) => void (at += bytes.length),
    end(padding) {
      const isSplit = isTaken && cutter.isBefore(at);
      if (isSplit) cutter.cut(at);
      if (isSplit) cutter.put(padding.slice());
      at += padding.length;
      if (isSplit) cutter.takeFrom(at);
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
  return {
    startFrame(bytes: Uint8Array, place: number) {
      [pieces, content, start, from] = [[], bytes, place, undefined];
    },
    /** A header or a padding that began in the frame before lies in the scanner's memory alone. */
    isBefore: (place: number) => place < start,
    takeFrom: (place: number) => void (from ??= place),
    cut(end: number) {
      if (from !== undefined && end > from) pieces.push(content.subarray(from - start, end - start));
      from = undefined;
    },
    put: (bytes: Uint8Array) => void pieces.push(bytes),
    pieces: (): readonly Uint8Array[] => pieces,
  };
}
