// The commands that make arrays, LUKS and LVM as they were, and those that let go of them. Pure.

import { LifeboatError } from "#os/error";
import { colonUuid } from "../machine/array-names.ts";
import { namesOf } from "../machine/lvm-names.ts";
import type { DeviceId } from "../machine/model.ts";
import type { ArrayShape, RaidArray, StackedDevice, VolumeSegment } from "../machine/stacked-device.ts";
import { UNEVEN_LEVELS } from "./array-levels.ts";
import type { Step } from "./plan.ts";

export type Command = readonly [string, ...string[]];

type Of<K extends Step["kind"]> = Extract<Step, { readonly kind: K }>;

const KIB = 1024;
const SECTOR_BYTES = 512;

const LVM_ACTIVATION = "udev_sync=0 udev_rules=0 monitoring=0";

/**
 * Asks nothing, waits for no udev, as there is none, and sees these devices alone: what is on other disks may have the same names and the
 * same UUIDs, as the machine's old disk has. A path of a multipath disk, which LVM passes over elsewhere, is the disk here.
 */
function lvmOptions(devices: Iterable<string>, { usesDevicesFile = false, activation = LVM_ACTIVATION } = {}): readonly string[] {
  // lvm.conf(5), filter: the first pattern that fits decides.
  const own = [...devices].map((device) => `"a|^${device.replace(/[^\w/-]/g, "\\\\$&")}$|"`);
  return [
    "--yes",
    "--config",
    `activation{${activation}} backup{backup=0 archive=0} devices{use_devicesfile=${usesDevicesFile ? 1 : 0} multipath_component_detection=0 filter=[${[...own, '"r|.*|"'].join(",")}]}`,
  ];
}

export function arrayCommand({ device, array, members, spares }: Of<"create-array">): Command {
  const { shape, uuid, level } = array;
  if (shape === undefined) throw unknown(array.id, "what it is made of could not be read");
  const missing = Array.from({ length: Math.max(0, shape.deviceCount - members.length) }, () => "missing");
  return [
    "mdadm",
    ["--create", device, "--run", "--quiet", `--level=${level}`, `--metadata=${shape.metadata}`, `--raid-devices=${shape.deviceCount}`],
    shape.deviceCount === 1 ? ["--force"] : [],
    spares.length === 0 ? [] : [`--spare-devices=${spares.length}`],
    uuid === undefined ? [] : [`--uuid=${colonUuid(uuid)}`],
    shape.name === undefined || shape.metadata === "0.90" ? [] : arrayName(shape.name),
    shape.chunkBytes === undefined ? [] : [`--chunk=${shape.chunkBytes / KIB}K`],
    shape.layout === undefined ? [] : [`--layout=${shape.layout}`],
    consistency(array, shape),
    UNEVEN_LEVELS.has(level) || shape.memberBytes === 0 ? [] : [`--size=${Math.floor(shape.memberBytes / KIB)}K`],
    /^1\.[12]$/.test(shape.metadata) && shape.dataOffsetBytes > 0 ? [`--data-offset=${shape.dataOffsetBytes / KIB}K`] : [],
    writeMostlyLast(array, members),
    missing,
    spares,
  ].flat() as unknown as Command;
}

function consistency({ level, hasPpl }: RaidArray, { hasBitmap }: ArrayShape): readonly string[] {
  if (UNEVEN_LEVELS.has(level)) return [];
  return hasPpl === true ? ["--consistency-policy=ppl"] : [`--bitmap=${hasBitmap ? "internal" : "none"}`];
}

/** `--write-mostly` is for all that follow it, and the order says which place in the array each has. */
function writeMostlyLast(array: RaidArray, members: readonly string[]): readonly string[] {
  const marked = markedMembers(array).length;
  if (marked === 0 || !canMark(array)) return members;
  return [...members.slice(0, -marked), "--write-mostly", ...members.slice(-marked)];
}

/** Whether mdadm can be told at once: where they are the last ones. */
export function canMark(array: RaidArray): boolean {
  const marked = markedMembers(array);
  return array.members.slice(array.members.length - marked.length).every((id) => marked.includes(id));
}

function markedMembers({ members, writeMostly = [] }: RaidArray): readonly DeviceId[] {
  return members.filter((id) => writeMostly.includes(id));
}

/** mdadm puts the host's name and a colon before the array's; from 4.3 on it takes no name with a colon in it. */
function arrayName(name: string): readonly string[] {
  const colon = name.indexOf(":");
  return [`--name=${name.slice(colon + 1)}`, `--homehost=${colon === -1 ? "<none>" : name.slice(0, colon)}`];
}

/** Both read the passphrase from their input, to its end. */
export function luksCommands({ device, luks }: Of<"create-luks">): readonly Command[] {
  return [luksFormatCommand(device, luks), openLuksCommand(device, luks.id)];
}

