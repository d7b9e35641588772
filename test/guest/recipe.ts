// What the Debian guests are made of, as data: packages, what is left out of them, and the two disks.

const MIB = 1 << 20;
const SECTOR_BYTES = 512;

/** `dracut` is a BIOS machine whose initramfs dracut makes, for what is there. */
export type GuestKind = "bios" | "uefi" | "dracut";

export const KINDS: readonly GuestKind[] = ["bios", "uefi", "dracut"];

export function firmwareOf(kind: GuestKind): "bios" | "uefi" {
  return kind === "uefi" ? "uefi" : "bios";
}

/** What a machine is used as, beside what `lifeboat build` needs (set-up/packages-run.txt). */
export const PACKAGES: readonly string[] = [
  "linux-image-amd64",
  "initramfs-tools",
  "systemd-sysv",
  "udev",
  "iproute2",
  "libcap2-bin",
  "cpio",
  "tar",
];

/** What `lifeboat build` would use and does without, to keep the guests small; its report names them. */
export const NOT_IN_GUESTS = /^(?:qemu-.*|ovmf|binutils|cryptsetup-bin|lvm2|dmsetup|mdadm|btrfs-progs)$/;

/** What makes each guest boot: they exclude one another. */
export const BOOT_PACKAGES: Readonly<Record<GuestKind, readonly string[]>> = {
  bios: ["grub-pc"],
  uefi: ["grub-efi-amd64", "grub-efi-amd64-signed", "shim-signed"],
  dracut: ["grub-pc", "dracut"],
};

export interface LeftOut {
  readonly exclude: readonly string[];
  readonly include: readonly string[];
}

const MODULES = "/lib/modules/*/kernel";
const DRIVERS =
  "accel accessibility android atm auxdisplay bluetooth bus char comedi counter crypto cxl dma edac extcon gnss gpio gpu greybus hid hwmon hwtracing i2c iio infiniband input isdn " +
  "leds media memory mfd misc mtd net ntb nfc parport pcmcia pinctrl platform power powercap pwm rapidio regulator rpmsg siox slimbus soundwire spi staging target thermal " +
  "thunderbolt tty uio usb/atm usb/class usb/gadget usb/image usb/misc usb/serial usb/typec usb/usbip vfio vhost video w1 watchdog xen";
/** Storage behind cards that no virtual machine has: Fibre Channel, and what needs a driver of drivers/net. */
const FAR_STORAGE = "bfa bnx2fc bnx2i cxgbi elx fcoe lpfc qedf qedi qla2xxx qla4xxx";
const PROTOCOLS =
  "6lowpan 9p appletalk atm ax25 batman-adv bluetooth bridge can ceph dccp ieee802154 ipv4 ipv6 kcm key l2tp mac80211 mac802154 mpls mptcp netfilter netrom nfc nsh " +
  "openvswitch phonet psample qrtr rds rose rxrpc sched sctp smc tipc tls vmw_vsock wireless x25 xdp xfrm";
const FILE_SYSTEMS =
  "9p affs afs ceph coda dlm ecryptfs f2fs gfs2 hfs hfsplus hpfs jffs2 jfs minix nfsd nilfs2 ocfs2 orangefs reiserfs smb sysv ubifs ufs vboxsf zonefs";

