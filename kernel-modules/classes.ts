// Classes of modules by name, and which of their members must be there before the medium is reached: data only.
import { words } from "./text-lines.ts";

export interface ModuleClass {
  readonly name: string;
  readonly about: string;
  /** What it takes to reach a medium, or to talk with the user before: the initramfs. */
  readonly early: ClassMembers;
  /** What can wait for the tools layer. */
  readonly late: ClassMembers;
  /** Taken for every machine, whatever its own hardware is: "early" members, "all" or "none". */
  readonly always: "early" | "all" | "none";
}

export interface ClassMembers {
  /** Beginnings of paths as in the kernel's source: `drivers/scsi/`, `drivers/ata/pata_`. The longest that fits decides. */
  readonly paths: readonly string[];
  /** Module names; a name counts more than any path. */
  readonly modules: readonly string[];
}

/** The layer of a module that belongs to a class; modules of no class are late. */
export interface ClassPlace {
  readonly class: string;
  readonly stage: "early" | "late";
}

const NONE: ClassMembers = { paths: [], modules: [] };

function paths(...list: readonly string[]): ClassMembers {
  return { paths: list, modules: [] };
}

function modules(...list: readonly string[]): ClassMembers {
  return { paths: [], modules: list };
}

export const CLASSES: readonly ModuleClass[] = [
  {
    name: "scsi",
    about: "SCSI, SAS, Fibre Channel and RAID controllers, UFS; iSCSI, FCoE and PCMCIA lead to disks, not to media, and can wait",
    early: { paths: ["drivers/scsi/", "drivers/message/fusion/", "drivers/ufs/"], modules: ["sd_mod", "sg", "scsi_mod"] },
    late: {
      paths: words(`
          drivers/target/ drivers/scsi/be2iscsi/ drivers/scsi/bnx2i/ drivers/scsi/bnx2fc/ drivers/scsi/cxgbi/
          drivers/scsi/csiostor/ drivers/scsi/fcoe/ drivers/scsi/fnic/ drivers/scsi/libfc/ drivers/scsi/pcmcia/
          drivers/scsi/qedf/ drivers/scsi/qedi/ drivers/scsi/qla4xxx/
        `),
      modules: words(`
          scsi_debug tcm_qla2xxx iscsi_tcp libiscsi libiscsi_tcp iscsi_boot_sysfs scsi_transport_iscsi scsi_transport_srp
        `),
    },
    always: "none",
  },
  {
    name: "ide",
    about: "IDE controllers, as old IDE drivers or as libata's",
    early: { paths: ["drivers/ide/", "drivers/ata/pata_"], modules: ["ata_piix", "ata_generic"] },
    late: modules("pata_pcmcia"),
    always: "none",
  },
  { name: "sata", about: "SATA controllers", early: paths("drivers/ata/"), late: NONE, always: "none" },
  {
    name: "usb",
    about: "USB host controllers and USB storage; of the rest what is no gadget",
    early: paths(
      ...["core", "common", "host", "storage", "dwc2", "dwc3", "chipidea", "musb", "cdns3", "phy", "roles", "typec"].map(
        (directory) => `drivers/usb/${directory}/`,
      ),
    ),
    late: { paths: ["drivers/usb/"], modules: ["typec_displayport", "typec_nvidia"] },
    always: "early",
  },
  {
    name: "network",
    about: "Wired network cards and their transceivers, USB network adapters; wireless and the protocols can wait",
    early: {
      paths: ["ethernet", "phy", "mdio", "pcs", "usb", "hyperv", "vmxnet3"].map((directory) => `drivers/net/${directory}/`),
      modules: ["af_packet", "ipv6", "mii", "mdio", "8021q", "failover", "net_failover"],
    },
    late: paths("drivers/net/", "drivers/infiniband/", "net/"),
    always: "none",
  },
  {
    name: "filesystems",
    about: "File systems that media have, local and over the network; the others can wait",
    early: {
      paths: words(`
          isofs udf fat exfat ntfs3 ext2 ext4 jbd2 xfs btrfs f2fs hfsplus fuse nls 9p nfs nfs_common lockd smb
          cifs fscache netfs
        `).map((directory) => `fs/${directory}/`),
      modules: ["sunrpc", "mbcache"],
    },
    late: { paths: ["fs/"], modules: ["ksmbd"] },
    always: "early",
  },
  {
    name: "tools-layer",
    about: "What it takes to mount the tools layer itself",
    early: { paths: ["fs/squashfs/", "fs/overlayfs/"], modules: ["loop"] },
    late: NONE,
    always: "early",
  },
  {
    name: "lvm",
    about: "Device-mapper targets that LVM uses",
    early: NONE,
    late: {
      paths: ["drivers/md/dm-cache", "drivers/md/dm-thin", "drivers/md/persistent-data/"],
      modules: ["dm_snapshot", "dm_mirror", "dm_raid", "dm_writecache", "dm_integrity", "dm_log", "dm_region_hash", "dm_bufio"],
    },
    always: "all",
  },
  {
    name: "md",
    about: "Linux software RAID",
    early: NONE,
    late: { paths: ["drivers/md/md-", "drivers/md/raid"], modules: ["md_mod", "linear", "multipath", "faulty"] },
    always: "all",
  },
  { name: "dm", about: "Device mapper: crypt, multipath and all others", early: NONE, late: paths("drivers/md/"), always: "all" },
  {
    name: "nvme",
    about: "NVMe drives on PCIe, also behind Intel VMD; fabrics can wait",
    early: { paths: ["drivers/nvme/host/", "drivers/nvme/common/"], modules: ["vmd"] },
    late: { paths: ["drivers/nvme/"], modules: ["nvme_fabrics", "nvme_fc", "nvme_rdma", "nvme_tcp"] },
    always: "none",
  },
  {
    name: "virtio",
    about: "virtio devices of QEMU, KVM and clouds",
    early: {
      paths: ["drivers/virtio/", "net/9p/"],
      modules: ["virtio_blk", "virtio_scsi", "virtio_net", "virtio_console", "virtio_rng", "virtio_iommu"],
    },
    late: modules("9pnet_rdma"),
    always: "none",
  },
  {
    name: "hypervisors",
    about: "Devices of Hyper-V, Xen and VMware",
    early: {
      paths: ["drivers/hv/"],
      modules: words(`
          hv_storvsc hv_netvsc hid_hyperv hyperv_keyboard pci_hyperv pci_hyperv_intf vmw_pvscsi vmw_vmci
          xen_blkfront xen_netfront xen_scsifront xen_kbdfront xen_pcifront
        `),
    },
    late: paths("drivers/xen/"),
    always: "none",
  },
  {
    name: "mmc",
    about: "SD and MMC cards, Memory Sticks and their readers",
    early: paths("drivers/mmc/", "drivers/memstick/", "drivers/misc/cardreader/"),
    late: NONE,
    always: "none",
  },
  {
    name: "hid",
    about: "Keyboards, for the questions before the medium is reached; other input devices can wait",
    early: {
      paths: words(`
          drivers/hid/usbhid/ drivers/hid/i2c-hid/ drivers/hid/surface-hid/ drivers/input/keyboard/
          drivers/input/serio/ drivers/platform/surface/aggregator/
        `),
      modules: words(`
          hid hid_generic hid_apple hid_cherry hid_chicony hid_holtek_kbd hid_lenovo hid_logitech
          hid_logitech_dj hid_logitech_hidpp hid_microsoft hid_multitouch
        `),
    },
    late: paths("drivers/hid/", "drivers/input/", "drivers/platform/surface/"),
    always: "early",
  },
  {
    name: "optical-and-tape",
    about: "Optical drives, tape drives and their changers",
    early: modules("cdrom", "sr_mod", "st", "ch", "osst"),
    late: NONE,
    always: "early",
  },
  {
    name: "firewire",
    about: "FireWire disks; Thunderbolt, whose tunnels the firmware has set up by then, can wait",
    early: modules("firewire_core", "firewire_ohci", "firewire_sbp2"),
    late: paths("drivers/firewire/", "drivers/thunderbolt/"),
    always: "none",
  },
  {
    name: "buses",
    about: "What keyboards, cards and disks sit behind on laptops and boards: pin control, low-power buses, PCIe hosts, PHYs",
    early: {
      paths: ["drivers/pinctrl/", "drivers/phy/", "drivers/pci/controller/", "drivers/regulator/", "drivers/reset/", "drivers/clk/"],
      modules: words(`
          intel_lpss intel_lpss_pci intel_lpss_acpi spi_pxa2xx_platform spi_pxa2xx_pci i2c_designware_core
          i2c_designware_platform i2c_designware_pci 8250_dw
        `),
    },
    late: NONE,
    always: "early",
  },
  {
    name: "crypto",
    about: "Ciphers and checksums; those that an early module needs come with it",
    early: NONE,
    late: paths("crypto/", "arch/x86/crypto/", "arch/arm64/crypto/", "lib/crypto/", "drivers/crypto/"),
    always: "none",
  },
];
