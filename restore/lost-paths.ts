// What damaged frames cost: the files that have bytes in them, and hard links to those, and nothing else (DESIGN section 5).

import type { ByteText } from "../formats/tar-read.ts";
import type { CatalogueEntry } from "../set/catalogue.ts";
import { streamPlace } from "../set/stream-places.ts";

/** Says of each entry, in the order of the catalogue, whether it is lost. `starts` are the frames' places in the stream. */
export function lossFinder(damaged: readonly number[], starts: readonly number[]): (entry: CatalogueEntry) => boolean {
  const gaps = damaged.map((frame) => ({ from: starts[frame]!, to: starts[frame + 1]! }));
  const streamEnd = starts[starts.length - 1]!;
  const lost = new Set<ByteText>();
  return (entry) => {
    const begin = streamPlace(starts, entry);
    const end = begin + entry.streamBytes;
    const isLinkToLost = entry.hardlinkOf !== undefined && lost.has(entry.hardlinkOf);
    // Where a volume is cut short and nothing tells of its last frames, what is in them, or ends in them, lies behind all that are known.
    const isHit = end > streamEnd || isLinkToLost || gaps.some(({ from, to }) => begin < to && end > from);
    if (isHit) lost.add(entry.path);
    return isHit;
  };
}

/** Numbers of the frames that hold an entry. */
export function framesOf(entry: CatalogueEntry, starts: readonly number[]): readonly number[] {
  const end = streamPlace(starts, entry) + entry.streamBytes;
  const frames: number[] = [];
  for (let frame = entry.frame; frame < starts.length - 1 && starts[frame]! < end; frame += 1) frames.push(frame);
  return frames;
}
