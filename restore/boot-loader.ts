// Makes the restored machine start: GRUB on BIOS disks, the firmware's entry and the removable path on UEFI.

import { run } from "#os/exec";
import { LifeboatError } from "#os/error";
import { copyFile, exists, listDirectory, makeDirectory } from "#os/files";
import { parseEfibootmgr } from "../machine/parse-efibootmgr.ts";
import type { Chroot } from "./chroot.ts";
import type { RestoreEnvironment } from "./engine.ts";
import type { Step } from "./plan.ts";

type InstallStep = Extract<Step, { kind: "install-boot-loader" }>;
type EntryStep = Extract<Step, { kind: "write-boot-entry" }>;

const GRUB_INSTALLERS = ["grub-install", "grub2-install"];

/** The machine's own GRUB installs itself. Returns the directory that it writes to. */
export async function installGrub(step: InstallStep, chroot: Chroot, { note }: RestoreEnvironment): Promise<string> {
  const installer = await chroot.find(GRUB_INSTALLERS);
  if (installer === undefined) {
    throw new LifeboatError(
      `Cannot install GRUB as the restored machine must have its installer: neither ${GRUB_INSTALLERS.join(" nor ")} is in it`,
      {
        exitCode: 4,
      },
    );
  }
  for (const disk of step.disks) {
    const bootDirectory = step.directory.replace(/\/[^/]+$/, "");
    const said = await chroot.run([installer, "--target=i386-pc", "--recheck", `--boot-directory=${bootDirectory}`, disk.path]);
    note(`${installer} ${disk.path}: ${said.stdout.trim()} ${said.stderr.trim()}`);
  }
  return step.directory;
}

const EFIVARS = "/sys/firmware/efi/efivars";

/** Returns what it has added to the EFI system partition. A firmware that takes no entry is told about, and starts by the removable path. */
export async function writeBootEntry(step: EntryStep, environment: RestoreEnvironment): Promise<readonly string[]> {
  const added = await fillRemovablePath(step, environment.root);
  try {
    await addEntry(step, environment);
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    environment.say(`lifeboat: the firmware took no boot entry (${error.message}); it will start ${REMOVABLE_LOADER}`);
  }
  return added;
}

async function addEntry({ disk, partition, partitionUuid, label, loaderPath }: EntryStep, { say }: RestoreEnvironment): Promise<void> {
  if ((await listDirectory(EFIVARS)).length === 0) await run(["mount", "-t", "efivarfs", "efivarfs", EFIVARS]);
  const { entries } = parseEfibootmgr((await run(["efibootmgr", "-v"])).stdout);
  const isSame = (path: string | undefined) => path?.toLowerCase() === loaderPath.toLowerCase();
  const stale = entries.filter((entry) => isSame(entry.loaderPath) && entry.partitionUuid === partitionUuid);
  for (const { number } of stale) await run(["efibootmgr", "--quiet", "--bootnum", number, "--delete-bootnum"]);
  await run(["efibootmgr", "--quiet", "--create", "--disk", disk.path, "--part", `${partition}`, "--label", label, "--loader", loaderPath]);
  say(`lifeboat: firmware boot entry "${label}" written`);
}

const REMOVABLE_LOADER = "EFI/BOOT/BOOTX64.EFI";

/** Firmware that has forgotten its entries starts this one; what was there is kept (UEFI 2.10, section 3.5.1.1). */
async function fillRemovablePath({ loaderPath, mountPoint }: EntryStep, root: string): Promise<readonly string[]> {
  const target = `${mountPoint}/${REMOVABLE_LOADER}`;
  if (await exists(`${root}${target}`)) return [];
  const loader = loaderPath.replace(/\\/g, "/");
  const directory = loader.replace(/\/[^/]+$/, "");
  await makeDirectory(`${root}${mountPoint}/EFI/BOOT`);
  await copyFile(`${root}${mountPoint}${loader}`, `${root}${target}`);
  const added = [target];
  // shim looks for its second stage beside itself.
  for (const name of ["grubx64.efi", "mmx64.efi"]) {
    const source = `${root}${mountPoint}${directory}/${name}`;
    if (!(await exists(source))) continue;
    await copyFile(source, `${root}${mountPoint}/EFI/BOOT/${name}`);
    added.push(`${mountPoint}/EFI/BOOT/${name}`);
  }
  return added;
}
