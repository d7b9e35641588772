// Makes arrays, LUKS, LVM and subvolumes, and lets go of them when the restore is done.

import { LifeboatError } from "#os/error";
import { run, type Command } from "#os/exec";
import { makeDirectory, makeTemporaryDirectory, readText, writeFile } from "#os/files";
import { mountBriefly } from "./brief-mount.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { withHeaderFile } from "./luks-header.ts";
import {
  arrayCommand,
  closeCommand,
  groupCommands,
  headerCommands,
  idCommands,
  luksCommands,
  openCommand,
  openLuksCommand,
  volumeCommands,
} from "./stack-commands.ts";
import type { Plan, StackStep, Step } from "./plan.ts";
import { subvolumeOption } from "./subvolumes.ts";
import { withVolumeIds } from "./volume-ids.ts";

type MakeSubvolumes = Extract<StackStep, { readonly kind: "make-subvolumes" }>;

/** There is no udev: what it would make, libdevmapper and mdadm make themselves. */
export const WITHOUT_UDEV = { DM_DISABLE_UDEV: "1", MDADM_NO_UDEV: "1", LVM_SUPPRESS_FD_WARNINGS: "1" };

/** Throws LifeboatError. */
export async function runStackStep(step: StackStep, environment: Pick<RestoreEnvironment, "passphrases" | "luksHeaders">): Promise<void> {
  const { passphrases } = environment;
  switch (step.kind) {
    case "wipe-device":
      return runAll([["wipefs", "--all", "--force", "--quiet", step.device]]);
    case "open-device":
      return runAll([openCommand(step)], passphrases?.get(step.stacked.id));
    case "create-array":
      return runAll([arrayCommand(step)]);
    case "create-luks": {
      const passphrase = passphrases?.get(step.luks.id);
      if (passphrase !== undefined) return runAll(luksCommands(step), passphrase);
      throw new LifeboatError(`Cannot encrypt ${step.device} as "${step.luks.id}" must have a passphrase: none was given`);
    }
    case "restore-luks-header":
      return restoreHeader(step, environment);
    case "create-volume-group":
      return runAll(groupCommands(step));
    case "create-logical-volume":
      return runAll(volumeCommands(step));
    case "keep-volume-ids":
      return keepVolumeIds(step);
    case "make-subvolumes":
      return makeSubvolumes(step);
  }
}

async function keepVolumeIds(step: Extract<StackStep, { readonly kind: "keep-volume-ids" }>): Promise<void> {
  await using directory = await makeTemporaryDirectory("lifeboat-lvm-");
  const file = `${directory.path}/metadata`;
  const { before, after } = idCommands(step, file);
  await runAll(before);
  await writeFile(file, withVolumeIds(await readText(file), step.group, step.volumes), 0o600);
  await runAll(after);
}

async function restoreHeader(
  { device, luks }: Extract<StackStep, { readonly kind: "restore-luks-header" }>,
  { passphrases, luksHeaders }: Pick<RestoreEnvironment, "passphrases" | "luksHeaders">,
): Promise<void> {
  const [header, passphrase] = [luksHeaders?.get(luks.id), passphrases?.get(luks.id)];
  if (header === undefined || passphrase === undefined) {
    throw new LifeboatError(`Cannot open ${device} as "${luks.id}" must have its header and a passphrase: one of them was not given`);
  }
  await withHeaderFile(header, (file) => runAll(headerCommands(device, file)));
  await runAll([openLuksCommand(device, luks.id)], passphrase);
}

async function runAll(commands: readonly Command[], input?: Uint8Array): Promise<void> {
  for (const command of commands) await run(command, { env: WITHOUT_UDEV, ...(input === undefined ? {} : { input }) });
}

async function makeSubvolumes({ device, subvolumes, defaultSubvolume }: MakeSubvolumes): Promise<void> {
  await using place = await mountBriefly(device, "btrfs", [subvolumeOption("/")]);
  for (const { path } of subvolumes) {
    const where = `${place.path}/${path}`;
    // One that is inside of a snapshot, which is not made again, or below a directory.
    await makeDirectory(where.replace(/\/[^/]+$/, ""));
    await run(["btrfs", "subvolume", "create", where]);
  }
  if (defaultSubvolume !== "") await run(["btrfs", "subvolume", "set-default", `${place.path}/${defaultSubvolume}`]);
}

/** Those that were read-only are so again, when nothing more is written. Nothing may be mounted. */
export async function sealSubvolumes({ steps }: Plan): Promise<void> {
  for (const step of steps) {
    if (step.kind !== "make-subvolumes") continue;
    const sealed = step.subvolumes.filter(({ isReadOnly }) => isReadOnly);
    if (sealed.length === 0) continue;
    await using place = await mountBriefly(step.device, "btrfs", [subvolumeOption("/")]);
    for (const { path } of sealed) await run(["btrfs", "property", "set", "-t", "subvol", `${place.path}/${path}`, "ro", "true"]);
  }
}

/** Last made, first closed. What is not there needs no closing; what cannot be closed is closed by the reboot. */
export async function closeStack({ steps }: Plan, { note }: Pick<RestoreEnvironment, "note">): Promise<void> {
  for (const step of [...steps].reverse()) {
    const command = closeCommandOf(step);
    if (command === undefined) continue;
    await run(command, { env: WITHOUT_UDEV }).catch((error: Error) => note(`${command.join(" ")}: ${error.message}`));
  }
}

function closeCommandOf(step: Step) {
  if (step.kind === "open-device") return closeCommand(step.stacked, step.device, step.on);
  if (step.kind === "create-array") return closeCommand(step.array, step.device, step.members);
  if (step.kind === "create-luks" || step.kind === "restore-luks-header") return closeCommand(step.luks, step.device, [step.device]);
  return step.kind === "create-volume-group" ? closeCommand(step.group, "", step.devices) : undefined;
}
