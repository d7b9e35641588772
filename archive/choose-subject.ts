// What an archive is of: the machine or files alone, which mounts go in, what is left out and why, and what the user should know.

import { LifeboatError } from "#os/error";
import { readTextIfThere } from "#os/files";
import { knownTemporaries } from "#os/temporaries";
import { withImages } from "../machine/device-image.ts";
import { inspectMachine } from "../machine/inspect.ts";
import { inspectMounts, type MountedSystem } from "../machine/inspect-mounts.ts";
import { mountsBelow } from "../machine/layout.ts";
import { GRUB_BIOS_FILES } from "../machine/distributions.ts";
import type { BootLoader, DeviceId, Machine } from "../machine/model.ts";
import { devicesOn, ownLayout } from "../machine/own-layout.ts";
import { parseFstab } from "../machine/parse-fstab.ts";
import type { Mount } from "../machine/parse-findmnt.ts";
import { layoutWarnings } from "../restore/layout-warnings.ts";
import { restorableReasons } from "../restore/restorable.ts";
import { bytesOfText } from "../set/catalogue.ts";
import { chooseImages, type ImagedDevice } from "./choose-images.ts";
import { chooseMounts, isWithin, KERNEL_DIRECTORIES, madeUpType, mountOf, networkMounts, type MountChoice } from "./choose-mounts.ts";
import { excludedDevices, isDeviceWord, type ExcludedDevices } from "./excluded-devices.ts";
import { checkedPattern, exclusionsOf, type Exclusions } from "./exclusions.ts";

export interface SubjectRequest {
  /** `/`, or where a rescue system has mounted the machine. */
  readonly root: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Devices that go in block by block, `all` or `none`. */
  readonly images: readonly string[];
  readonly withoutNetwork: boolean;
  readonly acceptUnrestorable: boolean;
  now(): Date;
  remark(text: string): void;
}

export interface LeftOut {
  readonly what: string;
  readonly reason: string;
}

export interface Subject {
  /** Undefined for files alone. */
  readonly machine: Machine | undefined;
  readonly images: readonly ImagedDevice[];
  /** As this system has them, whatever the root is. */
  readonly allMounts: MountedSystem["mounts"];
  readonly closedMounts: readonly string[];
  /** In use, below what is included, as the machine names them. */
  readonly swapFiles: readonly string[];
  /** Patterns, without those that name devices. */
  readonly exclude: readonly string[];
  readonly leftOut: readonly LeftOut[];
  readonly warnings: readonly string[];
}

/** Throws LifeboatError: 2 for options that contradict each other or name nothing, 3 for a machine that could not be rebuilt, unless that is accepted. */
export async function chooseSubject(storePath: string, request: SubjectRequest): Promise<Subject> {
  const { root, include } = request;
  const system = await inspectMounts();
  const mounts = mountsBelow(system.mounts, root);
  const patterns = request.exclude.map(checkedPattern);
  const devices = await excludedDevices(patterns.filter(isDeviceWord), system);
  const exclude = patterns.filter((pattern) => !isDeviceWord(pattern));
  const exclusions = exclusionsOf(exclude);
  checkIncluded(include, { mounts, devices, exclusions });
  const choices = await chooseMountsAt(storePath, request, { mounts, devices, exclusions });
  const closedMounts = closedBy(choices, include);
  if (!include.includes("/")) checkNoImages(request);
  const whole = include.includes("/") ? await chooseMachine(choices, { devices, exclusions, system }, request) : undefined;
  return {
    machine: whole?.machine,
    images: whole?.images ?? [],
    allMounts: system.mounts,
    closedMounts,
    swapFiles: swapFilesIn(system.swaps, request),
    exclude,
    leftOut: [...choices.filter(({ path }) => !isOurs(path)).flatMap(leftOutLine), ...(whole?.leftOut ?? [])],
    warnings: [
      ...devices.idleWords.map(idleWarning),
      ...(whole === undefined ? [] : layoutWarnings(whole.machine)),
      ...networkMounts(choices).map(networkWarning),
    ],
  };
}

/** Which file systems below the root are taken. */
export async function chooseMountsAt(
  storePath: string,
  { root, include, withoutNetwork }: Pick<SubjectRequest, "root" | "include" | "withoutNetwork">,
  { mounts, devices, exclusions }: Omit<Known, "devices"> & { readonly devices: Pick<ExcludedDevices, "wordFor"> },
): Promise<readonly MountChoice[]> {
  return chooseMounts(mounts, {
    include,
    withoutNetwork,
    deviceWord: (mount) => devices.wordFor(mount),
    patternFor: (path) => exclusions.patternFor(bytesOfText(path)),
    storePath: seenFrom(root, storePath),
    fstabPaths: parseFstab((await readTextIfThere(`${root === "/" ? "" : root}/etc/fstab`)) ?? "").map(({ path }) => path),
  });
}

/** Mount points whose content is left out. */
export function closedBy(choices: readonly MountChoice[], include: readonly string[]): readonly string[] {
  const closed = choices.filter(({ leftOutBecause }) => leftOutBecause !== undefined).map(({ path }) => path);
  return [...KERNEL_DIRECTORIES, ...closed].filter((path) => !include.includes(path));
}

/** Their content is worth nothing, and changes all the time. */
export function swapFilesIn(swaps: MountedSystem["swaps"], { root, include }: Pick<SubjectRequest, "root" | "include">): readonly string[] {
  const paths = swaps.filter(({ type }) => type === "file").map(({ path }) => seenFrom(root, path));
  return paths.filter((path) => include.some((top) => isWithin(path, top)));
}

