// What the kernel's command line may name and a restore does not make: an initramfs would wait for it. Pure.

import { hexDigits } from "../machine/array-names.ts";
import type { DeviceId, Layout, Swap } from "../machine/model.ts";
import { partitionsOf } from "../machine/own-layout.ts";
import type { LuksVolume, RaidArray } from "../machine/stacked-device.ts";
import { swapNames, tagged } from "./fit/dropped-swaps.ts";
import { swapsBehind, WAY } from "./plan-fstab.ts";

/** dracut waits for each that is named (dracut.cmdline(7)), systemd for containers too (systemd-cryptsetup-generator(8)). */
export interface GoneNames {
  /** Hexadecimal digits of their UUIDs. */
  readonly arrays: readonly string[];
  /** Volume groups, and volumes as `VG/LV`. */
  readonly volumes: readonly string[];
  /** Of LUKS volumes: hexadecimal digits of their UUIDs. */
  readonly containers: readonly string[];
  /** As they stand after resume=. */
  readonly swaps: readonly string[];
}

export const NOTHING_GONE: GoneNames = { arrays: [], volumes: [], containers: [], swaps: [] };

export interface Layouts {
  /** The machine's own, as it was. */
  readonly before: Layout;
  readonly now: Layout;
  readonly replaced: ReadonlyMap<DeviceId, DeviceId>;
}

/**
 * What the machine had and will not have again; and what its kernel was told to wait for and is not made, though the set does not
 * describe it. Other systems' entries in the boot loader may name anything else.
 */
export function goneNames(layouts: Layouts, commandLine: string): GoneNames {
  const { before, now, replaced } = layouts;
  const isMade = (id: DeviceId) => now.stack.some((stacked) => stacked.id === id);
  const gone = before.stack.filter(({ id }) => !isMade(id));
  const dropped = droppedSwaps(layouts);
  const uuids = (kind: "array" | "luks") =>
    gone.flatMap((one) => ((one.kind === "array" || one.kind === "luks") && one.kind === kind && one.uuid !== undefined ? [one.uuid] : []));
  const unmade = unmadeWords(layouts, commandLine);
  const links = valuesOf(commandLine, /^resume$/).filter((value) => WAY.test(value) && !replaced.has(value.slice("/dev/".length)));
  const lost = links.filter((link) => {
    const behind = swapsBehind(before, link);
    return behind.length > 0 && behind.every((swap) => dropped.includes(swap));
  });
  return {
    arrays: all(uuids("array").map(hexDigits), unmade.arrays),
    volumes: all(
      gone.flatMap(({ kind, id }) => ((kind === "volume-group" || kind === "logical-volume") && !replaced.has(id) ? [id] : [])),
      unmade.volumes,
    ),
    containers: all(uuids("luks").map(hexDigits), unmade.containers),
    swaps: all([...dropped.flatMap((swap) => swapNames(before, swap)), ...lost], unmade.swaps),
  };
}

export function isNothing({ arrays, volumes, containers, swaps }: GoneNames): boolean {
  return [arrays, volumes, containers, swaps].every(({ length }) => length === 0);
}

function all(some: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...some, ...more])];
}

function droppedSwaps({ before, now, replaced }: Layouts): readonly Swap[] {
  const isMade = (place: DeviceId) => now.swaps.some((swap) => swap.kind === "partition" && swap.place === (replaced.get(place) ?? place));
  return before.swaps.filter(({ kind, place }) => kind === "partition" && !isMade(place));
}

function unmadeWords({ before, now, replaced }: Layouts, commandLine: string): GoneNames {
  const groups = new Set(now.stack.map(({ id }) => id));
  const containers = uuidsOf(now, "luks");
  return {
    arrays: knowsArrays(before)
      ? valuesOf(commandLine, ARRAY_KEYS)
          .map(hexDigits)
          .filter((uuid) => uuid !== "" && !uuidsOf(now, "array").includes(uuid))
      : [],
    volumes: valuesOf(commandLine, VOLUME_KEYS).filter((name) => !groups.has(name) && !replaced.has(name)),
    // What holds a key may be a stick, which no set describes.
    containers: valuesOf(commandLine, CONTAINER_KEYS)
      .filter((value) => !value.startsWith(KEY_SOURCE))
      .map(containerDigits)
      .filter((uuid) => uuid !== "" && !containers.some((made) => made === undefined || made.startsWith(uuid))),
    swaps: valuesOf(commandLine, /^resume$/).filter((value) => TAGGED.test(value) && !tagsOf(now).has(lowered(value))),
  };
}

export const ARRAY_KEYS = /^(?:rd\.md\.uuid|rd_MD_UUID)$/;
export const VOLUME_KEYS = /^(?:rd\.lvm\.(?:vg|lv)|rd_LVM_(?:VG|LV))$/;
export const CONTAINER_KEYS = /^(?:(?:rd\.)?luks\.(?:uuid|name)|rd_LUKS_UUID)$/;
const KEY_SOURCE = "keysource:";

/** `luks-UUID`, `UUID=NAME`, or the beginning of a UUID. */
export function containerDigits(value: string): string {
  return hexDigits(
    value
      .replace(KEY_SOURCE, "")
      .replace(/^luks-/, "")
      .replace(/=.*$/, ""),
  );
}

function valuesOf(commandLine: string, keys: RegExp): readonly string[] {
  return [...commandLine.matchAll(/(?:^|\s)([\w.]+)=(\S+)/g)].flatMap(([, key = "", value = ""]) => (keys.test(key) ? [value] : []));
}

function uuidsOf({ stack }: Layout, kind: "array" | "luks"): readonly (string | undefined)[] {
  const own = stack.filter((one): one is RaidArray | LuksVolume => one.kind === kind);
  return own.map(({ uuid }) => (uuid === undefined ? undefined : hexDigits(uuid)));
}

/** Firmware's arrays have containers, with UUIDs that machine.json does not tell. */
function knowsArrays({ stack }: Layout): boolean {
  return stack.every((one) => one.kind !== "other" && (one.kind !== "array" || (one.uuid !== undefined && one.shape !== undefined)));
}

/** Names that tell of a device whether it is made. */
const TAGGED = /^(?:(?:PART)?(?:UUID|LABEL)=|\/dev\/disk\/by-(?:part)?(?:uuid|label)\/)/;

/** UUIDs are written in both cases; no two labels differ in that alone. */
export function lowered(name: string): string {
  return name.toLowerCase();
}

/** A swap file is found by the file system that it is on. */
function tagsOf(layout: Layout): ReadonlySet<string> {
  const held = [...layout.swaps, ...layout.fileSystems];
  const names = [
    ...held.flatMap(({ uuid, label }) => [...tagged("uuid", uuid), ...tagged("label", label)]),
    ...partitionsOf(layout).flatMap(({ uuid, label }) => [...tagged("partuuid", uuid), ...tagged("partlabel", label)]),
  ];
  return new Set(names.map(lowered));
}
