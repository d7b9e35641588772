// The command that makes a file system as it was: type, identity, and those of its parameters that matter.

import { LifeboatError } from "#os/error";
import type { FileSystemParameters } from "../machine/file-system-parameters.ts";
import type { FileSystem } from "../machine/model.ts";

export type MkfsCommand = readonly [string, ...string[]];

/**
 * First makes it; what follows sets what mkfs cannot. `isTrial` asks mkfs to say what it would do, or for a file to try on. `devices` are all that
 * it is on: btrfs alone has several.
 */
export function mkfsCommands(devices: readonly string[], fileSystem: FileSystem, isTrial = false): readonly MkfsCommand[] {
  const { parameters } = fileSystem;
  const [device = ""] = devices;
  switch (parameters.kind) {
    case "ext":
      return extCommands(device, { fileSystem, parameters, isTrial });
    case "xfs":
      return [xfsCommand(device, { fileSystem, parameters, isTrial })];
    case "vfat":
      return [fatCommand(device, fileSystem, parameters)];
    case "btrfs":
      return [btrfsCommand(devices, fileSystem, parameters)];
    case "f2fs":
      return [f2fsCommand(device, fileSystem, parameters)];
    case "plain":
      return plainCommands(device, fileSystem);
    case "unknown":
      throw new LifeboatError(
        `Cannot make the file system of "${device}" as its parameters must be known: ${fileSystem.type} is not rebuilt yet`,
      );
  }
}

type Kind<K extends FileSystemParameters["kind"]> = Extract<FileSystemParameters, { readonly kind: K }>;

interface Making<K extends FileSystemParameters["kind"]> {
  readonly fileSystem: FileSystem;
  readonly parameters: Kind<K>;
  readonly isTrial: boolean;
}

/** Said of a file system, not asked of mke2fs; or its own business. */
const NOT_ASKED: ReadonlySet<string> = new Set(["needs_recovery", "orphan_present", "journal_dev", "read-only"]);

/** Default mount options that mke2fs.conf sets. */
const MADE_WITH: readonly string[] = ["user_xattr", "acl"];

function extCommands(device: string, { fileSystem, parameters, isTrial }: Making<"ext">): readonly MkfsCommand[] {
  const make = makeExt(device, { fileSystem, parameters, isTrial });
  return isTrial ? [make] : [make, tuneExt(device, parameters, ["-r", `${parameters.reservedBlocks}`])];
}

export interface ExtTrial {
  readonly sizeBytes: number;
  readonly commands: readonly MkfsCommand[];
}

/**
 * What tune2fs will be asked, which it tells of a file system alone: of a small one with the same features. Blocks that are held back
 * are some of the real one's. No commands: it is no ext.
 */
export function extTrial(file: string, fileSystem: FileSystem): ExtTrial {
  const { parameters } = fileSystem;
  if (parameters.kind !== "ext") return { sizeBytes: 0, commands: [] };
  const small = { ...parameters, inodeCount: Math.min(parameters.inodeCount, TRIAL_INODES) };
  return {
    sizeBytes: Math.max(TRIAL_BYTES, TRIAL_CLUSTERS * (parameters.clusterBytes ?? parameters.blockBytes)),
    commands: [makeExt(file, { fileSystem, parameters: small, isTrial: false }), tuneExt(file, parameters)],
  };
}

const TRIAL_BYTES = 64 * 2 ** 20;
const TRIAL_CLUSTERS = 1024;
const TRIAL_INODES = 1024;

function makeExt(device: string, { fileSystem, parameters, isTrial }: Making<"ext">): MkfsCommand {
  const features = parameters.features.filter((feature) => !NOT_ASKED.has(feature));
  return [
    "mke2fs",
    "-F",
    "-q",
    ...(isTrial ? ["-n"] : []),
    ["-t", fileSystem.type],
    ["-b", `${parameters.blockBytes}`],
    // Without it mke2fs takes a size of its own for `bigalloc`.
    parameters.clusterBytes === undefined ? [] : ["-C", `${parameters.clusterBytes}`],
    ["-I", `${parameters.inodeBytes}`],
    ["-N", `${parameters.inodeCount}`],
    // mke2fs.conf's own features are switched off first: what the old one had counts, and nothing else.
    ["-O", ["none", ...features].join(",")],
    ["-m", "0"],
    madeWith(parameters),
    ...identity(["-U", fileSystem.uuid], ["-L", fileSystem.label]),
    device,
  ].flat() as unknown as MkfsCommand;
}