/** Path patterns of dpkg, in which `*` takes slashes too. */
export const LEFT_OUT: LeftOut = {
  exclude: [
    ...["doc", "man", "locale", "info", "lintian", "bug", "i18n", "grub/themes"].map((name) => `/usr/share/${name}/*`),
    "/lib/udev/hwdb.d/*",
    ...DRIVERS.split(" ").map((name) => `${MODULES}/drivers/${name}/*`),
    ...FAR_STORAGE.split(" ").map((name) => `${MODULES}/drivers/scsi/${name}/*`),
    ...PROTOCOLS.split(" ").map((name) => `${MODULES}/net/${name}/*`),
    ...FILE_SYSTEMS.split(" ").map((name) => `${MODULES}/fs/${name}/*`),
    ...["sound/*", "arch/x86/kvm/*", "arch/x86/crypto/*", "drivers/cpufreq/*", "drivers/block/floppy.ko", "lib/test_*"].map(
      (name) => `${MODULES}/${name}`,
    ),
  ],
  include: [
    ...["mii", "net_failover", "virtio_net", "loopback", "dummy", "mdio"].map((name) => `${MODULES}/drivers/net/${name}.ko`),
    ...["intel/e100.ko", "intel/e1000/*", "intel/e1000e/*", "realtek/8139*", "amd/pcnet32.ko"].map(
      (name) => `${MODULES}/drivers/net/ethernet/${name}`,
    ),
    ...[
      "net/vmxnet3/*",
      "hid/hid.ko",
      "hid/hid-generic.ko",
      "hid/usbhid/*",
      "input/evdev.ko",
      "watchdog/i6300esb.ko",
      "char/hw_random/virtio-rng.ko",
    ].map((name) => `${MODULES}/drivers/${name}`),
  ],
};

export interface GuestPartition {
  readonly number: number;
  readonly startSector: number;
  readonly sizeSectors: number;
  /** As in a script of sfdisk: `type=83, bootable`. */
  readonly attributes: string;
  readonly content: GuestContent | undefined;
}

/** What stands in a partition; undefined there is an extended partition. */
export interface GuestContent {
  readonly fileSystem: "ext2" | "ext3" | "ext4" | "xfs" | "vfat" | "swap";
  readonly uuid: string;
  readonly label?: string;
  /** Where it is mounted; swap has none. */
  readonly path?: string;
  /** The first field of its line in fstab, and the fields after the type. */
  readonly fstab: readonly [source: string, rest: string];
}

export interface GuestDisk {
  readonly sizeBytes: number;
  readonly serial: string;
  /** The lines that open a script of sfdisk. */
  readonly header: readonly string[];
  readonly partitions: readonly GuestPartition[];
}

const DISK_BYTES = 3072 * MIB;

function mib(count: number): number {
  return (count * MIB) / SECTOR_BYTES;
}

const BIOS_DISK: GuestDisk = {
  sizeBytes: DISK_BYTES,
  serial: "LIFEBOAT-B",
  header: ["label: dos", "label-id: 0x1feb0a71"],
  partitions: [
    {
      number: 1,
      startSector: mib(1),
      sizeSectors: mib(160),
      attributes: "type=83, bootable",
      content: {
        fileSystem: "ext2",
        uuid: "b1050001-0000-4000-8000-00000000b007",
        path: "/boot",
        fstab: ["UUID=b1050001-0000-4000-8000-00000000b007", "defaults 0 2"],
      },
    },
    // Nothing stands between 161 and 165 MiB.
    { number: 2, startSector: mib(165), sizeSectors: mib(2906), attributes: "type=5", content: undefined },
    {
      number: 5,
      startSector: mib(166),
      sizeSectors: mib(1900),
      attributes: "type=83",
      content: {
        fileSystem: "ext4",
        uuid: "b1050005-0000-4000-8000-000000000007",
        path: "/",
        fstab: ["UUID=b1050005-0000-4000-8000-000000000007", "errors=remount-ro 0 1"],
      },
    },
    {
      number: 6,
      startSector: mib(2067),
      sizeSectors: mib(96),
      attributes: "type=82",
      content: {
        fileSystem: "swap",
        uuid: "b1050006-0000-4000-8000-000000000007",
        label: "boat-swap",
        fstab: ["LABEL=boat-swap", "sw 0 0"],
      },
    },
    {
      number: 7,
      startSector: mib(2164),
      sizeSectors: mib(800),
      attributes: "type=83",
      content: {
        fileSystem: "ext3",
        uuid: "b1050007-0000-4000-8000-000000000007",
        label: "boat-home",
        path: "/home",
        fstab: ["UUID=b1050007-0000-4000-8000-000000000007", "defaults,nodev 0 0"],
      },
    },
  ],
};

