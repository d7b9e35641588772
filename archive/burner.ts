// Burns images on discs with xorriso, and reads back what was burned (xorriso(1), xorrecord(1), 1.5.4).

import { LifeboatError } from "#os/error";
import { digestFile, startDigest } from "#os/digest";
import { fileInfo } from "#os/files";
import { run, startPiped, type Command } from "#os/exec";
import { openIso } from "../media/iso-store.ts";
import type { MediumChanger, MediumRequest } from "../media/medium-changer.ts";
import type { BurnWishes } from "./disc-wishes.ts";

export interface BurnJob {
  readonly isoPath: string;
  readonly setId: string;
  readonly number: number;
  /** Compare the disc with the image. */
  readonly verify: boolean;
  readonly changer: MediumChanger;
  note(text: string): void;
}

/** A disc that cannot be burned, or reads otherwise, is one to be thrown away: another is asked for. Throws what the changer throws. */
export async function burn(wishes: BurnWishes, job: BurnJob): Promise<void> {
  const { number, setId, changer, note } = job;
  const place = wishes.drive;
  let problem: string | undefined;
  // The one that was burned before this one is in the drive.
  let isAsked = number === 1 || wishes.isDry;
  for (;;) {
    const request: MediumRequest = { what: "disc", use: "write", number, setId, place, problem };
    if (!isAsked || problem !== undefined) await changer.next(request);
    isAsked = true;
    problem = (await discProblem(wishes, setId)) ?? (await failureOf(() => burnOnce(wishes, job)));
    if (problem === undefined) break;
    note(problem);
  }
  if (wishes.eject && !wishes.isDry) await run(ejectCommand(wishes)).catch((error: Error) => note(error.message));
}

async function failureOf(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof LifeboatError) return error.message;
    throw error;
  }
}

async function burnOnce(wishes: BurnWishes, { isoPath, number, verify, note }: BurnJob): Promise<void> {
  note(`burning disc ${number} in ${wishes.drive}${wishes.isDry ? " with the laser off" : ""}`);
  await run(burnCommand(wishes, isoPath));
  if (!verify || wishes.isDry) return;
  note(`reading disc ${number} back`);
  const sizeBytes = (await fileInfo(isoPath))?.sizeBytes ?? 0;
  if ((await digestOnDisc(wishes, sizeBytes)) === (await digestFile(isoPath))) return;
  throw new LifeboatError(`Cannot trust the disc in "${wishes.drive}" as it must read as its image: it does not`, { exitCode: 5 });
}

/** In words that follow a colon; undefined when it may be burned. */
async function discProblem({ drive, blank, isDry }: BurnWishes, setId: string): Promise<string | undefined> {
  const { stdout, stderr } = await run(["xorriso", "-no_rc", "-outdev", drive, "-toc"], { okCodes: [0, 1, 2, 3, 4, 5, 32] });
  const status = /^Media status : (.*)$/m.exec(`${stdout}\n${stderr}`)?.[1]?.trim();
  if (status === undefined) return `in ${drive} is no disc that can be burned`;
  if (status.startsWith("is blank") || isDry) return undefined;
  if (blank === undefined) return `the disc in ${drive} is not empty (${status})`;
  // It was burned a moment ago.
  const iso = await openIso(drive.replace(/^stdio:/, "")).catch(() => undefined);
  return iso?.ids.includes(setId) === true ? `the disc in ${drive} is one of this set` : undefined;
}

/** Exported for its test. */
export function burnCommand({ drive, blank, speed, isDry }: BurnWishes, isoPath: string): Command {
  return [
    "xorriso",
    "-no_rc",
    "-as",
    "cdrecord",
    "-v",
    `dev=${drive}`,
    ...(speed === undefined ? [] : [`speed=${speed}`]),
    ...(blank === undefined ? [] : [`blank=${blank}`]),
    ...(isDry ? ["-dummy"] : []),
    isoPath,
  ];
}

export function ejectCommand({ drive }: BurnWishes): Command {
  return ["xorriso", "-no_rc", "-outdev", drive, "-eject", "all"];
}

const BLOCK_BYTES = 2048;

/** Read by the drive's own commands: the kernel does not know yet that there is something on the disc. */
async function digestOnDisc({ drive }: BurnWishes, sizeBytes: number): Promise<string> {
  const range = ["what=disc", "min_lba=0", `max_lba=${sizeBytes / BLOCK_BYTES - 1}`, "data_to=-"];
  await using program = startPiped(["xorriso", "-no_rc", "-outdev", drive, "-check_media", "use=outdev", ...range, "--"]);
  program.endInput();
  const digest = startDigest();
  for await (const piece of program.output) digest.update(piece);
  await program.ended;
  return digest.hex();
}
