// What differs between distribution families, as one table; nothing else branches on a distribution (DESIGN section 7).
import type { OsRelease } from "./parse-os-release.ts";

export type InitramfsToolName = "update-initramfs" | "dracut" | "mkinitcpio" | "mkinitfs";

export interface InitramfsTool {
  /** Makes the initramfs of one release again; `{release}` and `{image}` are filled in. */
  readonly command: readonly [string, ...string[]];
  /** Lists what is in one; undefined where there is no such program. */
  readonly list: readonly [string, ...string[]] | undefined;
  /** What makes the tool take these modules whatever it finds: a text that is added to a file. `{modules}` is filled in. */
  readonly addModules: { readonly path: string; readonly text: string; readonly separator: string };
  /** Files inside that hold words for the kernel's command line, and what prints one; `{path}` is filled in. */
  readonly words: { readonly path: RegExp; readonly print: readonly [string, ...string[]] } | undefined;
  /** The file inside that names the swap to resume from. */
  readonly resume: RegExp | undefined;
}

/**
 * Paths are absolute templates: `{release}` stands for the kernel release, `{machine-id}` for /etc/machine-id's word.
 * Earlier paths win. A path without `{release}` holds one kernel at a time; its release is read from the image.
 */
export interface DistributionFamily {
  readonly name: string;
  /** Words of os-release's ID and ID_LIKE. */
  readonly ids: readonly string[];
  readonly kernelPaths: readonly string[];
  readonly initramfs: {
    /** The usual one first; a machine has the one that is installed. */
    readonly tools: readonly InitramfsToolName[];
    readonly image: string;
  };
  readonly efiGrub: EfiGrubTools;
}

/** How GRUB's installer is told which program to put on an EFI system partition. */
export interface EfiGrubTools {
  /** Options for one that is made for this machine, and has no signature. */
  readonly unsigned: readonly string[];
  /** For the distribution's own, which is signed and finds its files by a configuration beside it; undefined where no installer puts it. */
  readonly signed: { readonly options: readonly string[]; readonly image: string } | undefined;
}

const PLAIN_GRUB: EfiGrubTools = { unsigned: [], signed: undefined };

export const INITRAMFS_TOOLS: Readonly<Record<InitramfsToolName, InitramfsTool>> = {
  "update-initramfs": {
    command: ["update-initramfs", "-u", "-k", "{release}"],
    list: ["lsinitramfs", "{image}"],
    addModules: { path: "/etc/initramfs-tools/modules", text: "{modules}\n", separator: "\n" },
    words: undefined,
    resume: /(?:^|\/)conf\/conf\.d\/(?:zz-)?resume\S*$/m,
  },
  dracut: {
    command: ["dracut", "--force", "{image}", "{release}"],
    list: ["lsinitrd", "{image}"],
    addModules: { path: "/etc/dracut.conf.d/90-lifeboat.conf", text: 'add_drivers+=" {modules} "\n', separator: " " },
    words: { path: /(?<![^\s/])etc\/cmdline\.d\/\S+\.conf$/gm, print: ["lsinitrd", "--file", "{path}", "{image}"] },
    resume: undefined,
  },
  mkinitcpio: {
    command: ["mkinitcpio", "-k", "{release}", "-g", "{image}"],
    list: ["lsinitcpio", "{image}"],
    addModules: { path: "/etc/mkinitcpio.conf.d/lifeboat.conf", text: "MODULES+=({modules})\n", separator: " " },
    words: undefined,
    resume: undefined,
  },
  mkinitfs: {
    command: ["mkinitfs", "-o", "{image}", "{release}"],
    list: undefined,
    addModules: { path: "/etc/mkinitfs/features.d/lifeboat.modules", text: "{modules}\n", separator: "\n" },
    words: undefined,
    resume: undefined,
  },
};

/** Where programs of a machine are, first found first. */
export const PROGRAM_DIRECTORIES: readonly string[] = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/** GRUB's installer: most distributions', and that of Red Hat's and SUSE's. */
export const GRUB_INSTALLERS: readonly string[] = ["grub-install", "grub2-install"];

/** Where GRUB's parts for BIOS are; SUSE's are below share. */
export const GRUB_BIOS_DIRECTORIES: readonly string[] = ["/usr/lib/grub/i386-pc", "/usr/share/grub2/i386-pc", "/usr/lib/grub2/i386-pc"];

/** What the installer begins with: without them it has nothing to install (grub 2.06, util/grub-install.c). */
export const GRUB_BIOS_FILES: readonly string[] = ["modinfo.sh", "boot.img", "kernel.img"];

/** Debian's, Arch's and Red Hat's places of extlinux's boot code: for MBR `mbr.bin`, for GPT `gptmbr.bin`. */
export const EXTLINUX_CODE_DIRECTORIES: readonly string[] = [
  "/usr/lib/EXTLINUX",
  "/usr/lib/syslinux/mbr",
  "/usr/lib/syslinux/bios",
  "/usr/share/syslinux",
];

/** Where every family's kernels have their configuration; /proc/config.gz speaks for the running kernel alone. */
export const CONFIG_PATHS: readonly string[] = [
  "/boot/config-{release}",
  "/lib/modules/{release}/config",
  "/usr/lib/modules/{release}/config",
  "/lib/modules/{release}/build/.config",
];

/** Where every family's modules are. */
export const MODULE_PATHS: readonly string[] = ["/lib/modules/{release}", "/usr/lib/modules/{release}"];

// The Boot Loader Specification puts type 1 entries' kernels under a directory named by the machine id.
const BOOT_LOADER_SPECIFICATION: readonly string[] = [
  "/boot/{machine-id}/{release}/linux",
  "/efi/{machine-id}/{release}/linux",
  "/boot/efi/{machine-id}/{release}/linux",
];