const UEFI_DISK: GuestDisk = {
  sizeBytes: DISK_BYTES,
  serial: "LIFEBOAT-U",
  header: ["label: gpt", "label-id: 0EF10000-0000-4000-8000-00000000B0A7"],
  partitions: [
    {
      number: 1,
      startSector: mib(1),
      sizeSectors: mib(64),
      attributes: 'type=uefi, uuid=0EF10001-0000-4000-8000-00000000B0A7, name="EFI System"',
      content: { fileSystem: "vfat", uuid: "B0A70EF1", label: "BOAT-ESP", path: "/boot/efi", fstab: ["UUID=B0A7-0EF1", "umask=0077 0 1"] },
    },
    {
      number: 2,
      startSector: mib(65),
      sizeSectors: mib(160),
      attributes: 'type=linux, uuid=0EF10002-0000-4000-8000-00000000B0A7, attrs="LegacyBIOSBootable,GUID:63"',
      content: {
        fileSystem: "ext4",
        uuid: "0ef10002-0000-4000-8000-00000000b007",
        label: "boat-boot",
        path: "/boot",
        fstab: ["LABEL=boat-boot", "defaults 0 2"],
      },
    },
    // Nothing stands between 225 and 229 MiB.
    {
      number: 3,
      startSector: mib(229),
      sizeSectors: mib(1900),
      attributes: 'type=linux, uuid=0EF10003-0000-4000-8000-00000000B0A7, name="root"',
      content: {
        fileSystem: "xfs",
        uuid: "0ef10003-0000-4000-8000-000000000007",
        path: "/",
        fstab: ["UUID=0ef10003-0000-4000-8000-000000000007", "defaults 0 0"],
      },
    },
    {
      number: 4,
      startSector: mib(2129),
      sizeSectors: mib(96),
      attributes: "type=swap, uuid=0EF10004-0000-4000-8000-00000000B0A7",
      content: {
        fileSystem: "swap",
        uuid: "0ef10004-0000-4000-8000-000000000007",
        fstab: ["UUID=0ef10004-0000-4000-8000-000000000007", "sw 0 0"],
      },
    },
    {
      number: 5,
      startSector: mib(2225),
      sizeSectors: mib(800),
      attributes: 'type=linux, uuid=0EF10005-0000-4000-8000-00000000B0A7, name="served files"',
      content: {
        fileSystem: "ext4",
        uuid: "0ef10005-0000-4000-8000-000000000007",
        path: "/srv",
        fstab: ["PARTUUID=0ef10005-0000-4000-8000-00000000b0a7", "defaults,noatime 0 0"],
      },
    },
  ],
};

export const DISKS: Readonly<Record<GuestKind, GuestDisk>> = {
  bios: BIOS_DISK,
  uefi: UEFI_DISK,
  dracut: { ...BIOS_DISK, serial: "LIFEBOAT-D" },
};

/** In guests with BIOS, beside the swap partition. */
export const SWAP_FILE = { path: "/swapfile", sizeBytes: 32 * MIB };

export const LOGIN = { user: "root", password: "lifeboat" };

/** Whose bytes go into the root file system, and where else odd files are: `odd-files.pl` gets them, the first with the large ones. */
export function oddDirectories(kind: GuestKind): readonly string[] {
  return firmwareOf(kind) === "bios" ? ["ext4:/odd", "ext3:/home/odd", "ext2:/boot/odd"] : ["xfs:/odd", "ext4:/srv/odd", "ext4:/boot/odd"];
}

/** The whole script of sfdisk. */
export function partitionScript(disk: GuestDisk): string {
  const lines = disk.partitions.map(
    ({ number, startSector, sizeSectors, attributes }) => `disk${number} : start=${startSector}, size=${sizeSectors}, ${attributes}`,
  );
  return `${[...disk.header, "unit: sectors", "", ...lines].join("\n")}\n`;
}

export function fstab(kind: GuestKind): string {
  const lines = DISKS[kind].partitions.flatMap(({ content }) =>
    content === undefined ? [] : [`${content.fstab[0]} ${content.path ?? "none"} ${content.fileSystem} ${content.fstab[1]}`],
  );
  if (firmwareOf(kind) === "bios") lines.push(`${SWAP_FILE.path} none swap sw 0 0`);
  return `# <file system> <mount point> <type> <options> <dump> <pass>\n${lines.join("\n")}\n`;
}
