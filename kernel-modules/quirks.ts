// Dependencies that no file of the kernel declares: one line each, with the thread that tells why. No link, no entry.

export interface Quirk {
  readonly module: string;
  /** Names or aliases; those that a kernel does not have are no error. */
  readonly needs: readonly string[];
  /** An https link. */
  readonly why: string;
}

export const QUIRKS: readonly Quirk[] = [
  // Storage: devices whose driver's alias does not show in sysfs, or that hide behind another device.
  { module: "mmc_core", needs: ["mmc_block"], why: "https://github.com/anatol/booster/issues/90" },
  { module: "usb_storage", needs: ["uas"], why: "https://github.com/anatol/booster/issues/121" },
  { module: "scsi_mod", needs: ["sd_mod", "sr_mod", "sg"], why: "https://github.com/anatol/booster/issues/185" },
  { module: "nvme", needs: ["vmd"], why: "https://github.com/anatol/booster/issues/243" },
  { module: "nvme", needs: ["pcie_rockchip_host", "phy_rockchip_pcie"], why: "https://github.com/NixOS/nixpkgs/issues/199552" },
  { module: "hv_vmbus", needs: ["hv_storvsc", "hyperv_keyboard", "hid_hyperv"], why: "https://github.com/anatol/booster/issues/196" },

  // USB: host drivers are split in a core and a part for the bus; a set is used on other machines than it was made on.
  { module: "xhci_pci", needs: ["xhci_pci_renesas"], why: "https://github.com/dracut-ng/dracut/pull/1237" },
  { module: "xhci_pci", needs: ["xhci_pci_prom21"], why: "https://github.com/dracut-ng/dracut/pull/2491" },
  { module: "xhci_hcd", needs: ["xhci_pci"], why: "https://github.com/rear/rear/pull/1244" },
  { module: "ehci_hcd", needs: ["ehci_pci"], why: "https://github.com/rear/rear/pull/1244" },
  { module: "ohci_hcd", needs: ["ohci_pci"], why: "https://github.com/rear/rear/pull/1244" },
  { module: "usbcore", needs: ["xhci_hcd", "ehci_hcd", "ohci_hcd", "uhci_hcd"], why: "https://github.com/rear/rear/issues/519" },
  { module: "dwc3", needs: ["xhci_plat_hcd"], why: "https://github.com/AsahiLinux/asahi-scripts/pull/47" },
  { module: "xhci_hcd", needs: ["pcie_brcmstb"], why: "https://github.com/dracutdevs/dracut/pull/745" },

  // Keyboards: often behind a bus that nothing names.
  { module: "i8042", needs: ["atkbd"], why: "https://github.com/systemd/mkosi/pull/3755" },
  { module: "i8042", needs: ["psmouse"], why: "https://github.com/getsolus/packages/issues/1326" },
  { module: "atkbd", needs: ["i8042"], why: "https://github.com/anatol/booster/issues/80" },
  { module: "usbhid", needs: ["hid_generic"], why: "https://github.com/jakeday/linux-surface/issues/85" },
  {
    module: "i2c_hid_acpi",
    needs: ["intel_lpss_pci", "intel_lpss_acpi", "i2c_designware_platform", "pinctrl_amd", "pinctrl_tigerlake", "pinctrl_alderlake"],
    why: "https://github.com/omacom/omarchy/pull/8984",
  },
  { module: "applespi", needs: ["intel_lpss_pci", "spi_pxa2xx_platform"], why: "https://github.com/Dunedan/mbp-2016-linux/issues/125" },
  { module: "surface_aggregator", needs: ["surface_hid", "8250_dw"], why: "https://github.com/linux-surface/linux-surface/issues/162" },

  // Network: a card without the driver of its transceiver gets no link.
  { module: "r8169", needs: ["realtek"], why: "https://github.com/tinkerbell/osie/pull/166" },
  { module: "8139too", needs: ["realtek"], why: "https://github.com/Tomas-M/linux-live/issues/217" },
  { module: "tg3", needs: ["broadcom"], why: "https://github.com/coreos/bugs/issues/196" },

  // File systems ask for character sets, protocol versions and checksums by name at mount time.
  {
    module: "vfat",
    needs: ["nls_cp437", "nls_ascii", "nls_iso8859_1", "nls_utf8"],
    why: "https://github.com/dracutdevs/dracut/issues/2068",
  },
  { module: "nfs", needs: ["nfsv3", "nfsv4"], why: "https://github.com/NixOS/nixpkgs/pull/459242" },
  { module: "btrfs", needs: ["crc32c", "crc32c_intel", "crc32c_generic"], why: "https://github.com/dracutdevs/dracut/pull/316" },
  { module: "ext4", needs: ["crc32c", "crc32c_generic"], why: "https://github.com/NixOS/nixpkgs/pull/39953" },
  { module: "libcrc32c", needs: ["crc32c", "crc32c_generic"], why: "https://github.com/dracutdevs/dracut/issues/218" },
  { module: "f2fs", needs: ["crc32", "crc32_generic"], why: "https://github.com/chris-se/tiny-initramfs/issues/6" },
  { module: "dm_crypt", needs: ["xts", "ecb", "cbc", "aes", "sha256"], why: "https://github.com/voidlinux/void-packages/issues/5871" },
  { module: "dm_crypt", needs: ["essiv"], why: "https://github.com/dracutdevs/dracut/issues/706" },
  { module: "dm_crypt", needs: ["af_alg", "algif_skcipher", "algif_hash"], why: "https://github.com/systemd/systemd/issues/14098" },
];
