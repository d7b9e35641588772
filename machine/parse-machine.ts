// Reads machine.json: each field of the model is looked at, so that a lie in it is found before it is acted upon.

import * as v from "valibot";
import { LifeboatError } from "#os/error";
import type {
  BootEntry,
  BootLoader,
  Disk,
  EfiLoader,
  FileSystem,
  FileSystemParameters,
  Firmware,
  FstabEntry,
  GrubTools,
  Hardware,
  Layout,
  Machine,
  MountPoint,
  NetworkCard,
  OperatingSystem,
  Partition,
  PartitionTable,
  Swap,
} from "./model.ts";
import type { DeviceImage } from "./device-image.ts";
import type { LuksHeader, StackedDevice, VolumeForm } from "./stacked-device.ts";

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

/** What reads `Type` from JSON. Fields that it does not name are dropped: newer versions may write more. */
type Schema<Type> = v.GenericSchema<unknown, Type>;

const Whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** No program can be given a zero byte. */
const Text = v.pipe(
  v.string(),
  v.check((text) => !text.includes("\0"), "it must be text without zero bytes"),
);

/** What stands in sfdisk's script, where a newline would begin another line and a quote end a name. */
const Word = v.pipe(v.string(), v.regex(/^[^\p{Cc}"]*$/u, 'it must be text on one line, without "'));

/** Handed to a program as an argument, where a hyphen before it would make it an option. */
const Name = v.pipe(v.string(), v.regex(/^[^\p{Cc}-][^\p{Cc}]*$/u, "it must be a name on one line"));

const NOT_ABSOLUTE = "it must be an absolute path, without ..";

/** Read below the directory that the machine is mounted at, which it must not leave. */
const Path = v.pipe(
  Text,
  v.check((path) => path.startsWith("/") && staysInside(path), NOT_ABSOLUTE),
);

const RelativePath = v.pipe(
  Text,
  v.check((path) => !path.startsWith("/") && staysInside(path), "it must be a relative path, without .."),
);

function staysInside(path: string): boolean {
  return !path.split(/[/\\]/).includes("..");
}

/** JSON has no undefined: such a key is not there. */
function maybe<Input, Output>(schema: v.GenericSchema<Input, Output>) {
  return v.optional(schema, () => undefined);
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
});

const FormSchema: Schema<VolumeForm> = v.variant("type", [
  v.object({
    type: v.literal("segments"),
    segments: v.array(v.object({ extents: Positive, stripes: Positive, stripeBytes: maybe(Positive), on: v.array(Text) })),
  }),
  v.object({
    type: v.literal("raid"),
    level: Name,
    dataStripes: Positive,
    copies: Positive,
    stripeBytes: maybe(Positive),
    regionBytes: maybe(Positive),
    on: v.array(Text),
  }),
  v.object({
    type: v.literal("thin-pool"),
    chunkBytes: Whole,
    metadataBytes: Whole,
    zero: v.boolean(),
    discards: v.picklist(["ignore", "nopassdown", "passdown"]),
    on: v.array(Text),
  }),
  v.object({ type: v.literal("thin"), pool: Name, origin: maybe(Name) }),
  v.object({ type: v.literal("other"), word: Text }),
]);

const LuksHeaderSchema: Schema<LuksHeader> = v.object({
  version: v.picklist([1, 2]),
  cipher: Name,
  keyBits: Positive,
  hash: Name,
  sectorBytes: Positive,
  dataOffsetBytes: Positive,
  label: maybe(Text),
  subsystem: maybe(Text),
  derivation: Name,
  keySlots: Whole,
  tokens: Whole,
});

const StackedSchema: Schema<StackedDevice> = v.variant("kind", [
  v.object({
    kind: v.literal("array"),
    id: Name,
    uuid: maybe(Name),
    level: Name,
    members: v.array(Text),
    spares: v.array(Text),
    sizeBytes: Whole,
    shape: maybe(
      v.object({
        deviceCount: Positive,
        metadata: Name,
        name: maybe(Word),
        chunkBytes: maybe(Positive),
        layout: maybe(Name),
        hasBitmap: v.boolean(),
        memberBytes: Whole,
        dataOffsetBytes: Whole,
      }),
    ),
  }),
  v.object({
    kind: v.literal("volume-group"),
    id: Name,
    uuid: maybe(Name),
    extentBytes: Whole,
    physicalVolumes: v.array(v.object({ device: Text, uuid: maybe(Name), startBytes: Whole, extents: Whole, allocatable: v.boolean() })),
    tags: v.array(Name),
    problem: maybe(Text),
  }),
  v.object({
    kind: v.literal("logical-volume"),
    id: Name,
    uuid: maybe(Name),
    volumeGroup: Name,
    sizeBytes: Whole,
    form: FormSchema,
    tags: v.array(Name),
  }),
  v.object({
    kind: v.literal("luks"),
    id: Name,
    device: Text,
    uuid: maybe(Name),
    sizeBytes: Whole,
    header: maybe(LuksHeaderSchema),
    problem: maybe(Text),
  }),
  v.object({ kind: v.literal("other"), id: Text, type: Text, on: v.array(Text), sizeBytes: Whole }),
]);

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
  method: v.picklist(["ntfsclone", "raw"]),
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
});

const GrubToolsSchema: Schema<GrubTools> = v.object({ installer: maybe(Path), modules: maybe(Path) });

const BootLoaderSchema: Schema<BootLoader> = v.variant("kind", [
  v.object({ kind: v.literal("grub"), directory: Path, biosDisks: v.array(Text), biosTools: GrubToolsSchema, efi: maybe(EfiSchema) }),
  v.object({ kind: v.literal("systemd-boot"), efi: EfiSchema }),
  v.object({ kind: v.literal("extlinux"), directory: Path, disk: Text, installer: maybe(Path), bootCode: maybe(Path) }),
  v.object({ kind: v.literal("unknown"), detail: Text }),
]);

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
});
