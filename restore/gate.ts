// The gate: everything that can be found out before the first write is found out here (DESIGN section 8, rule 1).

import { run } from "#os/exec";
import { LifeboatError } from "#os/error";
import type { DeviceId, Machine } from "../machine/model.ts";
import type { ByteText } from "../formats/tar-read.ts";
import { printable } from "../set/catalogue.ts";
import { bytesToRead } from "../set/device-image-files.ts";
import { readFrames, type OpenSet, type PlacedFrame } from "../set/open-set.ts";
import { readWholeCatalogue } from "../set/read-catalogue.ts";
import { frameStarts } from "../set/stream-places.ts";
import { checkFrames, sampleFrames, type DamagedFrame } from "./check-frames.ts";
import { damagedImages, type DamagedImage } from "./device-images.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { keptProblems } from "./look-at-kept.ts";
import { lossFinder } from "./lost-paths.ts";
import { grubSearch, type GrubSearch } from "./needed-grub.ts";
import { neededPrograms } from "./needed-programs.ts";
import type { Plan } from "./plan.ts";
import { roomCounter } from "./room.ts";
import { stepProblems } from "./try-steps.ts";

export type GateMode = "full" | "quick";

export interface GateRequest {
  readonly set: OpenSet;
  readonly machine: Machine;
  readonly plan: Plan;
  readonly mode: GateMode;
  readonly acceptDamage: boolean;
}

export interface PassedGate {
  readonly frames: readonly PlacedFrame[];
  /** Of the frames, or of samples of them, the digests were compared. */
  readonly mode: GateMode;
  readonly damaged: ReadonlySet<number>;
  /** What damage costs, in the order of the catalogue. */
  readonly lost: readonly ByteText[];
  /** Devices whose images damage has cost. */
  readonly lostImages?: readonly DeviceId[];
}

/** Writes to no disk. Throws LifeboatError: 3 for what would fail, 5 for damage that was not accepted. */
export async function passGate(request: GateRequest, environment: RestoreEnvironment): Promise<PassedGate> {
  await checkPrograms({ ...request.machine, layout: request.plan.layout });
  await checkArguments(request.plan);
  await checkKept(request.plan, environment);
  const frames = await readFrames(request.set);
  const damaged = await checkData(request, frames, environment);
  const images = await checkImages(request, environment);
  const { lost, grub } = await checkCatalogue(request, frames, damaged);
  if (damaged.length + lost.length > 0 && !request.acceptDamage) throw damageRefusal(damaged, lost);
  if (images.length > 0 && !request.acceptDamage) throw imageRefusal(images);
  checkGrub(request.plan, grub.problems());
  return {
    frames,
    mode: request.mode,
    damaged: new Set(damaged.map(({ frame }) => frame.number)),
    lost,
    ...(images.length === 0 ? {} : { lostImages: images.map(({ device }) => device) }),
  };
}

async function checkPrograms(machine: Machine): Promise<void> {
  const problems: string[] = [];
  for (const { name, purpose, trial } of neededPrograms(machine)) {
    await run([name, ...trial.args], { okCodes: trial.okCodes, timeoutMs: TRIAL_LIMIT_MS }).catch((error: Error) => {
      problems.push(`${name}, which ${purpose}: ${error.message}`);
    });
  }
  if (problems.length > 0) throw refusal("every program that it needs must run here", problems);
}

const TRIAL_LIMIT_MS = 60_000;

async function checkArguments({ steps }: Plan): Promise<void> {
  const problems = await stepProblems(steps);
  if (problems.length > 0) throw refusal("every step must be possible", problems);
}

async function checkKept(plan: Plan, environment: RestoreEnvironment): Promise<void> {
  const problems = await keptProblems(plan, environment);
  if (problems.length > 0) throw refusal("what is to stay must be the machine's", problems);
}

async function checkData(
  { set, mode }: GateRequest,
  frames: readonly PlacedFrame[],
  environment: RestoreEnvironment,
): Promise<readonly DamagedFrame[]> {
  const looked = mode === "full" ? frames : sampleFrames(frames);
  const allBytes = looked.reduce((total, { storedBytes }) => total + storedBytes, 0);
  const damaged = await checkFrames(set, looked, (doneBytes) => environment.progress({ what: "checking", doneBytes, allBytes }));
  environment.progress(undefined);
  return damaged;
}

