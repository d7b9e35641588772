// Does one step (DESIGN section 7: the other of the two exhaustive switches). Each can be done again from its start.

import { run } from "#os/exec";
import { LifeboatError } from "#os/error";
import { changeMode, exists, makeDirectory } from "#os/files";
import type { Machine } from "../machine/model.ts";
import { copyEsp, installGrub, writeBootEntry } from "./boot-loader.ts";
import { openChroot } from "./chroot.ts";
import { installEfiGrub } from "./efi-grub.ts";
import { HEAD_BYTES } from "./disk-contents.ts";
import { changedCrypttab } from "./crypttab.ts";
import type { Mended, RestoreEnvironment } from "./engine.ts";
import { insideRoot, pathInMachine } from "../machine/inside-root.ts";
import { originalsOf, type Originals } from "./keep-original.ts";
import { writeLatin1 } from "./latin1-files.ts";
import { installExtlinux } from "./extlinux.ts";
import { checkInitramfs } from "./make-initramfs.ts";
import { mkfsCommands, mkswapCommand } from "./mkfs-command.ts";
import { partitionScript } from "./partition-script.ts";
import { changedFstab } from "./plan-fstab.ts";
import {
  partitionPath,
  type BootStep,
  type ConfigurationStep,
  type InitramfsCopy,
  type StackStep,
  type Step,
  type TargetDisk,
} from "./plan.ts";
import { subvolumeOption } from "./subvolumes.ts";
import { writeCommandLine } from "./write-command-line.ts";
import { writeIdentity } from "./write-identity.ts";
import { writeLvmDevices } from "./write-lvm-devices.ts";
import { writeMultipathFiles } from "./multipath-files.ts";
import { writeMdadmConf } from "./write-mdadm-conf.ts";
import { writeNetwork } from "./write-network.ts";

/** Without those that work on the data, which are the engine's own business. */
export type LayoutStep = Exclude<
  Step,
  StackStep | { kind: "restore-image" | "extract" | "set-flags" | "check" | "write-mark" | "unmount" }
>;

/** A file that Lifeboat itself has changed in the restored machine, by its own name there. */
export interface OwnChange {
  readonly path: string;
  readonly why: string;
  /** What of it is wrong, and could not be made right. */
  readonly remains?: string;
}

export interface StepContext {
  readonly setId: string;
  readonly machine: Machine;
  readonly environment: RestoreEnvironment;
  /** What steps of each kind have changed, by its own name in the machine. */
  readonly changed: ReadonlyMap<Step["kind"], readonly string[]>;
  /** Of what a person should know when all is done, though the restore goes on. */
  remark(line: string): void;
}

/** Returns what it has changed among the restored files. Throws LifeboatError. */
export async function runStep(step: LayoutStep, context: StepContext): Promise<readonly OwnChange[]> {
  const { root } = context.environment;
  switch (step.kind) {
    case "wipe":
      await wipe(step);
      return [];
    case "partition":
      await partition(step);
      return [];
    case "make-filesystem":
      await makeFileSystem(step);
      return [];
    case "make-swap":
      await run(mkswapCommand(step.device, step));
      return [];
    case "mount":
      await mountStep(step, root);
      return [];
    case "make-swap-file":
      return because("the swap file was made again", [await makeSwapFile(step, root)]);
    case "write-fstab":
    case "write-command-line":
    case "write-crypttab":
    case "write-mdadm-conf":
    case "write-lvm-devices":
    case "write-multipath":
    case "write-network":
    case "write-identity":
      return writeConfiguration(step, context);
    case "check-initramfs":
    case "install-boot-loader":
    case "install-efi-grub":
    case "install-extlinux":
    case "copy-esp":
    case "write-boot-entry":
      return runBootStep(step, context);
  }
}

async function runBootStep(step: BootStep, { machine, environment, changed: before, remark }: StepContext): Promise<readonly OwnChange[]> {
  const { root } = environment;
  switch (step.kind) {
    case "check-initramfs": {
      await using chroot = await openChroot(root);
      const stale = step.copies.filter(({ changedBy }) => isOutOfDate(changedBy, before)).map(({ what }) => what);
      const { drivers, gone } = step;
      const outcome = await checkInitramfs({ machine, drivers, stale, gone, chroot }, { ...environment, remark });
      return withRemaining("the initramfs was made again for what is here now", outcome);
    }
    case "install-boot-loader": {
      await using chroot = await openChroot(root);
      return because("GRUB was installed again", await installGrub(step, chroot, environment));
    }
    case "install-efi-grub": {
      await using chroot = await openChroot(root);
      const outcome = await installEfiGrub({ step, machine, chroot }, environment);
      return withRemaining("GRUB was made again, as its files are elsewhere", outcome);
    }
    case "install-extlinux": {
      await using chroot = await openChroot(root);
      return because("extlinux was installed again", await installExtlinux(step, chroot, root));
    }
    case "copy-esp":
      await copyEsp(step, environment);
      return [];
    case "write-boot-entry":
      return because("the removable path got a loader", await writeBootEntry(step, environment));
  }
}

