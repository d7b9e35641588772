// GRUB's programs on EFI system partitions: one that looks for its files where they are no more is made again by the machine's own installer.

import { LifeboatError } from "#os/error";
import { copyFile, exists, listDirectory, linkInfo, makeDirectory, moveIntoPlace, readBytes, removeTree, temporaryName } from "#os/files";
import { readEfiProgram, type EfiProgram } from "../formats/pe.ts";
import { latin1Decode } from "../formats/text.ts";
import { familyNamed, fillTemplate, GRUB_INSTALLERS } from "../machine/distributions.ts";
import { insideRoot, pathInMachine } from "../machine/inside-root.ts";
import type { Machine } from "../machine/model.ts";
import { changedBelow, filesBelow } from "./boot-loader.ts";
import type { Chroot } from "./chroot.ts";
import type { Mended, Remaining, RestoreEnvironment } from "./engine.ts";
import { namesArray } from "./grub-arrays.ts";
import type { Step } from "./plan.ts";

export interface EfiGrubRequest {
  readonly step: Extract<Step, { kind: "install-efi-grub" }>;
  readonly machine: Machine;
  readonly chroot: Chroot;
}

/** Never puts an unsigned program in the place of a signed one. What remains are programs that look where nothing is: the machine does not start from them. */
export async function installEfiGrub(
  request: EfiGrubRequest,
  environment: Pick<RestoreEnvironment, "root" | "say" | "note">,
): Promise<Mended> {
  const { root, say } = environment;
  const { step } = request;
  const places = await Promise.all([step.directory, ...step.mountPoints].map((path) => insideRoot(root, path)));
  const before = await Promise.all(places.map(filesBelow));
  const remaining: Remaining[] = [];
  for (const [index, mountPoint] of step.mountPoints.entries()) {
    for (const program of await stalePrograms(places[index + 1]!, step)) {
      try {
        await replace(program, { ...request, mountPoint, environment });
      } catch (error) {
        if (!(error instanceof LifeboatError)) throw error;
        const path = pathInMachine(root, program.place);
        say(`lifeboat: ${path} looks for GRUB's files where they are no more, and was not made again: ${error.message}`);
        remaining.push({ path, state: `it looks for GRUB's files where they are no more: ${error.message}` });
      }
    }
  }
  const after = await Promise.all(places.map(filesBelow));
  const changed = places.flatMap((place, index) =>
    changedBelow(before[index]!, after[index]!).map((path) => pathInMachine(root, `${place}/${path}`)),
  );
  // GRUB's directory may be on one of them.
  return { changed: [...new Set(changed)], remaining };
}

interface StaleProgram extends EfiProgram {
  readonly place: string;
}

/** Kernels are programs too, of many megabytes; GRUB with all of its modules has four. */
const LARGEST_BYTES = 16 * 2 ** 20;

async function stalePrograms(partition: string, { names }: EfiGrubRequest["step"]): Promise<readonly StaleProgram[]> {
  const found: StaleProgram[] = [];
  for (const place of await programsOn(partition)) {
    const bytes = await readBytes(place);
    const program = namesArray(latin1Decode(bytes), [{ names }]) ? programIn(bytes) : undefined;
    if (program !== undefined) found.push({ place, ...program });
  }
  return found;
}

/** Undefined: no firmware starts it. */
function programIn(bytes: Uint8Array): EfiProgram | undefined {
  try {
    return readEfiProgram(bytes);
  } catch (error) {
    if (error instanceof LifeboatError) return undefined;
    throw error;
  }
}

async function programsOn(partition: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const directory of await listed(`${partition}/EFI`)) {
    for (const name of await listed(`${partition}/EFI/${directory}`)) {
      const place = `${partition}/EFI/${directory}/${name}`;
      const info = /\.efi$/i.test(name) ? await linkInfo(place) : undefined;
      if (info?.type === "file" && info.sizeBytes <= LARGEST_BYTES) found.push(place);
    }
  }
  return found;
}

async function listed(directory: string): Promise<readonly string[]> {
  return (await linkInfo(directory))?.type === "directory" ? listDirectory(directory) : [];
}

