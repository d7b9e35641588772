// Images of devices on their way back: checked by the gate, written, and read back from the disk.

import { unpackAll } from "#os/compression";
import { startDigest, type Digest } from "#os/digest";
import { LifeboatError } from "#os/error";
import { run, startBulk, startPiped, type PipedProcess } from "#os/exec";
import type { DeviceImage } from "../machine/device-image.ts";
import type { DeviceId } from "../machine/model.ts";
import { imageFilesOf } from "../set/device-image-files.ts";
import { damageText } from "../set/set-source.ts";
import { checkFile, damaged, piecesOf, type OpenSet } from "../set/open-set.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { restoreCommand, saveCommand } from "./image-commands.ts";
import type { Plan, Step } from "./plan.ts";

type RestoreImage = Extract<Step, { readonly kind: "restore-image" }>;

export interface DamagedImage {
  readonly device: DeviceId;
  readonly why: string;
}

/** `full`: every byte against its digest; else that all of it is there. */
export async function damagedImages(
  set: OpenSet,
  { steps }: Plan,
  { isFull, progress }: { readonly isFull: boolean; progress(bytes: number): void },
): Promise<readonly DamagedImage[]> {
  const found: DamagedImage[] = [];
  for (const { image } of steps.filter(isRestoreImage)) {
    try {
      const files = filesOf(set, image);
      for (const { name, sizeBytes } of files) {
        if (isFull) await checkFile(set, name, progress);
        else if ((await set.source.sizeOf(name)) !== sizeBytes) throw wrongSize(set, name, sizeBytes);
      }
    } catch (error) {
      found.push({ device: image.device, why: damageText(error) });
    }
  }
  return found;
}

export function isRestoreImage(step: Step): step is RestoreImage {
  return step.kind === "restore-image";
}

function filesOf(set: OpenSet, image: DeviceImage) {
  const files = imageFilesOf(image, set.manifest);
  if (files.length > 0) return files;
  throw damaged(set.source, image.file, { rule: "the manifest must list its files", state: "it lists none" });
}

function wrongSize({ source }: OpenSet, name: string, sizeBytes: number): LifeboatError {
  return damaged(source, name, { rule: `it must have ${sizeBytes} bytes`, state: "it has not" });
}

/** Returns the digest of what was written. Throws LifeboatError (4, or 5 for damage). */
export async function writeImage({ device, image }: RestoreImage, set: OpenSet, environment: RestoreEnvironment): Promise<string> {
  // What was on it before would be found beside it, where the image leaves blocks as they are.
  await run(["wipefs", "--all", "--force", "--quiet", device]);
  await using program = startPiped(restoreCommand(image, device));
  const digest = imageDigest(image);
  let doneBytes = 0;
  for await (const piece of contentOf(set, image)) {
    if (!(await program.write(piece))) break;
    digest.update(piece);
    doneBytes += piece.length;
    environment.progress({ what: `writing the image of ${image.device}`, doneBytes, allBytes: Math.max(doneBytes, image.sizeBytes) });
  }
  program.endInput();
  await endOf(program, device);
  if (image.method !== "raw" || doneBytes === image.sizeBytes) return digest.hex();
  throw new LifeboatError(`Cannot write all of "${device}" as its image must have ${image.sizeBytes} bytes: it has ${doneBytes}`, {
    exitCode: 5,
  });
}

async function endOf(program: PipedProcess, device: string): Promise<void> {
  for await (const _ of program.output) continue;
  const { exitCode, stderr } = await program.ended;
  if (exitCode === 0) return;
  const words = stderr.trim().split("\n").slice(-3).join(" | ") || `exit code ${exitCode ?? "none"}`;
  throw new LifeboatError(`Cannot write the image onto "${device}" as the program must take all of it: ${words}`, { exitCode: 4 });
}

async function* contentOf(set: OpenSet, image: DeviceImage): AsyncGenerator<Uint8Array> {
  const files = filesOf(set, image);
  const stored = async function* () {
    for (const { name } of files) yield* piecesOf(set.source, name);
  };
  yield* unpackAll(stored(), set.manifest.codec);
}

/** Nodes whose content is no longer that of the image. `written`: digests of what was written just now, by node; what is not among them is read from the set. */
export async function differingImages(
  steps: readonly RestoreImage[],
  set: OpenSet,
  written: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const differing: string[] = [];
  for (const { device, image } of steps) {
    await run(["blockdev", "--flushbufs", device], { okCodes: [0, 1] });
    const wanted = written.get(device) ?? (await digestOfPieces(image, contentOf(set, image)));
    await using source = await startBulk(saveCommand(image, device));
    const found = await digestOfPieces(image, source.output);
    if ((await source.ended).exitCode !== 0 || found !== wanted) differing.push(device);
  }
  return differing;
}

async function digestOfPieces(image: DeviceImage, pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const digest = imageDigest(image);
  for await (const piece of pieces) digest.update(piece);
  return digest.hex();
}

/** `device_size` of ntfsclone's image_hdr (ntfsprogs/ntfsclone.c, image version 10.1): a larger device is no difference. */
const DEVICE_SIZE = { start: 22, end: 30 };

function imageDigest({ method }: DeviceImage): Digest {
  const digest = startDigest();
  if (method !== "ntfsclone") return digest;
  let position = 0;
  return {
    update(bytes) {
      const isHead = position < DEVICE_SIZE.end;
      const [start, end] = [DEVICE_SIZE.start - position, DEVICE_SIZE.end - position].map((at) => Math.max(0, at));
      digest.update(isHead ? bytes.slice().fill(0, start, end) : bytes);
      position += bytes.length;
    },
    hex: () => digest.hex(),
  };
}