function isOutOfDate(changedBy: InitramfsCopy["changedBy"], changed: StepContext["changed"]): boolean {
  if (changedBy === undefined) return true;
  const paths = changed.get(changedBy.step) ?? [];
  return changedBy.file === undefined ? paths.length > 0 : paths.includes(changedBy.file);
}

async function writeConfiguration(step: ConfigurationStep, { setId, environment, remark }: StepContext): Promise<readonly OwnChange[]> {
  const originals = originalsOf(setId);
  switch (step.kind) {
    case "write-fstab":
      return writeFstab(step, environment, originals);
    case "write-command-line":
      return because("names of devices were changed for the kernel", await writeCommandLine(step, environment, originals));
    case "write-crypttab":
      return writeCrypttab(step, environment.root, originals);
    case "write-mdadm-conf":
      return because("arrays or devices that are no longer there left it", await writeMdadmConf(step, environment.root, originals));
    case "write-lvm-devices":
      return writeLvmDevices(step, { root: environment.root, originals, remark });
    case "write-multipath":
      return because("other disks took the place of multipath's", await writeMultipathFiles(step, environment.root, originals));
    case "write-network":
      return because("other network cards took the place of the machine's", await writeNetwork(step, environment.root, originals));
    case "write-identity": {
      const { root, say } = environment;
      await using chroot = await openChroot(root);
      return because("the machine became another one", await writeIdentity(step, { root, chroot, say }));
    }
  }
}

function because(why: string, paths: readonly string[]): readonly OwnChange[] {
  return paths.map((path) => ({ path, why }));
}

function withRemaining(why: string, { changed, remaining }: Mended): readonly OwnChange[] {
  return [...because(why, changed), ...remaining.map(({ path, state }) => ({ path, why, remains: state }))];
}

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }>;

/** Partitions first: what is on them would be found again when the new table puts partitions in the same places. */
async function wipe({ disk }: Of<"wipe">): Promise<void> {
  const listed = (await run(["lsblk", "--noheadings", "--raw", "--output", "PATH,TYPE", disk.path])).stdout;
  const devices = listed.split("\n").flatMap((line) => /^(\S+) (?:disk|part|loop)$/.exec(line)?.[1] ?? []);
  // What else stands on it, such as an array, may have its other half on a disk that is kept.
  const active = listed.split("\n").filter((line) => line !== "" && !/ (?:disk|part|loop)$/.test(line));
  if (active.length > 0) throw new LifeboatError(`Cannot wipe ${disk.path} as nothing may be active on it: ${active.join(", ")}`);
  for (const device of devices.reverse()) await run(["wipefs", "--all", "--force", "--quiet", device]);
  // Boot code and what no tool has a signature of: a restore that is broken off here finds a blank disk.
  const count = WIPED_BYTES / disk.logicalSectorBytes;
  await makeZero(disk, 0, count);
  await makeZero(disk, Math.floor(disk.sizeBytes / disk.logicalSectorBytes) - count, count);
  await settle(disk.path);
}

async function makeZero({ path, logicalSectorBytes }: TargetDisk, startSector: number, sectors: number): Promise<void> {
  const places = [`bs=${logicalSectorBytes}`, `count=${sectors}`, `seek=${startSector}`];
  await run(["dd", "if=/dev/zero", `of=${path}`, ...places, "conv=fsync,notrunc"]);
}

/** At each end. */
const WIPED_BYTES = 1024 * 1024;

