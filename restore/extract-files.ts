// From frames to files: the tar stream of a set, all of it or some members, into GNU tar (DESIGN section 3, restore).

import { startPiped, type Command, type PipedProcess } from "#os/exec";
import { LifeboatError } from "#os/error";
import { encodeDirectory, TAR_END, type DirectoryHead } from "../formats/tar-header.ts";
import { printable, shortened } from "../set/catalogue.ts";
import type { OpenSet, PlacedFrame } from "../set/open-set.ts";
import { framesInOrder } from "../set/read-frames.ts";
import { frameStarts } from "../set/stream-places.ts";
import { readExtractMessages, type ExtractRemark } from "./extract-messages.ts";
import { memberChooser, type ChooseMember } from "./member-chooser.ts";

export interface ExtractOptions {
  readonly set: OpenSet;
  /** Of the whole set. */
  readonly allFrames: readonly PlacedFrame[];
  /** Those to read, in order. */
  readonly frames: readonly PlacedFrame[];
  /** Their digests were compared a moment ago. */
  readonly areChecked: boolean;
  /** Files appear below this directory, by their paths. */
  readonly root: string;
  /** Undefined: all members, and no gap between the frames. */
  readonly choose?: ChooseMember;
  /** Called when a frame has been handed to tar. What tar holds back is far less than a frame. */
  readonly handedOver: (frame: PlacedFrame) => Promise<void>;
}

function tarCommand(root: string): Command {
  const metadata = ["--numeric-owner", "--same-owner", "--same-permissions", "--xattrs", "--xattrs-include=*"];
  // XFS's second name for an ACL, which would be a mere attribute anywhere else.
  const derived = ["--xattrs-exclude=trusted.SGI_ACL_FILE", "--xattrs-exclude=trusted.SGI_ACL_DEFAULT"];
  const ways = ["--delay-directory-restore", "--warning=no-timestamp", "--quoting-style=escape"];
  return ["tar", "--extract", "--file=-", `--directory=${root}`, ...metadata, ...derived, ...ways];
}

/** Returns what tar said that is no failure of the whole. Throws LifeboatError (5) for a damaged frame, (4) when tar fails as a whole. */
export async function extractFiles(options: ExtractOptions): Promise<readonly ExtractRemark[]> {
  await using tar = startPiped(tarCommand(options.root));
  const stoppedAt = options.choose === undefined ? await feedAll(tar, options) : await feedChosen(tar, options, options.choose);
  tar.endInput();
  const remarks = await endOf(tar, options.root);
  if (stoppedAt === undefined) return remarks;
  // tar does not read on after the two zero blocks at the archive's end: the last frame may be its own before it is all written.
  const last = options.frames[options.frames.length - 1];
  if (stoppedAt.number !== last?.number) throw endedEarly(options.set, stoppedAt);
  await options.handedOver(stoppedAt);
  return remarks;
}

/** Gives directories that are there their owners, modes and times again, without reading the set: its discs would be asked for once more. Throws LifeboatError (4). */
export async function resetDirectories(directories: readonly DirectoryHead[], root: string): Promise<void> {
  if (directories.length === 0) return;
  await using tar = startPiped(tarCommand(root));
  for (const directory of directories) await tar.write(encodeDirectory(directory));
  await tar.write(TAR_END);
  tar.endInput();
  await endOf(tar, root);
}

/** Returns the frame in which tar read no more; it says why. */
type Feeding = Promise<PlacedFrame | undefined>;

async function feedAll(tar: PipedProcess, options: ExtractOptions): Feeding {
  for await (const { frame, content, why } of framesInOrder(options.set, options.frames, options)) {
    if (content === undefined) throw damagedFrame(options.set, frame, why);
    if (!(await tar.write(content))) return frame;
    await options.handedOver(frame);
  }
  return undefined;
}

async function feedChosen(tar: PipedProcess, options: ExtractOptions, choose: ChooseMember): Feeding {
  const chooser = memberChooser(frameStarts(options.allFrames), choose);
  let previous: number | undefined;
  for await (const { frame, content, why } of framesInOrder(options.set, options.frames, options)) {
    if (content === undefined) throw damagedFrame(options.set, frame, why);
    if (previous !== undefined && frame.number !== previous + 1) chooser.gap();
    previous = frame.number;
    for (const piece of chooser.take(frame, content)) if (!(await tar.write(piece))) return frame;
    await options.handedOver(frame);
  }
  // Whether tar takes all of the end is its own business.
  await tar.write(new Uint8Array(1024));
  return undefined;
}

function endedEarly(set: OpenSet, frame: PlacedFrame): LifeboatError {
  return new LifeboatError(`Cannot extract all of "${set.source.description}" as GNU tar ended in frame ${frame.number}, before the last`, {
    exitCode: 4,
    hint: `All from "${frame.firstPath}" on is not complete`,
  });
}

function damagedFrame(set: OpenSet, frame: PlacedFrame, why: string): LifeboatError {
  return new LifeboatError(`Cannot read frame ${frame.number} of "${set.source.description}" as it must be as it was written: ${why}`, {
    exitCode: 5,
    hint: `It begins in "${frame.firstPath}"; --accept-damage brings back all files that are not in it`,
  });
}

async function endOf(tar: PipedProcess, root: string): Promise<readonly ExtractRemark[]> {
  for await (const _ of tar.output) continue;
  const { exitCode, stderr } = await tar.ended;
  const { remarks, fatal, isFull } = readExtractMessages(stderr);
  if (isFull) throw fullDisk(root);
  if (exitCode === 0 || (exitCode === 2 && fatal.length === 0 && remarks.length > 0)) return remarks;
  const lines = fatal.length > 0 ? fatal : remarks.map(({ path, what }) => (path === "" ? what : `${printable(path)}: ${what}`));
  const state = lines.slice(0, 3).map(shortened).join(" | ") || `exit code ${exitCode ?? "none"}`;
  throw new LifeboatError(`Cannot extract the files as GNU tar must take them: ${state}`, { exitCode: 4 });
}

function fullDisk(root: string): LifeboatError {
  return new LifeboatError(`Cannot write all files below "${root}" as there must be room for them: no space is left`, {
    exitCode: 4,
    hint: "Make room there, or name another place; what has been written is not complete",
  });
}
