// What the rescue image asks of a kernel's configuration, and what breaks where it is not met. Pure.
import { optionState, type KernelConfig } from "../machine/parse-kernel-config.ts";
import type { Compression, SquashfsCompression } from "./compression.ts";

/** The image does not boot at all; a part of it does not work; good to know. */
export type Severity = "fatal" | "warning" | "note";

export interface KernelFinding {
  readonly severity: Severity;
  /** The option with its `CONFIG_` prefix. */
  readonly option: string;
  readonly breaks: string;
}

export interface KernelCheck {
  readonly findings: readonly KernelFinding[];
  /** What the kernel can unpack both layers from, the best first; `none` is always last. */
  readonly compressions: readonly Compression[];
  /** What the kernel reads a squashfs in, the best first. One of them also marks a squashfs that is stored as it is. */
  readonly squashfsCompressions: readonly SquashfsCompression[];
}

export interface Need {
  readonly option: string;
  readonly severity: Severity;
  readonly breaks: string;
  /** The agent loads it when it is a module of this name. Without: it must be built in. */
  readonly module?: string;
}

export const NEEDS: readonly Need[] = [
  { option: "CONFIG_BLK_DEV_INITRD", severity: "fatal", breaks: "the kernel unpacks no initramfs" },
  { option: "CONFIG_BINFMT_ELF", severity: "fatal", breaks: "no program runs" },
  { option: "CONFIG_BINFMT_SCRIPT", severity: "warning", breaks: "pre and post scripts do not run" },
  { option: "CONFIG_DEVTMPFS", severity: "fatal", breaks: "no device nodes appear in /dev" },
  { option: "CONFIG_PROC_FS", severity: "fatal", breaks: "the agent cannot read /proc" },
  { option: "CONFIG_SYSFS", severity: "fatal", breaks: "the agent finds no devices" },
  { option: "CONFIG_TMPFS", severity: "fatal", breaks: "there is no file system in memory for the tools layer and the log" },
  { option: "CONFIG_EPOLL", severity: "fatal", breaks: "the agent does not start" },
  { option: "CONFIG_EVENTFD", severity: "fatal", breaks: "the agent does not start" },
  { option: "CONFIG_FUTEX", severity: "fatal", breaks: "the agent does not start" },
  { option: "CONFIG_PRINTK", severity: "warning", breaks: "kernel messages, missing firmware among them, are not seen" },
  { option: "CONFIG_MODULES", severity: "warning", breaks: "no driver that is not built in can be loaded" },
  { option: "CONFIG_BLK_DEV_LOOP", severity: "fatal", module: "loop", breaks: "the tools layer cannot be mounted" },
  { option: "CONFIG_SQUASHFS", severity: "fatal", module: "squashfs", breaks: "the tools layer cannot be mounted" },
  { option: "CONFIG_OVERLAY_FS", severity: "fatal", module: "overlay", breaks: "the tools layer cannot be taken in" },
  { option: "CONFIG_ISO9660_FS", severity: "warning", module: "isofs", breaks: "CDs, DVDs and ISO images cannot be read" },
  { option: "CONFIG_BLK_DEV_SR", severity: "warning", module: "sr_mod", breaks: "optical drives are not seen" },
  { option: "CONFIG_VFAT_FS", severity: "warning", module: "vfat", breaks: "USB media and EFI system partitions cannot be read" },
  { option: "CONFIG_NLS_CODEPAGE_437", severity: "warning", module: "nls_cp437", breaks: "vfat file systems do not mount as usual" },
  { option: "CONFIG_UNIX", severity: "warning", module: "unix", breaks: "programs on one machine cannot talk to each other" },
  { option: "CONFIG_PACKET", severity: "warning", module: "af_packet", breaks: "DHCP does not work" },
  { option: "CONFIG_INET", severity: "warning", breaks: "no network medium can be reached" },
  { option: "CONFIG_VT_CONSOLE", severity: "note", breaks: "there is no console on the screen" },
];

// A serial console needs its driver before modules can be loaded; which one depends on the machine.
const SERIAL_CONSOLES: readonly string[] = [
  "CONFIG_SERIAL_8250_CONSOLE",
  "CONFIG_SERIAL_AMBA_PL011_CONSOLE",
  "CONFIG_HVC_CONSOLE",
  "CONFIG_SERIAL_IMX_CONSOLE",
  "CONFIG_SERIAL_MSM_CONSOLE",
  "CONFIG_SCLP_CONSOLE",
];