/** Where kernel-install puts the initramfs of every family that has it nowhere else. */
export const LOADER_INITRAMFS: readonly string[] = BOOT_LOADER_SPECIFICATION.map((path) => path.replace(/linux$/, "initrd"));

const ANYWHERE: readonly string[] = [
  "/boot/vmlinuz-{release}",
  "/boot/vmlinux-{release}",
  "/boot/kernel-{release}",
  "/boot/Image-{release}",
  "/usr/lib/modules/{release}/vmlinuz",
  "/lib/modules/{release}/vmlinuz",
  "/usr/lib/modules/{release}/Image",
  ...BOOT_LOADER_SPECIFICATION,
  "/boot/vmlinuz",
  "/boot/Image",
  "/boot/bzImage",
  "/boot/efi/EFI/Linux/vmlinuz",
  "/boot/EFI/Linux/vmlinuz",
  "/vmlinuz",
];

export const FAMILIES: readonly DistributionFamily[] = [
  {
    name: "debian",
    ids: ["debian", "ubuntu", "linuxmint", "raspbian", "devuan", "proxmox"],
    kernelPaths: ["/boot/vmlinuz-{release}", ...ANYWHERE],
    initramfs: { tools: ["update-initramfs", "dracut"], image: "/boot/initrd.img-{release}" },
    // Without the signed program there, the second option quietly makes an unsigned one (Debian's grub2, install-signed.patch).
    efiGrub: {
      unsigned: ["--no-uefi-secure-boot"],
      signed: { options: ["--uefi-secure-boot"], image: "/usr/lib/grub/{platform}-signed/grub{suffix}.efi.signed" },
    },
  },
  {
    name: "redhat",
    ids: ["rhel", "fedora", "centos", "rocky", "almalinux", "ol", "amzn", "mageia", "openmandriva"],
    kernelPaths: ["/boot/vmlinuz-{release}", ...BOOT_LOADER_SPECIFICATION, ...ANYWHERE],
    initramfs: { tools: ["dracut"], image: "/boot/initramfs-{release}.img" },
    // Refused otherwise, lest it takes the place of a signed one, and in some releases whatever it is told (rhboot/grub2 #140, #76).
    efiGrub: { unsigned: ["--force"], signed: undefined },
  },
  {
    name: "suse",
    ids: ["suse", "opensuse", "sles", "sled", "opensuse-leap", "opensuse-tumbleweed"],
    kernelPaths: ["/boot/vmlinuz-{release}", "/boot/Image-{release}", "/usr/lib/modules/{release}/vmlinuz", ...ANYWHERE],
    initramfs: { tools: ["dracut"], image: "/boot/initrd-{release}" },
    efiGrub: PLAIN_GRUB,
  },
  {
    name: "arch",
    ids: ["arch", "archarm", "manjaro", "endeavouros"],
    kernelPaths: [
      "/usr/lib/modules/{release}/vmlinuz",
      "/boot/vmlinuz-linux",
      "/boot/vmlinuz-linux-lts",
      "/boot/vmlinuz-linux-zen",
      "/boot/vmlinuz-linux-hardened",
      ...ANYWHERE,
    ],
    initramfs: { tools: ["mkinitcpio", "dracut"], image: "/boot/initramfs-linux.img" },
    efiGrub: PLAIN_GRUB,
  },
  {
    name: "alpine",
    ids: ["alpine", "postmarketos"],
    kernelPaths: ["/boot/vmlinuz-lts", "/boot/vmlinuz-virt", "/boot/vmlinuz-stable", "/boot/vmlinuz-rpi", ...ANYWHERE],
    initramfs: { tools: ["mkinitfs"], image: "/boot/initramfs-lts" },
    efiGrub: PLAIN_GRUB,
  },
  {
    name: "gentoo",
    ids: ["gentoo"],
    kernelPaths: ["/boot/vmlinuz-{release}", "/boot/kernel-{release}", ...ANYWHERE],
    initramfs: { tools: ["dracut"], image: "/boot/initramfs-{release}.img" },
    efiGrub: PLAIN_GRUB,
  },
];

/** For a distribution that the table does not know: every place a kernel is known to be. */
export const UNKNOWN_FAMILY: DistributionFamily = {
  name: "unknown",
  ids: [],
  kernelPaths: [...new Set(FAMILIES.flatMap((family) => family.kernelPaths))],
  initramfs: { tools: ["dracut", "update-initramfs", "mkinitcpio", "mkinitfs"], image: "/boot/initramfs-{release}.img" },
  efiGrub: PLAIN_GRUB,
};

/** By its name in this table, as machine.json has it. */
export function familyNamed(name: string): DistributionFamily {
  return FAMILIES.find((family) => family.name === name) ?? UNKNOWN_FAMILY;
}

/** The family by ID, else by the nearest word of ID_LIKE, else UNKNOWN_FAMILY. */
export function distributionFamily(osRelease: Pick<OsRelease, "id" | "idLike">): DistributionFamily {
  for (const word of [osRelease.id, ...osRelease.idLike]) {
    const family = FAMILIES.find(({ ids }) => ids.includes(word));
    if (family !== undefined) return family;
  }
  return UNKNOWN_FAMILY;
}

/** Puts values in the place of `{name}`; undefined when a value is not known, so that the path can be left out. */
export function fillTemplate(template: string, values: Readonly<Record<string, string | undefined>>): string | undefined {
  let known = true;
  const filled = template.replace(/\{([a-z-]+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined || value === "") known = false;
    return value ?? "";
  });
  return known ? filled : undefined;
}
