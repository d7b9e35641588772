// The members in a set's frames, one after the other, over gaps where frames are damaged or not asked for.

import { tarScanner, type TarEvents, type TarMember, type TarScanner } from "../formats/tar-read.ts";
import type { PlacedFrame } from "./open-set.ts";

/** As for a tar stream, with each member's place in the whole stream. */
export interface MemberEvents {
  member(member: TarMember, header: Uint8Array, place: number): void;
  data(bytes: Uint8Array): void;
  end(padding: Uint8Array): void;
  /** What was begun will not go on: a gap follows. */
  broken(): void;
}

export interface FrameScanner {
  /** Takes the next frame's content, or one further on after `gap`. Throws LifeboatError (5) for what is no tar. */
  take(frame: PlacedFrame, content: Uint8Array): void;
  /** Frames are missing here: the next one is taken up where its first member begins. */
  gap(): void;
}

export function frameScanner(starts: readonly number[], events: MemberEvents): FrameScanner {
  let scanner: TarScanner | undefined;
  let position = 0;
  let isInside = false;
  const inner: TarEvents = {
    member(member, header) {
      isInside = true;
      events.member(member, header, position);
      position += header.length;
    },
    data(bytes) {
      position += bytes.length;
      events.data(bytes);
    },
    end(padding) {
      position += padding.length;
      isInside = false;
      events.end(padding);
    },
    trailer: (bytes) => void (position += bytes.length),
  };
  return {
    take(frame, content) {
      let from = 0;
      if (scanner === undefined) {
        if (frame.firstMember === undefined) return;
        scanner = tarScanner(inner);
        from = frame.firstMember;
        position = starts[frame.number]! + from;
      }
      scanner.push(content.subarray(from));
    },
    gap() {
      if (isInside) events.broken();
      isInside = false;
      scanner = undefined;
    },
  };
}
