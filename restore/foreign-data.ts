// Whose data is on a disk: this machine's by the UUIDs in machine.json, or somebody else's, which is never lost unasked (DESIGN section 8, rule 3).

import { isImaged } from "../machine/device-image.ts";
import type { DeviceId, Disk, Machine } from "../machine/model.ts";
import { below, partitionsOf } from "../machine/own-layout.ts";
import type { StackedDevice } from "../machine/stacked-device.ts";
import { namesOf } from "./match-disks.ts";
import type { FoundContent, PresentDisk } from "./present-disk.ts";

/** Everything that the machine's own layout carries, lower case. */
export function ownUuids({ layout }: Machine): ReadonlySet<string> {
  const uuids = [
    ...layout.disks.flatMap(({ table }) => [table?.id, ...(table?.partitions ?? []).map(({ uuid }) => uuid)]),
    ...layout.fileSystems.map(({ uuid }) => uuid),
    ...layout.swaps.map(({ uuid }) => uuid),
    ...layout.stack.flatMap(signatureUuids),
  ];
  return uuidSet(uuids.filter((uuid) => uuid === undefined || !BLANK.test(uuid)));
}

/** What a stacked device writes on those that it stands on. */
export function signatureUuids(stacked: StackedDevice): readonly (string | undefined)[] {
  switch (stacked.kind) {
    case "array":
    case "luks":
      return [stacked.uuid];
    case "volume-group":
      return stacked.physicalVolumes.map(({ uuid }) => uuid);
    case "logical-volume":
    case "other":
      return [];
  }
}

/** A number that was never given, such as that of an MBR which no tool has signed: whoever has it too is no kin. */
const BLANK = /^(?:0x)?[0-]*$/;

/** MBR's disk number is written with and without 0x. */
export function normalised(uuid: string): string {
  return uuid.toLowerCase().replace(/^0x/, "");
}

/** Those that there are, normalised. */
export function uuidSet(uuids: readonly (string | undefined)[]): ReadonlySet<string> {
  return new Set(uuids.flatMap((uuid) => (uuid === undefined ? [] : [normalised(uuid)])));
}

/**
 * The name that allows a disk to be overwritten: its serial or wwid, and never the name that the kernel gives it today.
 * Undefined when it has none, or none that is its own alone (namespaces of one NVMe drive share a serial).
 */
export function wipeName(disk: Disk, present: readonly PresentDisk[]): string | undefined {
  return wipeNames(disk, present)[0];
}

export function mayBeWiped(disk: Disk, present: readonly PresentDisk[], wipe: readonly string[]): boolean {
  return wipeNames(disk, present).some((name) => wipe.includes(name));
}

function wipeNames({ id, identity }: Disk, present: readonly PresentDisk[]): readonly string[] {
  const isTaken = (name: string) => present.some(({ disk }) => disk.id !== id && namesOf(disk).includes(name));
  return [identity.serial, identity.wwid].filter((name) => name !== undefined).filter((name) => !isTaken(name));
}

/** File systems of the machine that are in no set, as they were neither mounted nor imaged: nothing brings them back. */
function unsavedUuids({ layout }: Machine): ReadonlySet<string> {
  const { fileSystems, mounts, stack, swaps } = layout;
  const isSaved = (id: DeviceId) => mounts.some(({ device }) => device === id) || isImaged(layout, id);
  const unsaved = fileSystems.filter(({ device }) => !isSaved(device)).map(({ uuid }) => uuid);
  // What is on a volume is not seen before its group is opened: what it stands on speaks for it.
  const isUsed = (id: DeviceId) =>
    isSaved(id) ||
    swaps.some(({ place }) => place === id) ||
    stack.some((other) => other.id !== id && below(layout, other.id).includes(id));
  const hidden = stack.filter(({ id, kind }) => kind !== "volume-group" && !isUsed(id)).flatMap(({ id }) => below(layout, id));
  const signatures = stack.filter(({ id }) => hidden.includes(id)).flatMap(signatureUuids);
  return uuidSet([...unsaved, ...signatures]);
}

/**
 * What is not this machine's, or in no set; what carries no UUID counts as foreign too, but for the table and partitions of
 * an own disk, and for what is on a partition that the set has an image of.
 */
export function foreignContents({ contents }: PresentDisk, machine: Machine): readonly string[] {
  const unsaved = unsavedUuids(machine);
  const own = new Set([...ownUuids(machine)].filter((uuid) => !unsaved.has(uuid)));
  const isOwnTable = contents.some(({ type, uuid }) => type === "partition table" && uuid !== undefined && own.has(normalised(uuid)));
  const imaged = imagedUuids(machine);
  const isImagedHere = (device: string) =>
    contents.some((one) => one.device === device && one.type === "partition" && one.uuid !== undefined && imaged.has(normalised(one.uuid)));
  return contents
    .filter(({ device, type, uuid }) => {
      if (uuid !== undefined) return !own.has(normalised(uuid));
      if (isImagedHere(device)) return false;
      return !(isOwnTable && (type === "partition" || type === "partition table"));
    })
    .map(describeContent);
}

/** Of partitions. */
function imagedUuids({ layout }: Machine): ReadonlySet<string> {
  const partitions = partitionsOf(layout);
  return uuidSet(partitions.filter(({ id }) => isImaged(layout, id)).map(({ uuid }) => uuid));
}

/** For the plan's list of what is lost. */
export function contentLines({ disk, contents }: PresentDisk): readonly string[] {
  const name = `${disk.id}${disk.identity.serial === undefined ? "" : ` (serial ${disk.identity.serial})`}`;
  return contents.length === 0 ? [`${name}: nothing was found on it`] : contents.map((content) => `${name}: ${describeContent(content)}`);
}

function describeContent({ device, type, uuid, label }: FoundContent): string {
  const parts = [type, label === undefined ? undefined : `"${label}"`, uuid, `on ${device}`];
  return parts.filter((part) => part !== undefined).join(" ");
}

/** Two disks with the same UUIDs: the kernel, GRUB and the restored system would take either (DESIGN section 8, rule 1). */
export function twinProblems(machine: Machine, others: readonly PresentDisk[]): readonly string[] {
  const own = ownUuids(machine);
  return others.flatMap(({ disk, contents }) => {
    const twins = contents.filter(({ uuid }) => uuid !== undefined && own.has(normalised(uuid)));
    if (twins.length === 0) return [];
    const serial = disk.identity.serial === undefined ? "" : ` (serial ${disk.identity.serial})`;
    return [
      `disk ${disk.id}${serial} carries what the plan will create: ${twins.map(describeContent).join(", ")}. Take it out, or clear it`,
    ];
  });
}