function networkWarning({ target, fsType }: Mount): string {
  return `"${target}" is ${fsType}: its files are taken into the set; -N leaves them out`;
}

function idleWarning(word: string): string {
  return `--exclude ${word} has left out no files: nothing on it is mounted`;
}

interface Known {
  readonly mounts: readonly Mount[];
  readonly devices: ExcludedDevices;
  readonly exclusions: Exclusions;
}

/** What is included and excluded at once would be lost without a word. */
function checkIncluded(include: readonly string[], { mounts, devices, exclusions }: Known): void {
  for (const path of include) {
    const holding = mountOf(path, mounts);
    const word = exclusions.patternFor(bytesOfText(path)) ?? (holding === undefined ? undefined : devices.wordFor(holding));
    const madeUp = madeUpType(path, mounts);
    const state = word === undefined ? undefined : `--exclude ${word} leaves it out`;
    const problem = state ?? (madeUp === undefined ? undefined : `${madeUp} has no files of its own`);
    if (problem === undefined) continue;
    throw new LifeboatError(`Cannot archive "${path}" as what is asked for must go into the set: ${problem}`, {
      exitCode: 2,
      hint: "Leave out --include or --exclude of it",
    });
  }
}

/** They rebuild a machine, and files alone do not. */
function checkNoImages({ images }: SubjectRequest): void {
  const word = images.find((one) => one !== "none" && one !== "all");
  if (word === undefined) return;
  throw new LifeboatError(`Cannot take an image of "${word}" as it is for a set that rebuilds the machine: one without / does not`, {
    exitCode: 2,
    hint: "Leave --images out, or archive / too",
  });
}

/** Disks on which nothing is that goes into the set are none of the machine's. */
async function chooseMachine(
  choices: readonly MountChoice[],
  { devices, exclusions, system }: Omit<Known, "mounts"> & { readonly system: MountedSystem },
  request: SubjectRequest,
): Promise<{ readonly machine: Machine; readonly images: readonly ImagedDevice[]; readonly leftOut: readonly LeftOut[] }> {
  const isTaken = (path: string) => choices.some((choice) => choice.path === path && choice.leftOutBecause === undefined);
  const inspected = await inspectMachine({ now: request.now(), root: request.root });
  const isExcluded = (device: DeviceId) => devices.isExcluded(`/dev/${device}`);
  const own = ownLayout(inspected, isTaken, isExcluded);
  const ownDevices = new Set([...own.machine.layout.disks.flatMap(devicesOn), ...own.machine.layout.stack.map(({ id }) => id)]);
  const images = await chooseImages({ words: request.images, layout: inspected.layout, ownDevices, system, isExcluded });
  const layout = withImages(
    inspected.layout,
    images.map(({ image }) => image),
  );
  const { machine: whole, leftOut } = ownLayout({ ...inspected, layout }, isTaken, isExcluded);
  const mounts = choices.map(({ mount }) => mount);
  const isInSet = (path: string) => {
    const holding = mountOf(path, mounts);
    return (holding === undefined || isTaken(holding.target)) && exclusions.patternFor(bytesOfText(path)) === undefined;
  };
  const machine = { ...whole, bootLoader: withToolsInSet(whole.bootLoader, isInSet) };
  const disks = leftOut.map(({ disk, reason }): LeftOut => ({ what: `disk ${disk.id} (${disk.identity.serial ?? "no serial"})`, reason }));
  checkRestorable(machine, request);
  return { machine, images, leftOut: disks };
}

/** The restored machine has of its own what is in the set, and nothing else. */
export function withToolsInSet(loader: BootLoader, isInSet: (path: string) => boolean): BootLoader {
  if (loader.kind === "extlinux") {
    const inSet = (path: string | undefined) => (path !== undefined && isInSet(path) ? path : undefined);
    return { ...loader, installer: inSet(loader.installer), bootCode: inSet(loader.bootCode) };
  }
  if (loader.kind !== "grub") return loader;
  const { installer, modules } = loader.biosTools;
  const kept = (path: string | undefined, ...files: readonly string[]) => (path !== undefined && files.every(isInSet) ? path : undefined);
  const parts = GRUB_BIOS_FILES.map((name) => `${modules}/${name}`);
  return { ...loader, biosTools: { installer: kept(installer, installer ?? ""), modules: kept(modules, ...parts) } };
}

/** A path as the machine names it; "" for what is outside of it. */
function seenFrom(root: string, path: string): string {
  if (root === "/") return path;
  return path.startsWith(`${root}/`) ? path.slice(root.length) : "";
}

/** What this command itself has mounted. */
function isOurs(path: string): boolean {
  return knownTemporaries().some((ours) => path.startsWith(`${ours}/`));
}

function leftOutLine({ path, leftOutBecause, isObvious }: MountChoice): readonly LeftOut[] {
  return leftOutBecause === undefined || isObvious ? [] : [{ what: `"${path}"`, reason: leftOutBecause }];
}

function checkRestorable(machine: Machine, request: SubjectRequest): void {
  const reasons = restorableReasons(machine);
  if (reasons.length === 0) return;
  if (request.acceptUnrestorable) {
    for (const reason of reasons) request.remark(`not restorable: ${reason}`);
    return;
  }
  throw new LifeboatError(`Cannot archive this machine as it must be possible to rebuild it from the set: ${reasons.join("; ")}`, {
    hint: "Leave that part out with --exclude, take files alone with --include, or say --accept-unrestorable: data of a kind that is not rebuilt is then in the set as files",
  });
}
