// How the restored machine starts again: its initramfs, its boot loader, the firmware's entry.

import { efiOf, type BootLoader, type Machine, type Partition } from "../machine/model.ts";
import { partitionsBelow, twinEsps, type PlacedPartition } from "./esp.ts";
import { biosBoot } from "./plan-bios-boot.ts";
import type { Moves } from "./plan-fstab.ts";
import { partitionPath, type DiskMatch, type Step, type TargetDisk } from "./plan.ts";

export interface BootMoves extends Pick<Moves, "matches" | "replaced"> {
  /** Files that the initramfs has copies of are others now. */
  readonly isStale: boolean;
}

export function planBoot(machine: Machine, moves: BootMoves): readonly Step[] {
  return [...initramfsStep(machine, moves), ...loaderSteps(machine, moves.matches)];
}

/**
 * Only where a disk is reached by another driver than before: then all on its way must be there, its own layer too (sd beside ahci); and where
 * volumes are called otherwise that dracut waits for, or initramfs-tools looks for swap on.
 */
function initramfsStep({ layout }: Machine, { matches, replaced, ...moves }: BootMoves): readonly Step[] {
  const drivers = matches.flatMap(({ from, disk }) => {
    const before = layout.disks.find(({ id }) => id === from)?.identity;
    const known = before?.drivers ?? [];
    const isAsBefore = known.length === 0 ? disk.driver === before?.driver : disk.drivers.every((name) => known.includes(name));
    return isAsBefore ? [] : disk.drivers;
  });
  const renamed = new Set(replaced.values());
  const isStale = moves.isStale || layout.stack.some(({ kind, id }) => kind === "logical-volume" && renamed.has(id));
  if (drivers.length === 0 && !isStale) return [];
  return [{ kind: "check-initramfs", drivers: [...new Set(drivers)], ...(isStale ? { isStale } : {}) }];
}

function loaderSteps(machine: Machine, matches: readonly DiskMatch[]): readonly Step[] {
  const { bootLoader } = machine;
  if (bootLoader.kind === "extlinux") return extlinuxSteps(bootLoader, matches);
  if (bootLoader.kind !== "grub") return bootEntrySteps(machine, matches);
  const own = biosBoot(machine).disks;
  const matched = own.flatMap((id): readonly TargetDisk[] => matches.filter(({ from }) => from === id).map(({ disk }) => disk));
  // The only disk that started the machine may be one that is left out.
  const disks = matched.length > 0 || own.length === 0 ? matched : matches.slice(0, 1).map(({ disk }) => disk);
  return [
    ...(disks.length === 0 ? [] : [{ kind: "install-boot-loader", directory: bootLoader.directory, disks } as const]),
    ...bootEntrySteps(machine, matches),
  ];
}

function extlinuxSteps(loader: Extract<BootLoader, { readonly kind: "extlinux" }>, matches: readonly DiskMatch[]): readonly Step[] {
  const { directory, installer, bootCode, disk: id } = loader;
  const disk = matches.find(({ from }) => from === id)?.disk;
  if (disk === undefined || installer === undefined || bootCode === undefined) return [];
  return [{ kind: "install-extlinux", disk, directory, installer, bootCode }];
}

function bootEntrySteps({ bootLoader, firmware, layout }: Machine, matches: readonly DiskMatch[]): readonly Step[] {
  const efi = efiOf(bootLoader);
  if (efi === undefined) return [];
  const { vendorDirectory, files, mountPoint, device } = efi;
  const entries = firmware.kind === "uefi" ? firmware.entries : [];
  const isOwn = (path: string | undefined) => path?.toLowerCase().startsWith(`\\efi\\${vendorDirectory.toLowerCase()}\\`) === true;
  const entryOf = ({ uuid }: Partition) => entries.find(({ partitionUuid, loaderPath }) => partitionUuid === uuid && isOwn(loaderPath));
  const own = partitionsBelow(layout, device);
  const known = own.map(({ partition }) => entryOf(partition)).find((entry) => entry !== undefined);
  const loaderPath = known?.loaderPath ?? usualLoader(vendorDirectory, files);
  if (loaderPath === undefined) return [];
  const usual = { loaderPath, label: known?.label ?? vendorDirectory };
  const step = ({ diskId, partition }: PlacedPartition, isMounted: boolean): readonly Step[] => {
    const disk = matches.find(({ from }) => from === diskId)?.disk;
    if (disk === undefined) return [];
    const { loaderPath: path = loaderPath, label } = entryOf(partition) ?? usual;
    const { number, uuid } = partition;
    return [
      {
        kind: "write-boot-entry",
        disk,
        partition: number,
        partitionUuid: uuid,
        label,
        loaderPath: path,
        mountPoint: isMounted ? mountPoint : undefined,
      },
    ];
  };
  const twins = twinEsps(layout, device);
  const copies = twins.flatMap(({ diskId, partition }): readonly Step[] => {
    const disk = matches.find(({ from }) => from === diskId)?.disk;
    return disk === undefined ? [] : [{ kind: "copy-esp", device: partitionPath(disk, partition.number), mountPoint }];
  });
  const [first, ...mirrors] = own;
  const others = [...mirrors, ...twins.filter(({ partition }) => entryOf(partition) !== undefined)];
  // The firmware puts each new entry before all that it has: the one that is to be tried first comes last.
  const spare = others.reverse().flatMap((place) => step(place, false));
  return [...spare, ...(first === undefined ? [] : step(first, true)), ...copies];
}

/** The signed first stage where there is one, else GRUB itself. */
const LOADERS = [/\/shimx64\.efi$/i, /\/grubx64\.efi$/i, /\/systemd-bootx64\.efi$/i];

function usualLoader(vendorDirectory: string, files: readonly string[]): string | undefined {
  const inVendor = files.filter((file) => file.toLowerCase().includes(`/${vendorDirectory.toLowerCase()}/`));
  const file = LOADERS.map((pattern) => inVendor.find((candidate) => pattern.test(candidate))).find((found) => found !== undefined);
  return file === undefined ? undefined : `\\${file.replace(/^\/+/, "").replace(/\//g, "\\")}`;
}