interface Replacing extends EfiGrubRequest {
  readonly mountPoint: string;
  readonly environment: Pick<RestoreEnvironment, "root" | "note">;
}

/** GRUB's names for what it is built for, by UEFI's. */
const PLATFORMS: ReadonlyMap<string, string> = new Map([
  ["x64", "x86_64-efi"],
  ["aa64", "arm64-efi"],
  ["ia32", "i386-efi"],
  ["arm", "arm-efi"],
  ["riscv64", "riscv64-efi"],
]);

/** Where the installer works: it would put shim in the place of what is there, or what is unsigned in the place of shim. */
const OWN_VENDOR = "lifeboat-new";

async function replace(program: StaleProgram, job: Replacing): Promise<void> {
  const { step, mountPoint, environment } = job;
  const options = await installOptions(program, job);
  const suffix = program.architecture!;
  const work = `${await insideRoot(environment.root, mountPoint)}/EFI/${OWN_VENDOR}`;
  await removeTree(work);
  try {
    await runInstaller([`--target=${PLATFORMS.get(suffix)}`, ...options], job);
    const made = `${work}/grub${suffix}.efi`;
    const bytes = await readBytes(made);
    const rule = program.isSigned ? "be signed" : "look for its files elsewhere";
    const isRight = readEfiProgram(bytes, made).isSigned || (!program.isSigned && !namesArray(latin1Decode(bytes), [step]));
    if (!isRight) throw new LifeboatError(`Cannot take what GRUB's installer has made as it must ${rule}: it does not`);
    // Without it a signed one finds nothing.
    if (await exists(`${work}/grub.cfg`)) await takeOver(`${work}/grub.cfg`, program.place.replace(/[^/]+$/, "grub.cfg"));
    await takeOver(made, program.place);
  } finally {
    await removeTree(work);
  }
}

async function takeOver(from: string, to: string): Promise<void> {
  const temporary = temporaryName(to);
  await copyFile(from, temporary);
  await moveIntoPlace(temporary, to);
}

/** Throws LifeboatError where there is no way to make it that the firmware would start. */
async function installOptions(
  { architecture, isSigned, place }: StaleProgram,
  { machine, environment }: Replacing,
): Promise<readonly string[]> {
  const platform = PLATFORMS.get(architecture ?? "");
  if (platform === undefined)
    throw new LifeboatError(`Cannot make GRUB again as its machine must be known: ${architecture ?? "it is not"}`);
  const { unsigned, signed } = familyNamed(machine.system.family).efiGrub;
  if (!isSigned) return unsigned;
  const image = signed === undefined ? undefined : fillTemplate(signed.image, { platform, suffix: architecture });
  const isThere = image !== undefined && (await exists(await insideRoot(environment.root, image)));
  const beside = await listDirectory(place.replace(/\/[^/]+$/, ""));
  const hasShim = beside.some((name) => /^(?:shim|boot).*\.efi$/i.test(name) && !place.endsWith(`/${name}`));
  if (signed !== undefined && isThere && hasShim) return signed.options;
  const state = hasShim
    ? `there is no ${image ?? "signed one for this distribution's installer to put there"}`
    : "no shim that would start it is beside it";
  throw new LifeboatError(`Cannot make GRUB again as what is signed must stay so: ${state}`);
}

async function runInstaller(options: readonly string[], { step, mountPoint, chroot, environment }: Replacing): Promise<void> {
  const installer = await chroot.find(GRUB_INSTALLERS);
  if (installer === undefined) {
    throw new LifeboatError(`Cannot make GRUB again as its installer must be there: neither ${GRUB_INSTALLERS.join(" nor ")} is`);
  }
  await makeDirectory(await insideRoot(environment.root, step.directory));
  const places = [
    `--efi-directory=${mountPoint}`,
    `--boot-directory=${step.directory.replace(/\/[^/]+$/, "")}`,
    `--bootloader-id=${OWN_VENDOR}`,
  ];
  const said = await chroot.run([installer, "--no-nvram", "--recheck", ...places, ...options]);
  environment.note(`${installer} ${mountPoint}: ${said.stdout.trim()} ${said.stderr.trim()}`);
}