function luksFormatCommand(device: string, { id, uuid, header, problem }: Of<"create-luks">["luks"]): Command {
  if (header === undefined) throw unknown(id, problem ?? "its header is not known");
  const isVersion2 = header.version === 2;
  return [
    "cryptsetup",
    ["luksFormat", "--batch-mode", "--force-password", "--key-file=-", `--type=luks${header.version}`],
    uuid === undefined ? [] : [`--uuid=${uuid}`],
    [`--cipher=${header.cipher}`, `--key-size=${header.keyBits}`, `--hash=${header.hash}`],
    isVersion2 ? [`--sector-size=${header.sectorBytes}`, `--pbkdf=${header.derivation}`] : [],
    [`--offset=${header.dataOffsetBytes / SECTOR_BYTES}`],
    isVersion2 && header.label !== undefined ? [`--label=${header.label}`] : [],
    isVersion2 && header.subsystem !== undefined ? [`--subsystem=${header.subsystem}`] : [],
    device,
  ].flat() as unknown as Command;
}

/** The volume must be blank: onto a header with another data offset cryptsetup puts none, and beside one of the other version it leaves traces. */
export function headerCommands(device: string, headerFile: string): readonly Command[] {
  return [
    ["wipefs", "--all", "--force", "--quiet", device],
    ["cryptsetup", "luksHeaderRestore", "--batch-mode", device, "--header-backup-file", headerFile],
  ];
}

export function openLuksCommand(device: string, name: string): Command {
  return ["cryptsetup", "open", "--type=luks", "--key-file=-", device, name];
}

const DEFAULT_START_BYTES = 1024 * KIB;
/** LVM keeps its label in the first of them (lvm2 format-text). */
const LABEL_BYTES = 4 * KIB;

export function groupCommands({ group, devices }: Of<"create-volume-group">): readonly Command[] {
  if (group.problem !== undefined) throw unknown(group.id, group.problem);
  const options = lvmOptions(devices);
  const physical = group.physicalVolumes.map(({ uuid, startBytes }, index): Command => {
    // ReaR #2389: where the data begins one alignment later, the volumes do not fit by an extent.
    const metadata = startBytes < DEFAULT_START_BYTES ? [`--metadatasize=${startBytes - LABEL_BYTES}b`] : [];
    const place = startBytes === 0 ? [] : [`--dataalignment=${startBytes}b`, ...metadata];
    const identity = uuid === undefined ? [] : [`--uuid=${uuid}`, "--norestorefile"];
    return ["lvm", "pvcreate", ...options, "--force", "--force", ...identity, ...place, devices[index]!];
  });
  const tags = group.tags.flatMap((tag) => ["--addtag", tag]);
  return [...physical, ["lvm", "vgcreate", ...options, `--physicalextentsize=${group.extentBytes}b`, ...tags, group.id, ...devices]];
}

export function volumeCommands({ volume, extentBytes, places }: Of<"create-logical-volume">): readonly Command[] {
  const { form, id, volumeGroup, sizeBytes, tags } = volume;
  const name = namesOf(volume).volume;
  const nodes = (ids: readonly string[]) => [...new Set(ids)].flatMap((device) => places.get(device) ?? []);
  const extents = `--extents=${Math.ceil(sizeBytes / extentBytes)}`;
  const options = lvmOptions(places.values());
  const make = (...words: readonly string[]): Command => {
    const labels = tags.flatMap((tag) => ["--addtag", tag]);
    return ["lvm", "lvcreate", ...options, "--name", name, ...labels, ...words];
  };
  switch (form.type) {
    case "segments":
      return segmentCommands(form.segments, { id, volumeGroup, options, make, nodes });
    case "raid": {
      const stripes = form.dataStripes > 1 ? [`--stripes=${form.dataStripes}`] : [];
      const stripeSize = form.stripeBytes === undefined ? [] : [`--stripesize=${form.stripeBytes}b`];
      const mirrors = form.copies > 1 ? [`--mirrors=${form.copies - 1}`] : [];
      const region = form.regionBytes === undefined ? [] : [`--regionsize=${form.regionBytes}b`];
      return [make(`--type=${form.level}`, extents, ...stripes, ...stripeSize, ...mirrors, ...region, volumeGroup, ...nodes(form.on))];
    }
    case "thin-pool": {
      const sizes = [`--chunksize=${form.chunkBytes}b`, `--poolmetadatasize=${form.metadataBytes}b`];
      const rest = [`--zero=${form.zero ? "y" : "n"}`, `--discards=${form.discards}`];
      return [make("--type=thin-pool", extents, ...sizes, ...rest, volumeGroup, ...nodes(form.on))];
    }
    case "thin":
      return [make("--type=thin", `--virtualsize=${sizeBytes}b`, `--thinpool=${form.pool.slice(volumeGroup.length + 1)}`, volumeGroup)];
    case "other":
      throw unknown(id, `it is ${form.word}`);
  }
}

