// The frames of a set whose frame lists are damaged, or have no manifest that vouches for them.

import { LifeboatError } from "#os/error";
import { utf8Decode } from "../formats/text.ts";
import { cataloguedFrames, type CataloguedFrames } from "./catalogued-frames.ts";
import { parseFrameList, type Frame } from "./frame-list.ts";
import { readFrameList, type OpenSet, type PlacedFrame } from "./open-set.ts";
import { NO_DIGEST, repairFrames } from "./repair-frames.ts";
import { frameListName, volumeName } from "./set-manifest.ts";

export interface MadeFrames {
  /** Undefined when the manifest vouches for all lists. */
  readonly frames: readonly PlacedFrame[] | undefined;
  /** Volumes whose lists were made again. */
  readonly repaired: ReadonlySet<string>;
  readonly remarks: readonly string[];
}

/** `isVouchedFor`: the manifest is the one that was written. */
export async function madeFrames(set: OpenSet, isVouchedFor: boolean): Promise<MadeFrames> {
  const { source, manifest } = set;
  const { codec, totals } = manifest;
  const frames: PlacedFrame[] = [];
  const repaired = new Set<string>();
  const remarks: string[] = [];
  let catalogued: { readonly frames: CataloguedFrames | undefined } | undefined;
  for (let number = 1; number <= totals.volumes; number += 1) {
    const volume = volumeName(number, codec);
    const list = await (isVouchedFor ? vouchedList(set, number) : unvouchedList(set, number, frames.length));
    if (typeof list !== "string") {
      // A volume that is gone with its list: the next list says how many frames it had.
      frames.push(...missingFrames(frames.length, list[0]?.number ?? 0, volumeName(Math.max(1, number - 1), codec)));
      frames.push(...list.map((frame) => ({ ...frame, volume })));
      continue;
    }
    repaired.add(volume);
    if (codec === "none") catalogued ??= { frames: await cataloguedFrames(set) };
    const text = await textOf(set, frameListName(number));
    const made =
      (await catalogued?.frames?.inVolume(number, frames.length)) ??
      (await repairFrames({ source, codec, volume: number, text, firstNumber: frames.length }));
    remarks.push(`${list}: ${repairRemark(made, catalogued?.frames === undefined ? "the volume" : "the catalogue")}`);
    frames.push(...made.map((frame) => ({ ...frame, volume })));
  }
  if (!isVouchedFor) return { frames, repaired, remarks };
  frames.push(...missingFrames(frames.length, totals.frames, volumeName(totals.volumes, codec)));
  return { frames: repaired.size === 0 ? undefined : withContent(frames, totals.streamBytes), repaired, remarks };
}

/** A frame that nothing tells of stands in the list as one that is damaged. */
function repairRemark(frames: readonly Frame[], from: string): string {
  const unknown = frames.filter(({ digest }) => digest === NO_DIGEST).length;
  if (unknown === frames.length) return "it cannot be made again, as nothing tells of its frames";
  if (unknown === 0) return `it was made again from ${from}`;
  return `it was made again from ${from}, but for ${unknown} of ${frames.length} frames`;
}

/** Or why it cannot be used. */
async function vouchedList(set: OpenSet, volume: number): Promise<readonly Frame[] | string> {
  try {
    return await readFrameList(set, volume);
  } catch (error) {
    if (error instanceof LifeboatError) return error.message;
    throw error;
  }
}

/** One that fits its volume, frame to frame, is taken as it is; or why it cannot be used. */
async function unvouchedList(set: OpenSet, volume: number, firstNumber: number): Promise<readonly Frame[] | string> {
  const name = frameListName(volume);
  try {
    const frames = parseFrameList(await textOf(set, name), name);
    const sizeBytes = await set.source.sizeOf(volumeName(volume, set.manifest.codec));
    const ends = [0, ...frames.map(({ offset, storedBytes }) => offset + storedBytes)];
    const fits = frames.every(({ number, offset }, index) => number === firstNumber + index && offset === ends[index]);
    if (fits && frames.length > 0 && (sizeBytes === undefined || sizeBytes === ends[frames.length])) return frames;
    return `Cannot use the frame list "${name}" as its frames must lie in the volume one after the other: they do not`;
  } catch (error) {
    if (error instanceof LifeboatError) return error.message;
    throw error;
  }
}

/** Whatever can be read of it. */
async function textOf({ source }: OpenSet, name: string): Promise<string> {
  try {
    const sizeBytes = await source.sizeOf(name);
    return sizeBytes === undefined ? "" : utf8Decode(await source.read(name, 0, sizeBytes));
  } catch (error) {
    if (error instanceof LifeboatError) return "";
    throw error;
  }
}

function missingFrames(from: number, to: number, volume: string): readonly PlacedFrame[] {
  const frame = { offset: 0, storedBytes: 0, contentBytes: 0, digest: NO_DIGEST, firstMember: undefined, firstPath: "", volume };
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => ({ ...frame, number: from + index }));
}

/**
 * What is missing of the stream is in frames of which nothing is left. All of it is given to the last of them, so that the others begin
 * where the gap begins, and what was in any of them is found in it.
 */
function withContent(frames: readonly PlacedFrame[], streamBytes: number): readonly PlacedFrame[] {
  const missing = streamBytes - frames.reduce((total, { contentBytes }) => total + contentBytes, 0);
  const [last] = frames.filter(({ digest, contentBytes }) => digest === NO_DIGEST && contentBytes === 0).reverse();
  return missing <= 0 ? frames : frames.map((frame) => (frame === last ? { ...frame, contentBytes: missing } : frame));
}