async function checkImages({ set, plan, mode }: GateRequest, environment: RestoreEnvironment): Promise<readonly DamagedImage[]> {
  const allBytes = bytesToRead(set.manifest) - set.manifest.totals.storedBytes;
  let doneBytes = 0;
  const damaged = await damagedImages(set, plan, {
    isFull: mode === "full",
    progress: (bytes) => environment.progress({ what: "checking images", doneBytes: (doneBytes += bytes), allBytes }),
  });
  if (doneBytes > 0) environment.progress(undefined);
  return damaged;
}

interface LookedThrough {
  readonly lost: readonly ByteText[];
  readonly grub: GrubSearch;
}

/** Found out after the extraction, it would leave a machine that does not start. */
function checkGrub({ steps }: Plan, missing: readonly string[]): void {
  if (missing.length === 0 || !steps.some(({ kind }) => kind === "install-boot-loader")) return;
  throw new LifeboatError(
    `Cannot restore as the machine must be able to start again: ${missing.join(" and ")}: not among the set's files`,
    {
      hint: "Nothing has been written. Take another set; files of this one come back with --only and --to",
    },
  );
}

/** Counts what each file system will have to hold, what is lost, and what there is to install GRUB with. */
async function checkCatalogue(
  { set, machine }: GateRequest,
  frames: readonly PlacedFrame[],
  damaged: readonly DamagedFrame[],
): Promise<LookedThrough> {
  const starts = frameStarts(frames);
  const isLost = lossFinder(
    damaged.map(({ frame }) => frame.number),
    starts,
  );
  const room = roomCounter(machine);
  const grub = grubSearch();
  const lost: ByteText[] = [...(set.rebuilt?.broken ?? [])];
  let paths = 0;
  for await (const entry of readWholeCatalogue(set)) {
    paths += 1;
    const isLostNow = isLost(entry);
    if (!isLostNow) grub.look(entry.path);
    if (set.leftAlone?.(entry.path) === true) continue;
    room.add(entry);
    if (isLostNow) lost.push(entry.path);
  }
  // One that was made again names what is left.
  if (set.rebuilt === undefined && paths !== set.manifest.totals.paths) {
    throw new LifeboatError(
      `Cannot restore ${set.manifest.id} as its catalogue must name all ${set.manifest.totals.paths} paths: it names ${paths}`,
      { exitCode: 5 },
    );
  }
  const problems = room.problems();
  if (problems.length > 0) throw refusal("all files must have room", problems);
  return { lost, grub };
}

/** Names in a refusal; the plan's report has all. */
const NAMED = 8;

function damageRefusal(damaged: readonly DamagedFrame[], lost: readonly ByteText[]): LifeboatError {
  const frames = damaged.slice(0, NAMED).map(({ frame, why }) => `frame ${frame.number} in ${frame.volume} (${why})`);
  const names = lost.slice(0, NAMED).map((path) => `"${printable(path)}"`);
  return new LifeboatError(
    `Cannot restore as every frame must be as it was written: ${frames.join(", ")}; that costs ${lost.length} files, such as ${names.join(", ")}`,
    {
      exitCode: 5,
      hint: "Nothing has been written. Try another copy of the set, or accept the damage: --accept-damage, at the boot prompt lifeboat.damage=accept",
    },
  );
}

function imageRefusal(images: readonly DamagedImage[]): LifeboatError {
  const states = images.map(({ device, why }) => `that of ${device} is not: ${why}`);
  return new LifeboatError(`Cannot restore as every image of a device must be as it was written: ${states.join("; ")}`, {
    exitCode: 5,
    hint: "Nothing has been written. Try another copy of the set, or accept the damage: --accept-damage, at the boot prompt lifeboat.damage=accept",
  });
}

function refusal(rule: string, problems: readonly string[]): LifeboatError {
  return new LifeboatError(`Cannot restore as ${rule}: ${problems.join("; ")}`, {
    hint: "Nothing has been written. Mend what is named, and try again",
  });
}
