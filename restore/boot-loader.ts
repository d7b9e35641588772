// Makes the restored machine start: GRUB on BIOS disks, the firmware's entry and the removable path on UEFI.

import { run } from "#os/exec";
import { LifeboatError } from "#os/error";
import { copyFile, exists, linkInfo, listDirectory, makeDirectory, walk } from "#os/files";
import { GRUB_INSTALLERS } from "../machine/distributions.ts";
import { parseEfibootmgr } from "../machine/parse-efibootmgr.ts";
import { mountBriefly } from "./brief-mount.ts";
import type { Chroot } from "./chroot.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { insideRoot, pathInMachine } from "../machine/inside-root.ts";
import type { Step } from "./plan.ts";

type InstallStep = Extract<Step, { kind: "install-boot-loader" }>;
type EntryStep = Extract<Step, { kind: "write-boot-entry" }>;

/** The machine's own GRUB installs itself. Returns the files that it has written, made or taken away, by their own names in the machine. */
export async function installGrub(
  step: InstallStep,
  chroot: Chroot,
  { root, note }: Pick<RestoreEnvironment, "root" | "note">,
): Promise<readonly string[]> {
  const installer = await chroot.find(GRUB_INSTALLERS);
  if (installer === undefined) {
    throw new LifeboatError(
      `Cannot install GRUB as the restored machine must have its installer: neither ${GRUB_INSTALLERS.join(" nor ")} is in it`,
      {
        exitCode: 4,
      },
    );
  }
  const place = await insideRoot(root, step.directory);
  const before = await filesBelow(place);
  for (const disk of step.disks) {
    const bootDirectory = step.directory.replace(/\/[^/]+$/, "");
    const said = await chroot.run([installer, "--target=i386-pc", "--recheck", `--boot-directory=${bootDirectory}`, disk.path]);
    note(`${installer} ${disk.path}: ${said.stdout.trim()} ${said.stderr.trim()}`);
  }
  return changedBelow(before, await filesBelow(place)).map((path) => pathInMachine(root, `${place}/${path}`));
}

/** Written, made or taken away, sorted. */
export function changedBelow(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): readonly string[] {
  return [...new Set([...before.keys(), ...now.keys()])].filter((path) => before.get(path) !== now.get(path)).sort();
}

/** Stamps of files, by their paths below the directory. */
export async function filesBelow(directory: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  if (!(await exists(directory))) return found;
  for (const { path, type } of await walk(directory)) {
    const stamp = type === "directory" ? undefined : await stampOf(`${directory}/${path}`);
    if (stamp !== undefined) found.set(path, stamp);
  }
  return found;
}

/** Another one for a file that was written since; undefined when it is not there. */
export async function stampOf(path: string): Promise<string | undefined> {
  const info = await linkInfo(path);
  return info === undefined ? undefined : `${info.inode} ${info.mtimeNs} ${info.sizeBytes}`;
}

const EFIVARS = "/sys/firmware/efi/efivars";

/**
 * Returns what it has added to the EFI system partition. What firmware or files do not allow is said, and does not stop the restore: there
 * are two ways to start, and each may do alone.
 */
export async function writeBootEntry(step: EntryStep, environment: BootEnvironment, efivars = EFIVARS): Promise<readonly string[]> {
  const { say, root } = environment;
  const { mountPoint } = step;
  const added = await orSay(
    (message) => say(`lifeboat: the removable path was not filled: ${message}`),
    async () => (mountPoint === undefined ? [] : fillRemovablePath(step.loaderPath, mountPoint, root)),
  );
  await orSay(
    (message) => say(`lifeboat: the firmware took no boot entry (${message}); it will start ${REMOVABLE_LOADER}`),
    () => addEntry(step, environment, efivars),
  );
  return added ?? [];
}

type BootEnvironment = Pick<RestoreEnvironment, "root" | "say">;

async function orSay<T>(say: (message: string) => void, action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    say(error.message);
    return undefined;
  }
}

async function addEntry(step: EntryStep, { say }: BootEnvironment, efivars: string): Promise<void> {
  const { disk, partition, partitionUuid, label, loaderPath } = step;
  if ((await listDirectory(efivars)).length === 0) await run(["mount", "-t", "efivarfs", "efivarfs", efivars]);
  const { entries } = parseEfibootmgr((await run(["efibootmgr", "-v"])).stdout);
  const isSame = (path: string | undefined) => path?.toLowerCase() === loaderPath.toLowerCase();
  const stale = entries.filter((entry) => isSame(entry.loaderPath) && entry.partitionUuid === partitionUuid);
  for (const { number } of stale) await run(["efibootmgr", "--quiet", "--bootnum", number, "--delete-bootnum"]);
  await run(["efibootmgr", "--quiet", "--create", "--disk", disk.path, "--part", `${partition}`, "--label", label, "--loader", loaderPath]);
  say(`lifeboat: firmware boot entry "${label}" written`);
}

const REMOVABLE_LOADER = "EFI/BOOT/BOOTX64.EFI";

/** Firmware that has forgotten its entries starts this one; what was there is kept (UEFI 2.10, section 3.5.1.1). */
async function fillRemovablePath(loaderPath: string, mountPoint: string, root: string): Promise<readonly string[]> {
  const partition = await insideRoot(root, mountPoint);
  if (await exists(`${partition}/${REMOVABLE_LOADER}`)) return [];
  const loader = loaderPath.replace(/\\/g, "/");
  const directory = loader.replace(/\/[^/]+$/, "");
  const made = (await exists(`${partition}/EFI/BOOT`)) ? [] : ["EFI/BOOT"];
  await makeDirectory(`${partition}/EFI/BOOT`);
  await copyFile(`${partition}${loader}`, `${partition}/${REMOVABLE_LOADER}`);
  const added = [...made, REMOVABLE_LOADER];
  // shim looks for its second stage beside itself.
  for (const name of ["grubx64.efi", "mmx64.efi"]) {
    const [source, target] = [`${partition}${directory}/${name}`, `${partition}/EFI/BOOT/${name}`];
    if (!(await exists(source)) || (await exists(target))) continue;
    await copyFile(source, target);
    added.push(`EFI/BOOT/${name}`);
  }
  return added.map((path) => pathInMachine(root, `${partition}/${path}`));
}

/** A copy that fails leaves a machine that starts from its first disk: that is said, and the restore goes on. */
export async function copyEsp({ device, mountPoint }: Extract<Step, { kind: "copy-esp" }>, { root, say }: BootEnvironment): Promise<void> {
  await orSay(
    (message) => say(`lifeboat: ${device} did not get what is in ${mountPoint}: ${message}`),
    async () => {
      const source = await insideRoot(root, mountPoint);
      await using place = await mountBriefly(device, "vfat");
      await run(["cp", "-r", `${source}/.`, place.path]);
    },
  );
}
