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
  let pieces: Uint8Array[] = [];
  let content: Uint8Array = new Uint8Array();
  let contentStart = 0;
  /** Up to here all is decided. */
  let at = 0;
  /** Where what is taken, and not yet a piece, begins. */
  let from: number | undefined;
  let isTaken = false;
  let isInside = false;
  const cut = () => {
    if (from !== undefined && at > from) pieces.push(content.subarray(from - contentStart, at - contentStart));
    from = undefined;
  };
  const scanner = frameScanner(starts, {
    member(member, header, place) {
      const hardlinkOf = member.type === "hard-link" ? absolutePath(member.linkTarget ?? "") : undefined;
      const choice = choose(absolutePath(member.path), hardlinkOf);
      isTaken = choice !== false;
      isInside = true;
      // A header that began in the frame before lies in the scanner's memory alone.
      const isOwn = typeof choice === "object" || place < contentStart;
      if (!isTaken || isOwn) cut();
      if (isTaken && isOwn) pieces.push(typeof choice === "object" ? renamedHeader(header, choice) : header.slice());
      at = place + header.length;
      if (isTaken) from ??= isOwn ? at : place;
    },
    data: (bytes) => void (at += bytes.length),
    end(padding) {
      const end = at + padding.length;
      // It began in the frame before, as a header may.
      if (isTaken && at < contentStart) {
        pieces.push(padding.slice());
        from = end;
      }
      at = end;
      isInside = false;
    },
    broken() {
      if (isTaken) throw new LifeboatError("Cannot extract a file as all its frames must be read: they were not asked for");
      isInside = false;
    },
  });
  return {
    gap: () => scanner.gap(),
    take(frame, bytes) {
      pieces = [];
      content = bytes;
      contentStart = starts[frame.number]!;
      from = isInside && isTaken ? contentStart : undefined;
      scanner.take(frame, bytes);
      cut();
      return pieces;
    },
  };
}
