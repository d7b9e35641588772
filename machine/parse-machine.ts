// Reads machine.json: each field of the model is looked at, so that a lie in it is found before it is acted upon.

import * as v from "valibot";
import { LifeboatError } from "#os/error";
import type { FileSystemParameters } from "./file-system-parameters.ts";
import type {
  BootEntry,
  BootLoader,
  Disk,
  EfiLoader,
  FileSystem,
  Firmware,
  FstabEntry,
  GrubTools,
  Hardware,
  Layout,
  LvmSettings,
  Machine,
  MountPoint,
  NetworkCard,
  OperatingSystem,
  Partition,
  PartitionTable,
  Swap,
} from "./model.ts";
import { IMAGE_METHODS, type DeviceImage } from "./device-image.ts";
import { StackedSchema } from "./parse-stacked.ts";
import {
  NOT_ABSOLUTE,
  Name,
  OptionWord,
  Path,
  Positive,
  RelativePath,
  Text,
  Whole,
  Word,
  maybe,
  staysInside,
  type Schema,
} from "./parse-words.ts";

/** `json` is the parsed text, `where` names it in a sentence. Throws LifeboatError (5) that names the first field that is wrong. */
export function parseMachine(json: unknown, where: string): Machine {
  const parsed = v.safeParse(MachineSchema, json, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new LifeboatError(`Cannot read ${where} as it must describe a machine: ${v.getDotPath(issue) ?? "all of it"}: ${issue.message}`, {
    exitCode: 5,
    hint: "The set is damaged, or was made by a newer Lifeboat. Its files come back with --only and --to",
  });
}

const SystemSchema: Schema<OperatingSystem> = v.object({
  id: Text,
  versionId: maybe(Text),
  prettyName: Text,
  family: Text,
  architecture: Text,
  kernelRelease: Text,
  kernelCommandLine: Text,
});

const BootEntrySchema: Schema<BootEntry> = v.object({
  number: v.pipe(v.string(), v.regex(/^[0-9A-Fa-f]{4}$/)),
  label: Text,
  active: v.boolean(),
  partitionUuid: maybe(Word),
  loaderPath: maybe(v.pipe(Text, v.check(staysInside, "it must be a path without .."))),
  devicePath: Text,
});

const FirmwareSchema: Schema<Firmware> = v.variant("kind", [
  v.object({ kind: v.literal("bios") }),
  v.object({
    kind: v.literal("uefi"),
    secureBoot: v.boolean(),
    entries: v.array(BootEntrySchema),
    order: v.array(Text),
  }),
]);

const HardwareSchema: Schema<Hardware> = v.object({
  vendor: maybe(Text),
  product: maybe(Text),
  serial: maybe(Text),
  memoryBytes: Whole,
  processors: Whole,
});

const NetworkCardSchema: Schema<NetworkCard> = v.object({
  name: Text,
  mac: maybe(Text),
  driver: maybe(Text),
  addresses: v.array(Text),
  gateway: maybe(Text),
});

const PartitionSchema: Schema<Partition> = v.object({
  id: Text,
  number: Positive,
  startSector: Whole,
  sizeSectors: Positive,
  role: v.picklist(["primary", "extended", "logical"]),
  type: Word,
  uuid: maybe(Word),
  label: maybe(Text),
  attributes: Word,
  active: v.boolean(),
});

const TableSchema: Schema<PartitionTable> = v.object({
  kind: v.picklist(["gpt", "mbr"]),
  id: Word,
  entryCount: maybe(Whole),
  firstSector: maybe(Whole),
  lastSector: maybe(Whole),
  partitions: v.array(PartitionSchema),
});

const DiskSchema: Schema<Disk> = v.object({
  id: Text,
  identity: v.object({
    wwid: maybe(Text),
    serial: maybe(Text),
    model: maybe(Text),
    driver: maybe(Text),
    drivers: v.optional(v.array(Text), []),
  }),
  sizeBytes: Whole,
  logicalSectorBytes: Positive,
  physicalSectorBytes: Positive,
  rotational: v.boolean(),
  removable: v.boolean(),
  table: maybe(TableSchema),
  multipath: v.optional(v.object({ wwid: maybe(Word), paths: v.array(Word) })),
});

const ParametersSchema: Schema<FileSystemParameters> = v.variant("kind", [
  v.object({
    kind: v.literal("ext"),
    blockBytes: Positive,
    clusterBytes: maybe(Positive),
    inodeBytes: Positive,
    inodeCount: Positive,
    features: v.array(Text),
    reservedBlocks: Whole,
    maximumMountCount: v.pipe(v.number(), v.safeInteger()),
    checkIntervalSeconds: Whole,
    defaultMountOptions: v.array(Text),
    onErrors: v.picklist(["continue", "remount-ro", "panic"]),
    tuning: v.optional(
      v.object({
        strideBlocks: Whole,
        stripeBlocks: Whole,
        reservedUid: Whole,
        reservedGid: Whole,
        flexGroups: v.optional(Positive),
        journalBlocks: v.optional(Positive),
        quotaTypes: v.optional(v.array(v.picklist(["usrquota", "grpquota", "prjquota"]))),
        encoding: v.optional(OptionWord),
        directoryHash: v.optional(OptionWord),
        mountOptions: v.optional(OptionWord),
      }),
    ),
  }),
  v.object({
    kind: v.literal("xfs"),
    blockBytes: Positive,
    sectorBytes: Positive,
    inodeBytes: Positive,
    features: v.record(v.string(), v.boolean()),
    naming: Text,
  }),
  v.object({ kind: v.literal("vfat"), fatBits: v.picklist([12, 16, 32]), sectorBytes: Positive, clusterSectors: Positive }),
  v.object({
    kind: v.literal("btrfs"),
    devices: v.pipe(v.array(Text), v.minLength(1)),
    nodeBytes: Positive,
    sectorBytes: Positive,
    checksum: Name,
    isMixed: v.boolean(),
    dataProfile: maybe(Name),
    metadataProfile: maybe(Name),
    subvolumes: maybe(v.array(v.object({ path: RelativePath, isReadOnly: v.boolean(), isSnapshot: v.boolean() }))),
    defaultSubvolume: RelativePath,
  }),
  v.object({ kind: v.literal("f2fs"), features: v.array(OptionWord), encoding: v.optional(v.literal("utf8")) }),
  v.object({ kind: v.literal("plain") }),
  v.object({ kind: v.literal("unknown") }),
]);

const FileSystemSchema: Schema<FileSystem> = v.object({
  device: Text,
  type: Text,
  uuid: maybe(Text),
  label: maybe(Text),
  sizeBytes: Whole,
  usedBytes: maybe(Whole),
  usedInodes: maybe(Whole),
  parameters: ParametersSchema,
});

const SwapSchema: Schema<Swap> = v.pipe(
  v.object({ kind: v.picklist(["partition", "file"]), place: Text, uuid: maybe(Text), label: maybe(Text), sizeBytes: Whole }),
  v.forward(
    v.check(({ kind, place }) => kind === "partition" || (place.startsWith("/") && staysInside(place)), NOT_ABSOLUTE),
    ["place"],
  ),
);

const MountSchema: Schema<MountPoint> = v.object({ path: Path, device: Text, type: Text, options: v.array(Text), fsRoot: Text });

const FstabSchema: Schema<FstabEntry> = v.object({ spec: Text, path: Text, type: Text, options: v.array(Text) });

const ImageSchema: Schema<DeviceImage> = v.object({
  device: Text,
  method: v.picklist(IMAGE_METHODS),
  tool: Text,
  sizeBytes: Positive,
  file: v.pipe(v.string(), v.regex(/^images\/[A-Za-z0-9][\w.-]*$/, "it must be a name in images/")),
});

const LayoutSchema: Schema<Layout> = v.object({
  disks: v.array(DiskSchema),
  stack: v.array(StackedSchema),
  fileSystems: v.array(FileSystemSchema),
  swaps: v.array(SwapSchema),
  mounts: v.array(MountSchema),
  fstab: v.array(FstabSchema),
  // Sets that were made before there were any have none.
  images: v.optional(v.array(ImageSchema), []),
});

const EfiSchema: Schema<EfiLoader> = v.object({
  mountPoint: Path,
  device: Text,
  vendorDirectory: RelativePath,
  files: v.array(RelativePath),
  unifiedKernels: v.optional(v.array(RelativePath)),
});

const GrubToolsSchema: Schema<GrubTools> = v.object({ installer: maybe(Path), modules: maybe(Path) });

const BootLoaderSchema: Schema<BootLoader> = v.variant("kind", [
  v.object({ kind: v.literal("grub"), directory: Path, biosDisks: v.array(Text), biosTools: GrubToolsSchema, efi: maybe(EfiSchema) }),
  v.object({ kind: v.literal("systemd-boot"), efi: EfiSchema }),
  v.object({ kind: v.literal("extlinux"), directory: Path, disk: Text, installer: maybe(Path), bootCode: maybe(Path) }),
  v.object({ kind: v.literal("unknown"), detail: Text }),
]);

const LvmSchema: Schema<LvmSettings> = v.object({
  devicesFile: maybe(Path),
  usesDevicesFile: v.boolean(),
  filters: v.array(v.object({ key: v.picklist(["filter", "global_filter"]), file: Path, line: Positive, patterns: v.array(Text) })),
});

const MachineSchema: Schema<Machine> = v.object({
  formatVersion: v.literal(1),
  hostName: Text,
  machineId: maybe(Text),
  inspectedAt: Text,
  system: SystemSchema,
  firmware: FirmwareSchema,
  hardware: HardwareSchema,
  layout: LayoutSchema,
  bootLoader: BootLoaderSchema,
  network: v.array(NetworkCardSchema),
  lvm: maybe(LvmSchema),
});