interface Making {
  readonly id: string;
  readonly volumeGroup: string;
  readonly options: readonly string[];
  make(...words: readonly string[]): Command;
  nodes(ids: readonly string[]): readonly string[];
}

/** The first one makes the volume, the others make it longer. */
function segmentCommands(segments: readonly VolumeSegment[], { id, volumeGroup, options, make, nodes }: Making): readonly Command[] {
  const words = segments.map(({ stripes, stripeBytes }) => {
    if (stripes === 1) return [];
    return [`--stripes=${stripes}`, ...(stripeBytes === undefined ? [] : [`--stripesize=${stripeBytes}b`])];
  });
  const [first, ...more] = segments;
  if (first === undefined) throw unknown(id, "it has no segments");
  return [
    make(`--extents=${first.extents}`, ...words[0]!, volumeGroup, ...nodes(first.on)),
    ...more.map(({ extents, stripes, on }, index): Command => {
      const plain = stripes === 1 ? ["--stripes=1"] : [];
      return ["lvm", "lvextend", ...options, ...plain, ...words[index + 1]!, `--extents=+${extents}`, id, ...nodes(on)];
    }),
  ];
}

export interface IdCommands {
  /** Closes the group, and writes its metadata to the file. */
  readonly before: readonly Command[];
  /** Takes the metadata from the file, and opens the group. */
  readonly after: readonly Command[];
}

/** A volume's UUID cannot be changed while it is open (vgcfgrestore(8)); with thin volumes LVM wants to be told twice. */
export function idCommands({ group, devices }: Of<"keep-volume-ids">, file: string): IdCommands {
  const options = lvmOptions(devices);
  return {
    before: [
      ["lvm", "vgchange", ...options, "--activate=n", group.id],
      ["lvm", "vgcfgbackup", ...options, "--file", file, group.id],
    ],
    after: [
      ["lvm", "vgcfgrestore", ...options, "--force", "--file", file, group.id],
      ["lvm", "vgchange", ...options, "--activate=y", group.id],
    ],
  };
}

/** Adds what the group is on to LVM's list of devices, in LVM_SYSTEM_DIR; it alone obeys a filter beside such a list (vgimportdevices(8)). */
export function importDevicesCommand({ group, devices }: Of<"write-lvm-devices">["groups"][number]): Command {
  return ["lvm", "vgimportdevices", ...lvmOptions(devices, { usesDevicesFile: true }), group.id];
}

/** Puts together what is there. */
export function openCommand({ stacked, device, on }: Of<"open-device">): Command {
  switch (stacked.kind) {
    case "array":
      return ["mdadm", "--assemble", device, "--run", ...(stacked.uuid === undefined ? [] : [`--uuid=${colonUuid(stacked.uuid)}`])];
    case "luks":
      return openLuksCommand(device, stacked.id);
    case "volume-group":
      return ["lvm", "vgchange", ...lvmOptions(on), "--activate=y", stacked.id];
  }
}

/** The same, so that nothing on it can be written; `on`: all of it that is there. */
export function lookCommand({ stacked, device, on }: Of<"open-device">): Command {
  switch (stacked.kind) {
    case "array": {
      const identity = stacked.uuid === undefined ? [] : [`--uuid=${colonUuid(stacked.uuid)}`];
      return ["mdadm", "--assemble", device, "--run", "--readonly", ...identity, ...on];
    }
    case "luks":
      return ["cryptsetup", "open", "--readonly", "--type=luks", "--key-file=-", device, stacked.id];
    case "volume-group": {
      const activation = `${LVM_ACTIVATION} read_only_volume_list=["${stacked.id}"]`;
      return ["lvm", "vgchange", ...lvmOptions(on, { activation }), "--activate=y", stacked.id];
    }
  }
}

/** What takes it apart again, with nothing lost. Volumes go with their group. */
export function closeCommand(stacked: StackedDevice, device: string, on: readonly string[]): Command | undefined {
  switch (stacked.kind) {
    case "array":
      return ["mdadm", "--stop", device];
    case "luks":
      return ["cryptsetup", "close", stacked.id];
    case "volume-group":
      return ["lvm", "vgchange", ...lvmOptions(on), "--activate=n", stacked.id];
    case "logical-volume":
    case "other":
      return undefined;
  }
}

function unknown(id: string, why: string): LifeboatError {
  return new LifeboatError(`Cannot make "${id}" as how it was made must be known: ${why}`, {
    hint: "The set was made with --accept-unrestorable, or machine.json was changed",
  });
}
