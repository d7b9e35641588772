// For tests: machines as data that are restorable as they stand, to be changed in one place each.
import type { BtrfsParameters } from "./file-system-parameters.ts";
import type { Disk, FileSystem, GrubTools, Layout, Machine, MountPoint, Partition, PartitionTable } from "./model.ts";

const MIB = 1 << 20;
const SECTORS_A_MIB = 2048;

const LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4";
const ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";
const SWAP = "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f";

function partition(number: number, startMiB: number, sizeMiB: number, type: string): Partition {
  return {
    id: `sda${number}`,
    number,
    startSector: startMiB * SECTORS_A_MIB,
    sizeSectors: sizeMiB * SECTORS_A_MIB,
    role: "primary",
    type,
    uuid: `00000000-0000-4000-8000-00000000000${number}`,
    label: undefined,
    attributes: "",
    active: false,
  };
}

function disk(table: PartitionTable): Disk {
  return {
    id: "sda",
    identity: { wwid: "naa.5000c500a1b2c3d4", serial: "WX1", model: "QEMU HARDDISK", driver: "ahci", drivers: ["sd", "ahci"] },
    sizeBytes: 4096 * MIB,
    logicalSectorBytes: 512,
    physicalSectorBytes: 512,
    rotational: true,
    removable: false,
    table,
  };
}

const GPT: PartitionTable = {
  kind: "gpt",
  id: "11111111-2222-4333-8444-555555555555",
  entryCount: 128,
  firstSector: 2048,
  lastSector: 4096 * SECTORS_A_MIB - 34,
  partitions: [partition(1, 1, 64, ESP), partition(2, 65, 3000, LINUX), partition(3, 3065, 500, LINUX), partition(4, 3565, 256, SWAP)],
};

const MBR: PartitionTable = {
  kind: "mbr",
  id: "0x1a2b3c4d",
  entryCount: undefined,
  firstSector: undefined,
  lastSector: undefined,
  partitions: [
    { ...partition(2, 1, 3064, "83"), uuid: "1a2b3c4d-02", active: true },
    { ...partition(3, 3065, 500, "83"), uuid: "1a2b3c4d-03" },
    { ...partition(4, 3565, 256, "82"), uuid: "1a2b3c4d-04" },
  ],
};

const ROOT: FileSystem = {
  device: "sda2",
  type: "ext4",
  uuid: "7a61ccf8-d4dc-4a28-aa1e-bd1c6a57709c",
  label: "root",
  sizeBytes: 3000 * MIB,
  usedBytes: 900 * MIB,
  usedInodes: 13_000,
  parameters: {
    kind: "ext",
    blockBytes: 4096,
    clusterBytes: undefined,
    inodeBytes: 256,
    inodeCount: 192_000,
    features: [
      "has_journal",
      "ext_attr",
      "resize_inode",
      "dir_index",
      "filetype",
      "extent",
      "64bit",
      "flex_bg",
      "sparse_super",
      "metadata_csum",
    ],
    reservedBlocks: 38_400,
    maximumMountCount: -1,
    checkIntervalSeconds: 0,
    defaultMountOptions: ["user_xattr", "acl"],
    onErrors: "continue",
  },
};

const DATA: FileSystem = {
  device: "sda3",
  type: "xfs",
  uuid: "b4946635-dd96-462a-a002-414401064400",
  label: undefined,
  sizeBytes: 500 * MIB,
  usedBytes: 40 * MIB,
  usedInodes: 3,
  parameters: {
    kind: "xfs",
    blockBytes: 4096,
    sectorBytes: 512,
    inodeBytes: 512,
    features: { crc: true, finobt: true, sparse: true, rmapbt: false, reflink: true, bigtime: true, inobtcount: true, ftype: true },
    naming: "version 2",
  },
};

const EFI: FileSystem = {
  device: "sda1",
  type: "vfat",
  uuid: "ABCD-1234",
  label: "ESP",
  sizeBytes: 64 * MIB,
  usedBytes: 5 * MIB,
  usedInodes: undefined,
  parameters: { kind: "vfat", fatBits: 32, sectorBytes: 512, clusterSectors: 1 },
};

const MOUNT: MountPoint = { path: "/", device: "sda2", type: "ext4", options: ["rw", "relatime"], fsRoot: "/" };

const GRUB_TOOLS: GrubTools = { installer: "/usr/sbin/grub-install", modules: "/usr/lib/grub/i386-pc" };

/** On one device, without subvolumes. */
export const BTRFS: BtrfsParameters = {
  kind: "btrfs",
  devices: ["sda2"],
  nodeBytes: 16384,
  sectorBytes: 4096,
  checksum: "crc32c",
  isMixed: false,
  dataProfile: "single",
  metadataProfile: "dup",
  subvolumes: [],
  defaultSubvolume: "",
};

