// Devices that the kernel's command line names: what takes the place of names that are others now, and which words have to go. Pure.

import type { BootLoader, Layout, Machine } from "../machine/model.ts";
import { partitionsOf } from "../machine/own-layout.ts";
import { mountedEsps } from "./esp.ts";
import { withoutGoneWords } from "./gone-words.ts";
import { grubArrays } from "./grub-arrays.ts";
import { goneArrays } from "./plan-arrays.ts";
import { isLasting, isUnmoved, mountedAt, swapBehind, uuidOf, WAY, type Moves } from "./plan-fstab.ts";
import { goneNames, isNothing, type GoneNames } from "./plan-gone-words.ts";
import type { CommandLineChange, Step } from "./plan.ts";

/**
 * GRUB's configuration is not in machine.json, and may have names for entries that were not started: the step looks for all that have
 * moved or are gone. `before`: the machine's layout, where that which is made is another one.
 */
export function planCommandLine(machine: Machine, moves: Moves, before: Layout = machine.layout): readonly Step[] {
  const { bootLoader, layout } = machine;
  if (bootLoader.kind === "unknown") return [];
  const gone = goneOf(machine, moves, before);
  const arrays = bootLoader.kind === "grub" ? grubArrays(machine, goneArrays(before, moves.replaced)) : [];
  const names = [...movedNames(machine, moves), ...staleWords(machine, moves, gone)];
  const changes = new Map(
    names.flatMap(({ name, id }) => (id === undefined ? [] : [[name, changeOf(machine, { name, id }, moves)] as const])),
  );
  if (changes.size === 0 && isNothing(gone) && arrays.length === 0) return [];
  return [{ kind: "write-command-line", directories: configurationOf(bootLoader, layout), changes: [...changes.values()], gone, arrays }];
}

function goneOf({ layout, system }: Machine, { replaced }: Moves, before: Layout): GoneNames {
  return goneNames({ before, now: layout, replaced }, system.kernelCommandLine);
}

function configurationOf(loader: Exclude<BootLoader, { readonly kind: "unknown" }>, layout: Layout): readonly string[] {
  if (loader.kind === "extlinux") return [loader.directory];
  if (loader.kind === "systemd-boot") return [`${loader.efi.mountPoint}/loader/entries`, "/boot/loader/entries"];
  const { efi, directory } = loader;
  if (efi === undefined) return [directory];
  const places = mountedEsps(layout, efi).flatMap(({ path }) => [efi.vendorDirectory, "BOOT"].map((name) => `${path}/EFI/${name}`));
  return [directory, ...new Set(places)];
}

/** What nothing here can make right, one line each: a person has to see to it. */
export function commandLineProblems(machine: Machine, moves: Moves, before: Layout = machine.layout): readonly string[] {
  const gone = goneOf(machine, moves, before);
  const stale = staleWords(machine, moves, gone).flatMap(({ word, id }) => {
    const now = id === undefined ? undefined : moves.devices.get(id);
    if (now !== undefined && machine.bootLoader.kind !== "unknown") return [];
    const state =
      now === undefined
        ? "which device that was is not known"
        : `which is ${now} now, and its boot loader is none that can be changed here`;
    return [startedWith(word, `${state}: change it`)];
  });
  if (machine.bootLoader.kind !== "unknown") return stale;
  // Resuming is given up after a while.
  const needed = { ...gone, swaps: [] };
  const waited = machine.system.kernelCommandLine.split(/\s+/).filter((word) => word !== "" && withoutGoneWords(word, needed) === "");
  const state = "which is not made, and its boot loader is none that can be changed here: take it out";
  return [...stale, ...waited.map((word) => startedWith(word, state))];
}

function startedWith(word: string, state: string): string {
  return `the kernel was started with ${word}, ${state} in the boot loader by hand, or the machine may not start`;
}

interface Name {
  readonly name: string;
  /** Of the device; undefined when it is not known. */
  readonly id: string | undefined;
}

function movedNames(machine: Machine, { devices, replaced }: Moves): readonly Name[] {
  const isStacked = (id: string) => machine.layout.stack.some((stacked) => stacked.id === id);
  const moved = [...devices].filter(([id, now]) => now !== `/dev/${id}` && !isStacked(id)).map(([id]) => ({ name: `/dev/${id}`, id }));
  const gone = [...replaced].flatMap(([below, id]) => namesBelow(below).map((name) => ({ name, id })));
  const named = [...moved, ...gone].filter(({ id }) => uuidOf(machine, id) !== undefined);
  // The words of an initramfs that say which volumes it opens, VG or VG/LV, have no /dev/ (dracut.cmdline(7), rd.lvm.vg and rd.lvm.lv).
  const isOfLvm = (id: string) => machine.layout.stack.some((one) => one.id === id && /^(?:volume-group|logical-volume)$/.test(one.kind));
  const bare = [...replaced].filter(([name, now]) => isOfLvm(now) && !/^(?:mapper|disk)\//.test(name)).map(([name, id]) => ({ name, id }));
  return [...named, ...bare];
}

/** A partition's own links have tags that mean the same. */
function namesBelow(below: string): readonly string[] {
  const [, tag, value] = /^disk\/by-(part(?:uuid|label))\/(.+)$/.exec(below) ?? [];
  return [`/dev/${below}`, ...(tag === undefined ? [] : [`${tag.toUpperCase()}=${value}`])];
}

/** Gentoo's initramfs has a name of its own for root=. */
const WORD = /(?:^|\s)((root|real_root|resume)=(\/dev\/\S+))/g;

function staleWords(
  machine: Machine,
  { devices, matches, replaced }: Moves,
  gone: GoneNames,
): readonly (Name & { readonly word: string })[] {
  return [...machine.system.kernelCommandLine.matchAll(WORD)].flatMap(([, word = "", key, name = ""]) => {
    const named = name.slice("/dev/".length);
    if (isLasting(machine.layout, name) || withoutGoneWords(word, gone) === "") return [];
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
  if (!name.startsWith("/dev/") && !name.includes("=")) return { from: name, now: id, to: id, withoutInitramfs: id };
  const now = devices.get(id) ?? name;
  // An initramfs may open no other volumes than those that it is told by name.
  if (machine.layout.stack.some((stacked) => stacked.id === id)) return { from: name, now, to: now, withoutInitramfs: now };
  const partitions = partitionsOf(machine.layout);
  const partitionUuid = partitions.find((partition) => partition.id === id)?.uuid;
  const withoutInitramfs = partitionUuid === undefined ? now : `PARTUUID=${partitionUuid}`;
  return { from: name, now, to: uuidOf(machine, id) ?? withoutInitramfs, withoutInitramfs };
}
