// A step in one line, for the plan, the log and the screen (DESIGN section 7: one of the two exhaustive switches).

import { colonUuid } from "../machine/array-names.ts";
import { isNothing } from "./plan-gone-words.ts";
import { describeParameters } from "./describe-parameters.ts";
import type { Subvolume } from "../machine/file-system-parameters.ts";
import type { VolumeForm } from "../machine/stacked-device.ts";
import { isStackStep, type BootStep, type ConfigurationStep, type FstabChange, type StackStep, type Step } from "./plan.ts";

export function describeStep(step: Step): string {
  if (isStackStep(step)) return describeStackStep(step);
  switch (step.kind) {
    case "wipe":
    case "partition":
    case "make-filesystem":
    case "restore-image":
    case "make-swap":
    case "make-swap-file":
      return describeDeviceStep(step);
    case "mount":
      return `mount ${step.device}${step.fsRoot === "/" ? "" : ` (${step.fsRoot})`} at ${step.path}`;
    case "extract":
      return `extract ${step.paths} paths, ${sizeText(step.streamBytes)}`;
    case "write-fstab":
    case "write-command-line":
    case "write-crypttab":
    case "write-mdadm-conf":
    case "write-lvm-devices":
    case "write-multipath":
    case "write-network":
    case "write-identity":
      return describeConfiguration(step);
    case "check-initramfs":
    case "install-boot-loader":
    case "install-efi-grub":
    case "install-extlinux":
    case "copy-esp":
    case "write-boot-entry":
      return describeBootStep(step);
    case "set-flags":
      return "set inode flags";
    case "check":
      return `read all ${step.paths} paths back from the disks and compare them`;
    case "write-mark":
      return "note in the restored system that it was restored";
    case "unmount":
      return "unmount everything";
  }
}

function describeDeviceStep(
  step: Extract<Step, { kind: "wipe" | "partition" | "make-filesystem" | "restore-image" | "make-swap" | "make-swap-file" }>,
): string {
  switch (step.kind) {
    case "wipe":
      return `wipe ${step.disk.path}: clear its old signatures`;
    case "partition":
      return `partition ${step.disk.path}: ${step.table.kind.toUpperCase()} with ${step.table.partitions.length} partitions`;
    case "make-filesystem":
      return describeFileSystem(step);
    case "restore-image":
      return `write the image of ${step.image.device} onto ${step.device} (${step.image.method}): ${sizeText(step.image.sizeBytes)}`;
    case "make-swap":
      return `make swap on ${step.device}${step.uuid === undefined ? "" : `: UUID ${step.uuid}`}`;
    case "make-swap-file":
      return `make the swap file ${step.path}: ${sizeText(step.sizeBytes)}`;
  }
}

function describeBootStep(step: BootStep): string {
  switch (step.kind) {
    case "check-initramfs":
      return describeInitramfs(step);
    case "install-boot-loader":
      return `install GRUB on ${step.disks.map(({ path }) => path).join(", ")}`;
    case "install-efi-grub":
      return `see that GRUB in ${step.mountPoints.join(", ")} does not look for its files on ${step.gone.join(", ")}, and make it again where it does (a signed one is only replaced by the distribution's own)`;
    case "write-boot-entry":
      return `write the firmware's boot entry "${step.label}": ${step.loaderPath} on ${step.disk.path}, partition ${step.partition}`;
    case "install-extlinux":
      return `install extlinux in ${step.directory}, and its boot code on ${step.disk.path}`;
    case "copy-esp":
      return `copy the EFI system partition at ${step.mountPoint} to its twin on ${step.device}`;
  }
}

function describeInitramfs({ drivers, copies, gone }: Extract<Step, { kind: "check-initramfs" }>): string {
  const must = [
    ...(drivers.length === 0 ? [] : [`can start from ${drivers.join(", ")}`]),
    ...(isNothing(gone) ? [] : ["waits for nothing that is not made again"]),
  ];
  const stale = copies.length === 0 ? undefined : `its copy of ${copies.map(({ what }) => what).join(", ")} is out of date`;
  if (must.length === 0) return `make the initramfs again when ${stale}`;
  const otherwise = must.length > 1 ? "it is not so" : drivers.length === 0 ? "it does" : "it cannot";
  return `see that the initramfs ${must.join(" and ")}, and make it again when ${otherwise}${stale === undefined ? "" : `, or when ${stale}`}`;
}