/** What only mke2fs can set. A journal's size is in MiB. */
function madeWith({ blockBytes, tuning }: Kind<"ext">): readonly string[] {
  const { flexGroups, journalBlocks, quotaTypes, encoding } = tuning ?? {};
  const extended = [
    ...(quotaTypes === undefined ? [] : [`quotatype=${quotaTypes.join(":")}`]),
    ...(encoding === undefined ? [] : [`encoding=${encoding}`]),
  ];
  return [
    ...(flexGroups === undefined ? [] : ["-G", `${flexGroups}`]),
    ...(journalBlocks === undefined ? [] : ["-J", `size=${Math.max(1, Math.round((journalBlocks * blockBytes) / 2 ** 20))}`]),
    ...(extended.length === 0 ? [] : ["-E", extended.join(",")]),
  ];
}

function tuneExt(device: string, parameters: Kind<"ext">, more: readonly string[] = []): MkfsCommand {
  const unwanted = MADE_WITH.filter((option) => !parameters.defaultMountOptions.includes(option));
  return [
    "tune2fs",
    ["-c", `${parameters.maximumMountCount}`],
    ["-i", `${parameters.checkIntervalSeconds}s`],
    ["-e", parameters.onErrors],
    more,
    tuningOptions(parameters),
    ["-o", [...unwanted.map((option) => `^${option}`), ...parameters.defaultMountOptions].join(",")],
    device,
  ].flat() as unknown as MkfsCommand;
}

function tuningOptions({ tuning }: Kind<"ext">): readonly string[] {
  if (tuning === undefined) return [];
  const { strideBlocks, stripeBlocks, reservedUid, reservedGid, directoryHash, mountOptions } = tuning;
  const extended = [
    ...(strideBlocks + stripeBlocks === 0 ? [] : [`stride=${strideBlocks}`, `stripe_width=${stripeBlocks}`]),
    ...(directoryHash === undefined ? [] : [`hash_alg=${directoryHash}`]),
    ...(mountOptions === undefined ? [] : [`mount_opts=${mountOptions}`]),
  ];
  return [...(extended.length === 0 ? [] : ["-E", extended.join(",")]), "-u", `${reservedUid}`, "-g", `${reservedGid}`];
}

/** xfs_info's words that mkfs.xfs takes again in -m; others are its own business, or change with its version. */
const XFS_METADATA_WORDS = ["crc", "finobt", "rmapbt", "reflink", "bigtime", "inobtcount"];

function xfsCommand(device: string, { fileSystem, parameters, isTrial }: Making<"xfs">): MkfsCommand {
  const { features } = parameters;
  const words = XFS_METADATA_WORDS.filter((word) => features[word] !== undefined).map((word) => `${word}=${features[word] ? 1 : 0}`);
  const inode = [`size=${parameters.inodeBytes}`, ...(features["sparse"] === undefined ? [] : [`sparse=${features["sparse"] ? 1 : 0}`])];
  const nrext64 = features["nrext64"] === undefined ? [] : [`nrext64=${features["nrext64"] ? 1 : 0}`];
  const ftype = features["ftype"] === undefined || features["crc"] === true ? [] : ["-n", `ftype=${features["ftype"] ? 1 : 0}`];
  return [
    ...(isSmallXfs(fileSystem) ? ALLOWING_SMALL_XFS : []),
    "mkfs.xfs",
    "-f",
    "-q",
    ...(isTrial ? ["-N"] : []),
    ["-b", `size=${parameters.blockBytes}`],
    ["-s", `size=${parameters.sectorBytes}`],
    ["-i", [...inode, ...nrext64].join(",")],
    ["-m", [...words, ...(fileSystem.uuid === undefined ? [] : [`uuid=${fileSystem.uuid}`])].join(",")],
    ...ftype,
    ...identity(["-L", fileSystem.label]),
    device,
  ].flat() as unknown as MkfsCommand;
}

