// root=, resume= and the like on the kernel's command line: where they name a device that is called otherwise now, what takes the place of the name. Pure.

import type { BootLoader, Machine } from "../machine/model.ts";
import { partitionsOf } from "../machine/own-layout.ts";
import { isUnmoved, mountedAt, swapBehind, uuidOf, WAY, type Moves } from "./plan-fstab.ts";
import type { CommandLineChange, Step } from "./plan.ts";

/** GRUB's configuration is not in machine.json, and may have names for entries that were not started: the step looks for all that have moved. */
export function planCommandLine(machine: Machine, moves: Moves): readonly Step[] {
  const { bootLoader } = machine;
  if (bootLoader.kind === "unknown") return [];
  const names = [...movedNames(machine, moves), ...staleWords(machine, moves)];
  const changes = new Map(
    names.flatMap(({ name, id }) => (id === undefined ? [] : [[name, changeOf(machine, { name, id }, moves)] as const])),
  );
  if (changes.size === 0) return [];
  return [{ kind: "write-command-line", directories: configurationOf(bootLoader), changes: [...changes.values()] }];
}

function configurationOf(loader: Exclude<BootLoader, { readonly kind: "unknown" }>): readonly string[] {
  if (loader.kind === "extlinux") return [loader.directory];
  if (loader.kind === "systemd-boot") return [`${loader.efi.mountPoint}/loader/entries`, "/boot/loader/entries"];
  const { efi, directory } = loader;
  return [directory, ...(efi === undefined ? [] : [`${efi.mountPoint}/EFI/${efi.vendorDirectory}`])];
}

/** What nothing here can make right, one line each: a person has to see to it. */
export function commandLineProblems(machine: Machine, moves: Moves): readonly string[] {
  return staleWords(machine, moves).flatMap(({ word, id }) => {
    const now = id === undefined ? undefined : moves.devices.get(id);
    if (now !== undefined && machine.bootLoader.kind !== "unknown") return [];
    const state =
      now === undefined
        ? "which device that was is not known"
        : `which is ${now} now, and its boot loader is none that can be changed here`;
    return [`the kernel was started with ${word}, ${state}: change it in the boot loader by hand, or the machine may not start`];
  });
}

interface Name {
  readonly name: string;
  /** Of the device; undefined when it is not known. */
  readonly id: string | undefined;
}

function movedNames(machine: Machine, { devices, replaced }: Moves): readonly Name[] {
  const isStacked = (id: string) => machine.layout.stack.some((stacked) => stacked.id === id);
  const moved = [...devices].filter(([id, now]) => now !== `/dev/${id}` && !isStacked(id)).map(([id]) => ({ name: `/dev/${id}`, id }));
  const gone = [...replaced].map(([id, now]) => ({ name: `/dev/${id}`, id: now }));
  const named = [...moved, ...gone].filter(({ id }) => uuidOf(machine, id) !== undefined);
  // The words of an initramfs that say which volumes it opens, VG or VG/LV, have no /dev/ (dracut.cmdline(7), rd.lvm.vg and rd.lvm.lv).
  const isOfLvm = (id: string) => machine.layout.stack.some((one) => one.id === id && /^(?:volume-group|logical-volume)$/.test(one.kind));
  const bare = [...replaced].filter(([name, now]) => isOfLvm(now) && !/^(?:mapper|disk)\//.test(name)).map(([name, id]) => ({ name, id }));
  return [...named, ...bare];
}

/** Gentoo's initramfs has a name of its own for root=. */
const WORD = /(?:^|\s)((root|real_root|resume)=(\/dev\/\S+))/g;

function staleWords(machine: Machine, { devices, matches, replaced }: Moves): readonly (Name & { readonly word: string })[] {
  return [...machine.system.kernelCommandLine.matchAll(WORD)].flatMap(([, word = "", key, name = ""]) => {
    const named = name.slice("/dev/".length);
    if (WAY.test(name) && !replaced.has(named)) {
      const id = key === "resume" ? swapBehind(machine, name) : mountedAt(machine, "/");
      return id !== undefined && isUnmoved(machine, id, matches) ? [] : [{ word, name, id }];
    }
    const id = replaced.get(named) ?? named;
    const now = devices.get(id);
    const isOwnName = !replaced.has(named) && machine.layout.stack.some((stacked) => stacked.id === id);
    return now === undefined || now === name || isOwnName ? [] : [{ word, name, id }];
  });
}

function changeOf(machine: Machine, { name, id }: { readonly name: string; readonly id: string }, { devices }: Moves): CommandLineChange {
  if (!name.startsWith("/dev/")) return { from: name, now: id, to: id, withoutInitramfs: id };
  const now = devices.get(id) ?? name;
  // An initramfs may open no other volumes than those that it is told by name.
  if (machine.layout.stack.some((stacked) => stacked.id === id)) return { from: name, now, to: now, withoutInitramfs: now };
  const partitions = partitionsOf(machine.layout);
  const partitionUuid = partitions.find((partition) => partition.id === id)?.uuid;
  const withoutInitramfs = partitionUuid === undefined ? now : `PARTUUID=${partitionUuid}`;
  return { from: name, now, to: uuidOf(machine, id) ?? withoutInitramfs, withoutInitramfs };
}
