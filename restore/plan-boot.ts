// How the restored machine starts again: its boot loader, the firmware's entry.

import { efiOf, type BootLoader, type Machine, type Partition } from "../machine/model.ts";
import { below, mountHolding } from "../machine/own-layout.ts";
import { partitionsBelow, twinEsps, type PlacedPartition } from "./esp.ts";
import { biosBoot } from "./plan-bios-boot.ts";
import { planEfiGrub, type Replacements } from "./plan-efi-grub.ts";
import { partitionPath, type DiskMatch, type Step, type TargetDisk } from "./plan.ts";

export function planBoot(machine: Machine, matches: readonly DiskMatch[], replacements: Replacements): readonly Step[] {
  const { bootLoader } = machine;
  if (bootLoader.kind === "extlinux") return extlinuxSteps(machine, bootLoader, matches);
  if (bootLoader.kind !== "grub") return bootEntrySteps(machine, matches);
  const own = biosBoot(machine).disks;
  const matched = own.flatMap((id): readonly TargetDisk[] => matches.filter(({ from }) => from === id).map(({ disk }) => disk));
  // The only disk that started the machine may be one that is left out.
  const disks = matched.length > 0 || own.length === 0 ? matched : holdingDisks(machine, bootLoader.directory, matches).slice(0, 1);
  return [
    ...(disks.length === 0 ? [] : [{ kind: "install-boot-loader", directory: bootLoader.directory, disks } as const]),
    ...planEfiGrub(machine, replacements),
    ...bootEntrySteps(machine, matches),
  ];
}

/** Those that a loader's directory is on. */
function holdingDisks({ layout }: Machine, directory: string, matches: readonly DiskMatch[]): readonly TargetDisk[] {
  const mount = mountHolding(layout, directory);
  const ids = mount === undefined ? [] : below(layout, mount.device);
  return matches.filter(({ from }) => ids.includes(from)).map(({ disk }) => disk);
}

type Extlinux = Extract<BootLoader, { readonly kind: "extlinux" }>;

function extlinuxSteps(machine: Machine, loader: Extlinux, matches: readonly DiskMatch[]): readonly Step[] {
  const { directory, installer, bootCode, disk: id } = loader;
  // What was on that disk may go onto another one's.
  const disk = matches.find(({ from }) => from === id)?.disk ?? holdingDisks(machine, directory, matches)[0];
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