async function partition({ disk, table }: Of<"partition">): Promise<void> {
  const command = ["sfdisk", "--quiet", "--wipe", "always", "--wipe-partitions", "always", disk.path] as const;
  await run(command, { input: partitionScript(disk, table) });
  const headSectors = HEAD_BYTES / disk.logicalSectorBytes;
  for (const { startSector, sizeSectors } of table.partitions.filter(({ role }) => role !== "extended")) {
    await makeZero(disk, startSector, Math.min(headSectors, sizeSectors));
  }
  await settle(disk.path);
  const missing: string[] = [];
  for (const { number } of table.partitions) {
    const path = partitionPath(disk, number);
    if (!(await exists(path))) missing.push(path);
  }
  if (missing.length === 0) return;
  throw new LifeboatError(`Cannot partition ${disk.path} as the kernel must show its partitions: ${missing.join(", ")} did not appear`, {
    exitCode: 4,
  });
}

async function makeFileSystem({ devices, fileSystem }: Of<"make-filesystem">): Promise<void> {
  const paths = devices.map(({ path }) => path);
  for (const command of mkfsCommands(paths, fileSystem)) await run(command);
  // The kernel mounts the first one and must know of the others.
  if (paths.length > 1) await run(["btrfs", "device", "scan", ...paths]);
}

/** The kernel reads the table again; there is no udev to wait for. */
async function settle(path: string): Promise<void> {
  await run(["blockdev", "--flushbufs", path], { okCodes: [0, 1] });
  await run(["blockdev", "--rereadpt", path], { okCodes: [0, 1] });
}

/** FAT has no owners and modes of its own: the options that stand for them are needed for files to read as they did. */
const FAT_OPTIONS = /^(?:uid|gid|umask|fmask|dmask|codepage|iocharset|shortname|utf8|tz|time_offset)(?:=|$)/;

export async function mountStep(step: Of<"mount">, root: string, mode: "ro" | "rw" = "rw"): Promise<void> {
  const { device, type } = step;
  const place = placeOf(step, root);
  await makeDirectory(place);
  await run(["mount", "-t", type, "-o", [mode, ...mountOptions(step)].join(","), device, place]);
}

/** Where it is mounted here. */
export function placeOf({ path }: Pick<Of<"mount">, "path">, root: string): string {
  return path === "/" ? root : `${root}${path}`;
}

/** How files are stored; what keeps btrfs from storing them so is no option of a file. */
const BTRFS_OPTIONS = /^(?:compress(?:-force)?|nodatacow|nodatasum)(?:=|$)/;

function mountOptions({ type, options, fsRoot }: Of<"mount">): readonly string[] {
  if (type === "vfat") return ["quiet", ...options.filter((option) => FAT_OPTIONS.test(option))];
  if (type !== "btrfs") return ["noatime"];
  return ["noatime", subvolumeOption(fsRoot), ...options.filter((option) => BTRFS_OPTIONS.test(option))];
}

/** Damage may have cost it. */
async function writeFstab(
  { changes }: Of<"write-fstab">,
  { root, say }: RestoreEnvironment,
  originals: Originals,
): Promise<readonly OwnChange[]> {
  const place = await insideRoot(root, "/etc/fstab");
  if (!(await exists(place))) {
    say("lifeboat: there is no /etc/fstab: names of devices were not changed in it");
    return [];
  }
  const text = await originals.read(place);
  const original = await originals.keep(place);
  await writeLatin1(place, changedFstab(text, changes));
  return rewritten(root, [place, original]);
}

async function writeCrypttab(step: Of<"write-crypttab">, root: string, originals: Originals): Promise<readonly OwnChange[]> {
  const place = await insideRoot(root, "/etc/crypttab");
  if (!(await exists(place))) return [];
  return rewritten(root, await originals.change(place, (text) => changedCrypttab(text, step)));
}

function rewritten(root: string, places: readonly string[]): readonly OwnChange[] {
  const [place, original] = places.map((one) => pathInMachine(root, one));
  if (place === undefined || original === undefined) return [];
  return [
    { path: place, why: "names of devices were changed" },
    { path: original, why: `what ${place} was` },
  ];
}

/** No holes: swapon refuses a file that has any (swapon(8)). */
async function makeSwapFile({ path, sizeBytes, uuid, label }: Of<"make-swap-file">, root: string): Promise<string> {
  const place = await insideRoot(root, path);
  const allocated = await run(["fallocate", "--length", `${sizeBytes}`, place]).catch(() => undefined);
  if (allocated === undefined) {
    const mebibytes = Math.ceil(sizeBytes / 2 ** 20);
    await run(["dd", "if=/dev/zero", `of=${place}`, "bs=1048576", `count=${mebibytes}`]);
  }
  await changeMode(place, 0o600);
  await run(mkswapCommand(place, { uuid, label }));
  return pathInMachine(root, place);
}
