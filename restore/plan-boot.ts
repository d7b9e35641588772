// How the restored machine starts again: its initramfs, its boot loader, the firmware's entry.

import type { Machine } from "../machine/model.ts";
import { biosBoot } from "./plan-bios-boot.ts";
import type { DiskMatch, Step, TargetDisk } from "./plan.ts";

export function planBoot(machine: Machine, matches: readonly DiskMatch[]): readonly Step[] {
  return [...initramfsStep(machine, matches), ...loaderSteps(machine, matches)];
}

/** Only where a disk is reached by another driver than before: then all on its way must be there, its own layer too (sd beside ahci). */
function initramfsStep({ layout }: Machine, matches: readonly DiskMatch[]): readonly Step[] {
  const drivers = matches.flatMap(({ from, disk }) => {
    const before = layout.disks.find(({ id }) => id === from)?.identity;
    const known = before?.drivers ?? [];
    const isAsBefore = known.length === 0 ? disk.driver === before?.driver : disk.drivers.every((name) => known.includes(name));
    return isAsBefore ? [] : disk.drivers;
  });
  return drivers.length === 0 ? [] : [{ kind: "check-initramfs", drivers: [...new Set(drivers)] }];
}

function loaderSteps(machine: Machine, matches: readonly DiskMatch[]): readonly Step[] {
  const { bootLoader } = machine;
  if (bootLoader.kind !== "grub") return [];
  const disks = biosBoot(machine).disks.flatMap((id): readonly TargetDisk[] =>
    matches.filter(({ from }) => from === id).map(({ disk }) => disk),
  );
  return [
    ...(disks.length === 0 ? [] : [{ kind: "install-boot-loader", directory: bootLoader.directory, disks } as const]),
    ...bootEntrySteps(machine, matches),
  ];
}

function bootEntrySteps({ bootLoader, firmware, layout }: Machine, matches: readonly DiskMatch[]): readonly Step[] {
  if (bootLoader.kind !== "grub" || bootLoader.efi === undefined) return [];
  const { efi } = bootLoader;
  const source = layout.disks.find(({ table }) => table?.partitions.some(({ id }) => id === efi.device));
  const partition = source?.table?.partitions.find(({ id }) => id === efi.device);
  const disk = matches.find(({ from }) => from === source?.id)?.disk;
  if (partition === undefined || disk === undefined) return [];
  const entries = firmware.kind === "uefi" ? firmware.entries : [];
  const own = entries.find(({ partitionUuid, loaderPath }) => partitionUuid === partition.uuid && loaderPath !== undefined);
  const loaderPath = own?.loaderPath ?? usualLoader(efi.vendorDirectory, efi.files);
  if (loaderPath === undefined) return [];
  const { mountPoint } = efi;
  const label = own?.label ?? efi.vendorDirectory;
  return [{ kind: "write-boot-entry", disk, partition: partition.number, partitionUuid: partition.uuid, label, loaderPath, mountPoint }];
}

/** The signed first stage where there is one, else GRUB itself. */
const LOADERS = [/\/shimx64\.efi$/i, /\/grubx64\.efi$/i];

function usualLoader(vendorDirectory: string, files: readonly string[]): string | undefined {
  const inVendor = files.filter((file) => file.toLowerCase().includes(`/${vendorDirectory.toLowerCase()}/`));
  const file = LOADERS.map((pattern) => inVendor.find((candidate) => pattern.test(candidate))).find((found) => found !== undefined);
  return file === undefined ? undefined : `\\${file.replace(/^\/+/, "").replace(/\//g, "\\")}`;
}