/** From best to worst; both layers of an image are compressed alike. */
const IMAGE: readonly (readonly [Exclude<Compression, "none">, initramfs: string, squashfs: string])[] = [
  ["zstd", "CONFIG_RD_ZSTD", "CONFIG_SQUASHFS_ZSTD"],
  ["xz", "CONFIG_RD_XZ", "CONFIG_SQUASHFS_XZ"],
  ["gzip", "CONFIG_RD_GZIP", "CONFIG_SQUASHFS_ZLIB"],
];

const SQUASHFS: readonly (readonly [SquashfsCompression, string])[] = [
  ["zstd", "CONFIG_SQUASHFS_ZSTD"],
  ["xz", "CONFIG_SQUASHFS_XZ"],
  ["gzip", "CONFIG_SQUASHFS_ZLIB"],
  ["lz4", "CONFIG_SQUASHFS_LZ4"],
  ["lzo", "CONFIG_SQUASHFS_LZO"],
];

/**
 * `modules` are the names of the modules there are, in the kernel's spelling (`_`, never `-`): an option that is `m` is
 * met when its module is among them.
 */
export function checkKernelConfig(config: KernelConfig, modules: ReadonlySet<string>): KernelCheck {
  const isOn = (option: string) => optionState(config, option) === "y";
  const squashfsCompressions = SQUASHFS.filter(([, option]) => isOn(option)).map(([name]) => name);
  const known = IMAGE.filter(([, initramfs, squashfs]) => isOn(initramfs) && isOn(squashfs)).map(([name]) => name);
  const compressions: readonly Compression[] = [...known, "none"];
  return {
    findings: [
      ...NEEDS.flatMap((need) => lackOf(need, config, modules)),
      ...serialLack(config),
      ...compressionLacks(config, { compressions, squashfsCompressions }),
    ],
    compressions,
    squashfsCompressions,
  };
}

/** The check of a kernel whose configuration nobody knows: what every kernel since 2.6 unpacks, and a note. */
export function checkUnknownConfig(): KernelCheck {
  const breaks = "the kernel's configuration was not found, so that nothing could be checked; gzip is taken for granted";
  return {
    findings: [{ severity: "note", option: "CONFIG_IKCONFIG", breaks }],
    compressions: ["gzip", "none"],
    squashfsCompressions: ["gzip"],
  };
}

function lackOf(need: Need, config: KernelConfig, modules: ReadonlySet<string>): readonly KernelFinding[] {
  const state = optionState(config, need.option);
  const finding = { severity: need.severity, option: need.option };
  if (state === "y") return [];
  if (state === "n") return [{ ...finding, breaks: need.breaks }];
  if (need.module === undefined) return [{ ...finding, breaks: `${need.breaks}: it is a module and must be built in` }];
  if (modules.has(need.module)) return [];
  return [{ ...finding, breaks: `${need.breaks}: its module "${need.module}" is not in the module tree` }];
}

function serialLack(config: KernelConfig): readonly KernelFinding[] {
  if (SERIAL_CONSOLES.some((option) => optionState(config, option) === "y")) return [];
  return [{ severity: "warning", option: "CONFIG_SERIAL_8250_CONSOLE", breaks: "there is no console on a serial line" }];
}

function compressionLacks(
  config: KernelConfig,
  { compressions, squashfsCompressions }: Pick<KernelCheck, "compressions" | "squashfsCompressions">,
): readonly KernelFinding[] {
  if (optionState(config, "CONFIG_SQUASHFS") === "n") return [];
  const zstd = optionState(config, "CONFIG_RD_ZSTD") === "y" ? "CONFIG_SQUASHFS_ZSTD" : "CONFIG_RD_ZSTD";
  if (squashfsCompressions.length === 0) {
    return [{ severity: "fatal", option: "CONFIG_SQUASHFS_ZSTD", breaks: "the kernel can read no squashfs" }];
  }
  const [best] = compressions;
  if (best === "zstd") return [];
  const instead = best === "none" ? "is stored uncompressed" : `is compressed with ${best}`;
  return [{ severity: "note", option: zstd, breaks: `the image ${instead} instead of zstd` }];
}