/** xfsprogs from 5.19 on makes none below this size unless it is told to. */
const SUPPORTED_XFS_BYTES = 300 * 2 ** 20;

/** It works as before: only mkfs.xfs minds, and not the kernel. */
export function isSmallXfs({ sizeBytes, parameters }: FileSystem): boolean {
  return parameters.kind === "xfs" && sizeBytes < SUPPORTED_XFS_BYTES;
}

/**
 * `--unsupported` stops older versions, which need no leave: these variables do the same and are passed over by them.
 * https://lore.kernel.org/all/164738662491.3191861.15611882856331908607.stgit@magnolia/
 */
const ALLOWING_SMALL_XFS = ["env", "TEST_DIR=1", "TEST_DEV=1", "QA_CHECK_FS=1"];

function fatCommand(device: string, { uuid, label }: FileSystem, parameters: Kind<"vfat">): MkfsCommand {
  return [
    "mkfs.fat",
    ["-F", `${parameters.fatBits}`],
    ["-S", `${parameters.sectorBytes}`],
    ["-s", `${parameters.clusterSectors}`],
    ...identity(["-i", uuid?.replace("-", "")], ["-n", label]),
    device,
  ].flat() as unknown as MkfsCommand;
}

/** Profiles that need several devices are asked for as they were; mkfs.btrfs says when there are too few. */
function btrfsCommand(devices: readonly string[], { uuid, label }: FileSystem, parameters: Kind<"btrfs">): MkfsCommand {
  const { nodeBytes, sectorBytes, checksum, isMixed, dataProfile, metadataProfile } = parameters;
  return [
    "mkfs.btrfs",
    "--force",
    "--quiet",
    ["--nodesize", `${nodeBytes}`],
    ["--sectorsize", `${sectorBytes}`],
    ["--checksum", checksum],
    isMixed ? ["--mixed"] : [],
    ...identity(["--data", dataProfile], ["--metadata", metadataProfile], ["--uuid", uuid], ["--label", label]),
    ...devices,
  ].flat() as unknown as MkfsCommand;
}

function f2fsCommand(device: string, { uuid, label }: FileSystem, { features, encoding }: Kind<"f2fs">): MkfsCommand {
  return [
    "mkfs.f2fs",
    "-f",
    "-q",
    ...identity(["-O", features.join(",")], ["-C", encoding], ["-U", uuid], ["-l", label]),
    device,
  ].flat() as unknown as MkfsCommand;
}

/** JFS is told its UUID afterwards. */
function plainCommands(device: string, { type, uuid, label }: FileSystem): readonly MkfsCommand[] {
  switch (type) {
    case "reiserfs":
      return [["mkreiserfs", "-q", "-f", "-f", ...identity(["-u", uuid], ["-l", label]).flat(), device]];
    case "jfs":
      return [
        ["mkfs.jfs", "-q", ...identity(["-L", label]).flat(), device],
        ...(uuid === undefined ? [] : [["jfs_tune", "-U", uuid, device] as const]),
      ];
    default:
      throw new LifeboatError(`Cannot make the file system of "${device}" as its type must be known: ${type} is not rebuilt yet`);
  }
}

export function mkswapCommand(
  device: string,
  { uuid, label }: { readonly uuid: string | undefined; readonly label: string | undefined },
): MkfsCommand {
  return ["mkswap", ["--force"], ...identity(["--uuid", uuid], ["--label", label]), device].flat() as unknown as MkfsCommand;
}

/** Options that have a value. */
function identity(...options: readonly (readonly [string, string | undefined])[]): readonly (readonly string[])[] {
  return options.flatMap(([option, value]) => (value === undefined || value === "" ? [] : [[option, value]]));
}
