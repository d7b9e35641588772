// Names in /etc/fstab that a kernel gives by the order of its finds, such as /dev/sda1: where they no longer hold, a UUID takes their place.

import { linksOf } from "../machine/array-names.ts";
import { mapperName, namesOf } from "../machine/lvm-names.ts";
import type { FstabEntry, Layout, Machine, Swap } from "../machine/model.ts";
import { partitionsOf } from "../machine/own-layout.ts";
import { bytesOfText } from "../set/catalogue.ts";
import type { DiskMatch, FstabChange, Step } from "./plan.ts";

/** Where the devices of the machine are now. */
export interface Moves {
  /** From a device's id in machine.json to its node here. */
  readonly devices: ReadonlyMap<string, string>;
  readonly matches: readonly DiskMatch[];
  /** From devices that are no longer made, by all of their names below /dev, to those that take their place. */
  readonly replaced: ReadonlyMap<string, string>;
}

/** `before`: what the machine's fstab says, where the layout that is made is not the one that was. */
export function planFstab(machine: Machine, moves: Moves, before: readonly FstabEntry[] = machine.layout.fstab): readonly Step[] {
  // Names last: the others find their lines by them.
  const changes = [...retyped(machine, before), ...takenOut(machine, before), ...reoptioned(machine, moves), ...renamed(machine, moves)];
  return changes.length === 0 ? [] : [{ kind: "write-fstab", changes }];
}

function renamed(machine: Machine, { devices, matches, replaced }: Moves): readonly FstabChange[] {
  return machine.layout.fstab.flatMap((entry): readonly FstabChange[] => {
    const { spec, path } = entry;
    const name = belowDev(spec);
    const isReplaced = replaced.has(name);
    const named = WAY.test(spec) && !isReplaced ? deviceBehind(machine, entry) : name;
    const id = named === undefined ? undefined : (replaced.get(named) ?? named);
    // Names of arrays, volumes and mapped devices are their own, wherever they lie.
    const isStacked = machine.layout.stack.some((stacked) => stacked.id === id);
    if (isStacked && !isReplaced) return [];
    const now = id === undefined || !(isReplaced || spec.startsWith("/dev/")) ? undefined : devices.get(id);
    if (id === undefined || now === undefined || now === spec) return [];
    if (WAY.test(spec) && !isReplaced && isUnmoved(machine, id, matches)) return [];
    return [{ path, from: spec, to: (isStacked ? undefined : uuidOf(machine, id)) ?? now }];
  });
}

function retyped({ layout }: Machine, fstab: readonly FstabEntry[]): readonly FstabChange[] {
  return layout.fstab.flatMap(({ spec, path, type, options }): readonly FstabChange[] => {
    const before = fstab.find((entry) => entry.spec === spec && entry.path === path);
    return before === undefined || before.type === type ? [] : [{ path, from: spec, to: spec, as: { type, options } }];
  });
}

/**
 * btrfs on several devices may be told all of them (btrfs(5), "device="), and a subvolume by its number, which is another when it is made again.
 * Nothing else in the options names one of ours.
 */
function reoptioned({ layout }: Machine, { devices }: Moves): readonly FstabChange[] {
  return layout.fstab.flatMap((entry): readonly FstabChange[] => {
    const { spec, path, type, options } = entry;
    if (type !== "btrfs") return [];
    const changed = options.flatMap((option) => {
      const id = /^device=\/dev\/(.+)$/.exec(option)?.[1];
      const now = id === undefined ? undefined : devices.get(id);
      if (now !== undefined) return [`device=${now}`];
      return OWN_NUMBER.test(option) ? subvolumeWord(layout, entry, option) : [option];
    });
    const isSame = changed.length === options.length && changed.every((option, index) => option === options[index]);
    return isSame ? [] : [{ path, from: spec, to: spec, as: { type, options: changed } }];
  });
}

/** Of a subvolume; 5 and 0 are the top level's, everywhere. */
const OWN_NUMBER = /^subvolid=(?!0*5?$)/;

/** Where its path stands beside it, that will do; one that was not mounted is not known. */
function subvolumeWord({ mounts }: Layout, { path, options }: FstabEntry, option: string): readonly string[] {
  if (options.some((other) => other.startsWith("subvol="))) return [];
  const fsRoot = mounts.find((mount) => mount.path === mountPoint(path))?.fsRoot;
  return fsRoot === undefined ? [option] : [`subvol=${fsRoot}`];
}

function takenOut({ layout }: Machine, fstab: readonly FstabEntry[]): readonly FstabChange[] {
  const isThere = ({ spec, path }: FstabEntry) => layout.fstab.some((entry) => entry.spec === spec && entry.path === path);
  return fstab.filter((entry) => !isThere(entry)).map(({ spec, path }) => ({ path, from: spec, to: undefined }));
}

