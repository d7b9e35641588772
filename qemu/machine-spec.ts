// A virtual machine as data: what a test or a drill asks for, before any process exists.

export type Accelerator = "tcg" | "kvm";

/** How a disk is attached; the names are QEMU's own where it has one. */
export type DiskBus =
  | "virtio-blk"
  | "virtio-scsi"
  | "nvme"
  | "ahci"
  | "ide"
  | "lsi53c895a"
  | "lsi53c810"
  | "megasas"
  | "megasas-gen2"
  | "mptsas1068"
  | "pvscsi"
  | "am53c974"
  | "sd-card"
  | "usb-storage"
  | "usb-uas"
  | "floppy";

export interface DiskSpec {
  readonly file: string;
  readonly bus: DiskBus;
  /** What the guest reads as the disk's serial number; `diskN` unless given. SD cards and floppies have none. */
  readonly serial?: string;
  readonly readOnly?: boolean;
  /** Lowest is tried first by the firmware. */
  readonly bootIndex?: number;
  /** `raw` unless given. */
  readonly format?: "raw" | "qcow2";
  /** What the guest writes is forgotten when the machine ends. */
  readonly snapshot?: boolean;
  /** On virtio-scsi: its world-wide name, `0x` and sixteen hexadecimal digits. */
  readonly wwn?: string;
  /** On virtio-scsi: how many disks the guest sees that are this one; 1 unless given. */
  readonly paths?: number;
}

export interface CdSpec {
  readonly file: string;
  readonly bus: "ide" | "ahci" | "virtio-scsi" | "usb";
  readonly bootIndex?: number;
}

/** QEMU's own DHCP, TFTP and NAT; needs no rights on the host. */
export interface UserNetwork {
  readonly kind: "user";
  /** Directory served by TFTP. */
  readonly tftp?: string;
  /** The boot file that DHCP names: a path for TFTP or an http URL. */
  readonly bootfile?: string;
  /** The guest reaches nothing outside, not even the host. */
  readonly restrict?: boolean;
  /** Of the guest's network, e.g. `192.168.0.0/24`; 10.0.2.0/24 for the first card unless given. */
  readonly subnet?: string;
  /** Where the guest sees this host: DHCP, TFTP, and what listens on 127.0.0.1. */
  readonly host?: string;
  readonly hostForward?: readonly HostForward[];
}

/** An interface of the host's, or of the namespace that QEMU is started in. */
export interface TapNetwork {
  readonly kind: "tap";
  readonly name: string;
}

export interface HostForward {
  /** On 127.0.0.1. */
  readonly hostPort: number;
  readonly guestPort: number;
}

export interface NicSpec {
  /** QEMU's device name: virtio-net-pci, e1000, e1000e, rtl8139, vmxnet3, pcnet, i82559c, usb-net … */
  readonly model: string;
  readonly mac?: string;
  /** `none` is a card without a cable. */
  readonly network: UserNetwork | TapNetwork | { readonly kind: "none" };
  readonly bootIndex?: number;
  /** "" takes the boot ROM away, which Secure Boot by PXE and machines with many cards need. */
  readonly romfile?: "";
}

export interface UefiFirmware {
  readonly kind: "uefi";
  readonly secureBoot: boolean;
  /** Kept from one start to the next; made from the vendor's template when it is missing. Without it each start is a fresh machine. */
  readonly variablesFile?: string;
}

export interface DirectBoot {
  readonly image: string;
  readonly initrd?: string;
  readonly append?: string;
}

export type UsbController = "qemu-xhci" | "usb-ehci" | "piix3-usb-uhci";

export interface MachineSpec {
  readonly architecture?: "x86_64";
  readonly machineType: "pc" | "q35";
  readonly firmware: { readonly kind: "bios" } | UefiFirmware;
  readonly memoryMb: number;
  /** 2 unless given. */
  readonly cpus?: number;
  /** `tcg` unless given; `kvm` only after `chooseAccelerator` has proved it. */
  readonly accelerator?: Accelerator;
  /** `console` is the first serial port, for `expect`; so it is unless given. */
  readonly serial?: "console" | "none";
  /** `none` unless given: no graphics card. */
  readonly display?: "none" | "vga";
  readonly disks?: readonly DiskSpec[];
  readonly cds?: readonly CdSpec[];
  readonly nics?: readonly NicSpec[];
  /** Present when named or when a device needs USB; qemu-xhci then. */
  readonly usbController?: UsbController;
  readonly usbKeyboard?: boolean;
  readonly kernel?: DirectBoot;
  /** What an i6300esb does when the guest stops petting it. */
  readonly watchdog?: "poweroff" | "reset";
  /** Otherwise a reset ends the machine, so that a panic with `panic=-1` does not boot for ever. */
  readonly allowReboot?: boolean;
  readonly extraArguments?: readonly string[];
}

/** What `startMachine` adds to a spec: paths that exist only while the machine runs. */
export interface Wiring {
  readonly qmpSocket?: string;
  readonly firmwareFiles?: FirmwareFiles;
}

export interface FirmwareFiles {
  readonly code: string;
  readonly variables: string;
}