/** GRUB on BIOS, an MBR disk: `/` ext4, `/srv` xfs, a swap partition. */
export const BIOS_MACHINE: Machine = {
  formatVersion: 1,
  hostName: "web1",
  machineId: "3d1219c7c4c5404aaa1f6d2a48adfda4",
  inspectedAt: "2026-11-21T19:45:00.000Z",
  system: {
    id: "debian",
    versionId: "12",
    prettyName: "Debian GNU/Linux 12 (bookworm)",
    family: "debian",
    architecture: "x86_64",
    kernelRelease: "6.1.0-13-amd64",
    kernelCommandLine: "BOOT_IMAGE=/boot/vmlinuz-6.1.0-13-amd64 root=UUID=7a61ccf8-d4dc-4a28-aa1e-bd1c6a57709c ro",
  },
  firmware: { kind: "bios" },
  hardware: { vendor: "QEMU", product: "Standard PC", serial: undefined, memoryBytes: 1024 * MIB, processors: 2 },
  layout: {
    disks: [disk(MBR)],
    stack: [],
    fileSystems: [ROOT, DATA],
    swaps: [{ kind: "partition", place: "sda4", uuid: "249e68a9-c50c-45e4-9da8-d3d7d7f62d63", label: undefined, sizeBytes: 256 * MIB }],
    mounts: [MOUNT, { ...MOUNT, path: "/srv", device: "sda3", type: "xfs" }],
    fstab: [
      { spec: "UUID=7a61ccf8-d4dc-4a28-aa1e-bd1c6a57709c", path: "/", type: "ext4", options: ["errors=remount-ro"] },
      { spec: "UUID=b4946635-dd96-462a-a002-414401064400", path: "/srv", type: "xfs", options: ["defaults"] },
      { spec: "UUID=249e68a9-c50c-45e4-9da8-d3d7d7f62d63", path: "none", type: "swap", options: ["sw"] },
    ],
    images: [],
  },
  bootLoader: { kind: "grub", directory: "/boot/grub", biosDisks: ["sda"], biosTools: GRUB_TOOLS, efi: undefined },
  network: [{ name: "eth0", mac: "52:54:00:12:34:56", driver: "virtio_net", addresses: ["10.0.2.15/24"], gateway: "10.0.2.2" }],
  lvm: undefined,
};

/** The same by UEFI, on a GPT disk with an EFI system partition. */
export const UEFI_MACHINE: Machine = {
  ...BIOS_MACHINE,
  firmware: {
    kind: "uefi",
    secureBoot: true,
    order: ["0002", "0000"],
    entries: [
      {
        number: "0000",
        label: "UiApp",
        active: true,
        partitionUuid: undefined,
        loaderPath: undefined,
        devicePath: "FvVol(7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1)/FvFile(462caa21-7614-4503-836e-8ab6f4662331)",
      },
      {
        number: "0002",
        label: "debian",
        active: true,
        partitionUuid: "00000000-0000-4000-8000-000000000001",
        loaderPath: "\\EFI\\debian\\shimx64.efi",
        devicePath: "HD(1,GPT,00000000-0000-4000-8000-000000000001,0x800,0x20000)/File(\\EFI\\debian\\shimx64.efi)",
      },
    ],
  },
  layout: {
    ...BIOS_MACHINE.layout,
    disks: [disk(GPT)],
    fileSystems: [EFI, ROOT, DATA],
    mounts: [...BIOS_MACHINE.layout.mounts, { ...MOUNT, path: "/boot/efi", device: "sda1", type: "vfat" }],
  },
  bootLoader: {
    kind: "grub",
    directory: "/boot/grub",
    biosDisks: [],
    biosTools: { installer: "/usr/sbin/grub-install", modules: undefined },
    efi: {
      mountPoint: "/boot/efi",
      device: "sda1",
      vendorDirectory: "debian",
      files: ["EFI/debian/shimx64.efi", "EFI/debian/grubx64.efi", "EFI/BOOT/BOOTX64.EFI"],
    },
  },
};

export function withLayout(machine: Machine, layout: Partial<Layout>): Machine {
  return { ...machine, layout: { ...machine.layout, ...layout } };
}

/** `/srv` moved to another device, or made otherwise. */
export function withSrv(change: Partial<FileSystem>, layout: Partial<Layout> = {}): Machine {
  const { fileSystems, mounts } = BIOS_MACHINE.layout;
  return withLayout(BIOS_MACHINE, {
    fileSystems: fileSystems.map((fileSystem) => (fileSystem.device === "sda3" ? { ...fileSystem, ...change } : fileSystem)),
    mounts: mounts.map((mount) => (mount.path === "/srv" ? { ...mount, device: change.device ?? mount.device } : mount)),
    ...layout,
  });
}

export function withDisk(machine: Machine, change: (disk: Disk) => Disk): Machine {
  return withLayout(machine, { disks: machine.layout.disks.map(change) });
}

export function withTable(machine: Machine, change: (table: PartitionTable) => Partial<PartitionTable>): Machine {
  return withDisk(machine, (disk) => (disk.table === undefined ? disk : { ...disk, table: { ...disk.table, ...change(disk.table) } }));
}