/** The name of a device as `replaced` has it: tags of partitions are links too. */
function belowDev(spec: string): string {
  const [, tag, value] = /^(PARTUUID|PARTLABEL)=(.+)$/.exec(spec) ?? [];
  if (tag === undefined || value === undefined) return spec.replace(/^\/dev\//, "");
  return tag === "PARTUUID" ? `disk/by-partuuid/${value.toLowerCase()}` : `disk/by-partlabel/${value}`;
}

/** Links that nothing here can make right, one line each. Those without which the machine starts are the user's own business. */
export function fstabProblems(machine: Machine, { devices, matches, replaced }: Moves): readonly string[] {
  const { fstab, disks } = machine.layout;
  // Wherever such a link led: it leads there again, or to a disk that is none of the machine's.
  if (disks.every(({ id }) => isUnmoved(machine, id, matches))) return [];
  return fstab
    .filter(
      (entry) =>
        WAY.test(entry.spec) &&
        !isLasting(machine.layout, entry.spec) &&
        !entry.options.some((option) => option === "noauto" || option === "nofail"),
    )
    .filter((entry) => !replaced.has(belowDev(entry.spec)) && !devices.has(deviceBehind(machine, entry) ?? ""))
    .map(({ spec, path, type }) => {
      const use = type === "swap" ? "as swap" : `for "${path}"`;
      return `/etc/fstab names ${spec} ${use}, which device that was is not known: change it there by hand, or the machine may not start`;
    });
}

/** Names that are made of a disk's bus, place, model and serial. */
export const WAY = /^\/dev\/disk\/by-(?:id|path)\//;

/** Links of the same kind that are made of the UUID or name of an array or a volume that is made again. */
export function isLasting({ stack }: Pick<Layout, "stack">, link: string): boolean {
  const name = link.replace(/^\/dev\//, "").replace(/-part\d+$/, "");
  return stack.some((stacked) => {
    if (stacked.kind === "array") return linksOf(stacked).includes(name);
    if (stacked.kind === "volume-group") return false;
    return name === `disk/by-id/dm-name-${stacked.kind === "logical-volume" ? mapperName(namesOf(stacked)) : stacked.id}`;
  });
}

function deviceBehind(machine: Machine, { spec, path, type }: FstabEntry): string | undefined {
  return type === "swap" ? swapBehind(machine, spec) : mountedAt(machine, path);
}

/** What a link stood for is known by what was mounted with it, … */
export function mountedAt({ layout }: Machine, path: string): string | undefined {
  return layout.mounts.find((mount) => mount.path === mountPoint(path))?.device;
}

/** As the kernel has a path that fstab has, which may end with slashes. */
export function mountPoint(path: string): string {
  return path.replace(/\/+/g, "/").replace(/(.)\/$/, "$1");
}

/** … or by its being the only swap, or the only one of that number. */
export function swapBehind({ layout }: Machine, link: string): string | undefined {
  const [swap, other] = swapsBehind(layout, link);
  return other === undefined ? swap?.place : undefined;
}

/** All that it may have led to. */
export function swapsBehind(layout: Layout, link: string): readonly Swap[] {
  const number = /-part(\d+)$/.exec(link)?.[1];
  const partitions = partitionsOf(layout);
  const numberOf = (place: string) => partitions.find(({ id }) => id === place)?.number.toString();
  return layout.swaps.filter(({ kind, place }) => kind === "partition" && (number === undefined || numberOf(place) === number));
}

/** The same disk on the same driver has the same links. */
export function isUnmoved({ layout }: Machine, id: string, matches: readonly DiskMatch[]): boolean {
  const from = layout.disks.find((disk) => disk.id === id || disk.table?.partitions.some((partition) => partition.id === id));
  const match = matches.find((candidate) => candidate.from === from?.id);
  const isSame = match?.reason === "same wwid" || match?.reason === "same serial";
  return isSame && match.disk.driver === from?.identity.driver && match.disk.model === from?.identity.model;
}

export function uuidOf({ layout }: Machine, id: string): string | undefined {
  const uuid = layout.fileSystems.find(({ device }) => device === id)?.uuid ?? layout.swaps.find(({ place }) => place === id)?.uuid;
  return uuid === undefined ? undefined : `UUID=${uuid}`;
}

/** The text of /etc/fstab, one character a byte, with the changes made; all else stays as it is, comments and blanks too. */
export function changedFstab(text: string, changes: readonly FstabChange[]): string {
  return text
    .split("\n")
    .map((line) => changes.reduce(changedLine, line))
    .join("\n");
}

function changedLine(line: string, { path, from, to, as }: FstabChange): string {
  const [, indent, spec, gap, place, rest] = /^(\s*)(?!#)(\S+)(\s+)(\S+)(.*)$/s.exec(line) ?? [];
  if (indent === undefined || spec === undefined || place === undefined || rest === undefined) return line;
  if (unescaped(spec) !== bytesOfText(from)) return line;
  if (to === undefined) return `# not made again by Lifeboat: ${line}`;
  const isAt = bytesOfText(path) === unescaped(place);
  const changed = as === undefined || !isAt ? rest : rest.replace(/^(\s+)\S+(\s+)\S+/, `$1${as.type}$2${as.options.join(",")}`);
  return `${indent}${to === from ? spec : bytesOfText(to)}${gap}${place}${changed}`;
}

/** fstab(5): blanks in a name are written `\040`. */
function unescaped(word: string): string {
  return word.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
