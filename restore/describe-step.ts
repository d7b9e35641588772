// A step in one line, for the plan, the log and the screen (DESIGN section 7: one of the two exhaustive switches).

import { describeParameters } from "./describe-parameters.ts";
import type { Step } from "./plan.ts";

export function describeStep(step: Step): string {
  switch (step.kind) {
    case "wipe":
      return `wipe ${step.disk.path}: clear its old signatures`;
    case "partition":
      return `partition ${step.disk.path}: ${step.table.kind.toUpperCase()} with ${step.table.partitions.length} partitions`;
    case "make-filesystem":
      return `make ${step.fileSystem.type} on ${step.device}: ${gibibytes(step.sizeBytes)}${describeParameters(step.fileSystem)}`;
    case "make-swap":
      return `make swap on ${step.device}${step.uuid === undefined ? "" : `: UUID ${step.uuid}`}`;
    case "mount":
      return `mount ${step.device} at ${step.path}`;
    case "extract":
      return `extract ${step.paths} paths, ${gibibytes(step.streamBytes)}`;
    case "make-swap-file":
      return `make the swap file ${step.path}: ${gibibytes(step.sizeBytes)}`;
    case "write-fstab":
      return `change /etc/fstab: ${step.changes.map(({ from, to }) => `${from} becomes ${to}`).join(", ")}`;
    case "write-command-line":
      return `see that the boot loader's configuration names none of ${step.changes.map(({ from }) => from).join(", ")}, and put UUIDs in their place where it does`;
    case "check-initramfs":
      return `see that the initramfs can start from ${step.drivers.join(", ")}, and make it again when it cannot`;
    case "install-boot-loader":
      return `install GRUB on ${step.disks.map(({ path }) => path).join(", ")}`;
    case "write-boot-entry":
      return `write the firmware's boot entry "${step.label}": ${step.loaderPath} on ${step.disk.path}, partition ${step.partition}`;
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

function gibibytes(bytes: number): string {
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(0)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
