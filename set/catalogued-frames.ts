// The frames of a set without compression as its catalogue tells them: where a frame list is lost, nothing in the volume says where one ends.

import { digestOfBytes } from "#os/digest";
import { LifeboatError } from "#os/error";
import { printable, type CatalogueEntry } from "./catalogue.ts";
import { FRAME_BYTES, type Frame } from "./frame-list.ts";
import type { OpenSet } from "./open-set.ts";
import { readCatalogue } from "./read-catalogue.ts";
import { NO_DIGEST } from "./repair-frames.ts";
import { volumeName } from "./set-manifest.ts";

export interface CataloguedFrames {
  /** Of one volume, whose first frame has that number. Their digests are those of what is there now. */
  inVolume(volume: number, firstNumber: number): Promise<readonly Frame[]>;
}

/** Undefined when the catalogue is damaged, or tells of frames that are not cut as ours are. */
export async function cataloguedFrames(set: OpenSet): Promise<CataloguedFrames | undefined> {
  const { codec, totals } = set.manifest;
  const sizes: number[] = [];
  for (let number = 1; number <= totals.volumes; number += 1) sizes.push(await sizeOfVolume(set, volumeName(number, codec)));
  const cuts = await readCuts(set, totals.streamBytes || sizes.reduce((total, size) => total + size, 0));
  if (cuts === undefined) return undefined;
  return {
    async inVolume(volume, firstNumber) {
      const from = cuts[firstNumber]?.start ?? Number.POSITIVE_INFINITY;
      const own = cuts.filter(({ start, contentBytes }) => start >= from && start < from + sizes[volume - 1]! && contentBytes > 0);
      const frames: Frame[] = [];
      for (const { start, contentBytes, ...names } of own) {
        const bytes = await readThere(set, { name: volumeName(volume, codec), offset: start - from, lengthBytes: contentBytes });
        const digest = bytes.length < contentBytes ? NO_DIGEST : digestOfBytes(bytes);
        frames.push({
          ...names,
          number: firstNumber + frames.length,
          offset: start - from,
          storedBytes: contentBytes,
          contentBytes,
          digest,
        });
      }
      return frames;
    },
  };
}

/** As the manifest says, where it is the one that was written. */
async function sizeOfVolume({ source, manifest }: OpenSet, volume: string): Promise<number> {
  return manifest.files.find(({ name }) => name === volume)?.sizeBytes ?? (await source.sizeOf(volume)) ?? 0;
}

interface PlacedBytes {
  readonly name: string;
  readonly offset: number;
  readonly lengthBytes: number;
}

async function readThere({ source }: OpenSet, { name, offset, lengthBytes }: PlacedBytes): Promise<Uint8Array> {
  try {
    return await source.read(name, offset, lengthBytes);
  } catch (error) {
    if (error instanceof LifeboatError) return new Uint8Array();
    throw error;
  }
}

interface Cut extends Pick<Frame, "firstMember" | "firstPath" | "contentBytes"> {
  /** In the stream. */
  readonly start: number;
}

async function readCuts(set: OpenSet, streamBytes: number): Promise<readonly Cut[] | undefined> {
  try {
    const cutter = frameCutter();
    for await (const entry of readCatalogue(set)) if (!cutter.take(entry)) return undefined;
    return cutter.finish(streamBytes);
  } catch (error) {
    if (error instanceof LifeboatError) return undefined;
    throw error;
  }
}

/** Members lie in the stream one after the other, and a frame in which none begins is full. */
function frameCutter() {
  const begun: Omit<Cut, "contentBytes">[] = [];
  let place = 0;
  let path = "";
  const next = () => (begun[begun.length - 1]?.start ?? -FRAME_BYTES) + FRAME_BYTES;
  const fillTo = (count: number) => {
    while (begun.length < count) begun.push({ start: next(), firstMember: undefined, firstPath: path });
  };
  return {
    /** False for a frame that begins where none of ours can. */
    take(entry: CatalogueEntry): boolean {
      const start = place - entry.offset;
      if (entry.frame >= begun.length) {
        const latest = next() + (entry.frame - begun.length) * FRAME_BYTES;
        if (start < 0 || start > latest || start <= latest - FRAME_BYTES) return false;
        fillTo(entry.frame);
        begun.push({ start, firstMember: entry.offset, firstPath: entry.offset === 0 ? printable(entry.path) : path });
      }
      place += entry.streamBytes;
      path = printable(entry.path);
      return begun.length === entry.frame + 1 && begun[entry.frame]!.start === start;
    },
    finish(streamBytes: number): readonly Cut[] | undefined {
      if (streamBytes < place) return undefined;
      while (next() < streamBytes) fillTo(begun.length + 1);
      return begun.map((cut, index) => ({ ...cut, contentBytes: (begun[index + 1]?.start ?? streamBytes) - cut.start }));
    },
  };
}