function describeConfiguration(step: ConfigurationStep): string {
  switch (step.kind) {
    case "write-fstab":
      return `change /etc/fstab: ${step.changes.map(describeFstabChange).join(", ")}`;
    case "write-command-line":
      return `see that the boot loader's configuration ${describeCommandLine(step)}`;
    case "write-network":
      return `give the names of the machine's network cards to those that are here: ${step.changes.map(({ name, toMac }) => `${name} is ${toMac}`).join(", ")}`;
    case "write-crypttab":
      return `see that /etc/crypttab ${[
        ...(step.volumes.length === 0 ? [] : [`names ${step.volumes.map(({ name }) => name).join(", ")} by their UUIDs`]),
        ...(step.unmade.length === 0 ? [] : [`no longer waits for ${step.unmade.join(", ")}`]),
      ].join(", and ")}`;
    case "write-mdadm-conf":
      return `see that mdadm.conf names ${[
        ...(step.gone.length === 0 ? [] : [`no array that is no longer made: ${step.gone.map(({ id }) => id).join(", ")}`]),
        ...(step.moved.length === 0 ? [] : [`the devices that ${step.moved.map(({ id }) => id).join(", ")} is on, or none`]),
      ].join(", and ")}`;
    case "write-lvm-devices":
      return `write LVM's list of devices, ${step.file}, again${step.groups.length === 0 ? "" : `, for ${step.groups.map(({ group }) => group.id).join(", ")}`}`;
    case "write-multipath":
      return `see that multipath's files know ${step.changes.map(({ from, to }) => `${to} in the place of ${from}`).join(", ")}`;
    case "write-identity":
      return `make the machine another one, called ${step.hostName}: machine-id, SSH host keys`;
  }
}

function describeCommandLine({ changes, gone, arrays }: Extract<Step, { kind: "write-command-line" }>): string {
  const waited = [
    ...gone.arrays.map((uuid) => `array ${colonUuid(uuid)}`),
    ...gone.volumes.map((name) => `volume ${name}`),
    ...gone.containers.map((uuid) => `LUKS volume ${uuid}`),
    ...gone.swaps.map((name) => `swap ${name}`),
  ];
  const now = changes.every(({ to }) => /UUID=/.test(to)) ? "UUIDs" : "UUIDs or today's names";
  const parts = [
    ...(changes.length === 0
      ? []
      : [`names none of ${changes.map(({ from }) => from).join(", ")}, and put ${now} in their place where it does`]),
    ...(waited.length === 0 ? [] : [`lets no kernel wait for what is not made: ${waited.join(", ")}`]),
    ...(arrays.length === 0
      ? []
      : [`looks for GRUB's files by the UUID of their file system, not on ${arrays.map(({ id }) => id).join(", ")}`]),
  ];
  return parts.join("; that it ");
}

function describeFstabChange({ path, from, to, as }: FstabChange): string {
  if (to === undefined) return `${from} is taken out`;
  return as === undefined ? `${from} becomes ${to}` : `${path} becomes ${as.type}`;
}

function describeStackStep(step: StackStep): string {
  switch (step.kind) {
    case "wipe-device":
      return `clear old signatures of ${step.device}`;
    case "open-device":
      return `open ${describeStacked(step.stacked)}, which stays`;
    case "create-array":
      return `create array ${step.device}: ${step.array.level} of ${[...step.members, ...step.spares].join(", ")}`;
    case "create-luks":
      return `encrypt ${step.device} with LUKS, and open it as ${step.luks.id}`;
    case "restore-luks-header":
      return `put the LUKS header of ${step.luks.id} from the set onto ${step.device}, and open it with its old passphrase`;
    case "create-volume-group":
      return `create volume group ${step.group.id} on ${step.devices.join(", ")}`;
    case "create-logical-volume":
      return `create logical volume ${step.volume.id}: ${sizeText(step.volume.sizeBytes)}${describeForm(step.volume.form)}`;
    case "keep-volume-ids":
      return `give volume group ${step.group.id} and its volumes the UUIDs that they had`;
    case "make-subvolumes":
      return `make ${step.subvolumes.length} subvolumes on ${step.device}: ${step.subvolumes.map(describeSubvolume).join(", ")}`;
  }
}

function describeSubvolume({ path, isReadOnly }: Subvolume): string {
  return isReadOnly ? `${path} (read-only in the end)` : path;
}

function describeStacked(stacked: Extract<Step, { kind: "open-device" }>["stacked"]): string {
  switch (stacked.kind) {
    case "array":
      return `array ${stacked.id}`;
    case "luks":
      return `LUKS volume ${stacked.id}`;
    case "volume-group":
      return `volume group ${stacked.id}`;
  }
}

function describeFileSystem({ devices, fileSystem }: Extract<Step, { kind: "make-filesystem" }>): string {
  const sizeBytes = devices.reduce((total, device) => total + device.sizeBytes, 0);
  const names = devices.map(({ path }) => path).join(", ");
  return `make ${fileSystem.type} on ${names}: ${sizeText(sizeBytes)}${describeParameters(fileSystem)}`;
}

function describeForm(form: VolumeForm): string {
  switch (form.type) {
    case "segments":
      return form.segments.some(({ stripes }) => stripes > 1) ? ", striped" : "";
    case "raid":
      return `, ${form.level}`;
    case "thin-pool":
      return ", a thin pool";
    case "thin":
      return `, thin in ${form.pool}`;
    case "other":
      return `, ${form.word}`;
  }
}

export function sizeText(bytes: number): string {
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(0)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
