// `lifeboat build`: makes a rescue medium around this machine's kernel.

import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { LifeboatError } from "#os/error";
import { exists, fileInfo } from "#os/files";
import { makeRescueImage } from "../builder/build.ts";
import type { Compression } from "../builder/compression.ts";
import { checkWords } from "../builder/check-secrets.ts";
import { failsafeKernel } from "../builder/failsafe-kernel.ts";
import type { GatherOptions } from "../builder/gather-image.ts";
import { findKernel, kernelSystem, parseKernelRequest, type FoundKernel } from "../builder/find-kernel.ts";
import { makeMedium, type MediumFormat } from "../builder/make-medium.ts";
import { CACHE_DIRECTORY } from "../builder/package-cache.ts";
import { checkEpoch } from "../bootloaders/fat-image.ts";
import { checkMediumUrl } from "../bootloaders/pxe-tree.ts";
import { BOOT_MODES, checkMenu, type BootMode, type MenuOptions } from "../bootloaders/rescue-files.ts";
import type { IsoLayout } from "../bootloaders/xorriso-args.ts";
import { readHardwareModules } from "../machine/sysfs-modules.ts";
import { credentialInOptions, credentialOf } from "../media/credential.ts";
import { parseMediumUrl } from "../media/medium-url.ts";
import { reportJson, reportText } from "./build-report.ts";
import { cacheDirectoryOf } from "./cache-hint.ts";
import { listOption, textOption, FORCE_OPTION, JSON_OPTION, type CommandSpec, type OptionSpec, type OptionValues } from "./command-spec.ts";
import { checkOutputPlace } from "./output-place.ts";

const DEFAULT_BUDGET_MIB = 128;
/** An initramfs without a single module, compressed: the agent alone is as large. */
const SMALLEST_IMAGE_BYTES = 30 * 1024 * 1024;

/** What all commands share that look at a kernel. */
export const KERNEL_OPTIONS: readonly OptionSpec[] = [
  {
    name: "kernel",
    short: "k",
    value: "KERNEL",
    type: "path-or-name",
    description: "The kernel: running, failsafe, a version, or the path of an image",
    defaultText: "the running kernel, else the newest installed, else failsafe",
  },
  {
    name: "failsafe-kernel",
    value: "FILE",
    type: "path",
    description: "The Debian package of the failsafe kernel, instead of fetching it through apt",
  },
  {
    name: "cache",
    value: "DIR",
    type: "path",
    description: "Where pieces are kept for the next build",
    defaultText: `LIFEBOAT_CACHE, else ${CACHE_DIRECTORY}`,
  },
];

/** What all commands share that look at the image: which kernel, which modules. */
export const IMAGE_OPTIONS: readonly OptionSpec[] = [
  ...KERNEL_OPTIONS,
  { name: "busybox", value: "FILE", type: "path", description: "The static busybox, instead of this machine's own or Debian's" },
  {
    name: "modules",
    value: "WHICH",
    choices: ["all", "host"],
    description: "Take all of the kernel's modules, or those that this machine needs",
    defaultText: "all",
  },
  { name: "force-module", value: "NAME", many: true, description: "Take this module into the initramfs; may be given again" },
  { name: "deny-module", value: "NAME", many: true, description: "Leave this module out, and what needs it; may be given again" },
  {
    name: "firmware",
    value: "WHICH",
    choices: ["needed", "none"],
    description: "Take the firmware that the modules name, or none",
    defaultText: "needed",
  },
];

/** What all commands share that make a boot menu. */
export const APPEND_OPTION: OptionSpec = {
  name: "append",
  value: "WORDS",
  mayBeEmpty: true,
  description: "Kernel words added to every mode",
};
export const CONSOLE_OPTION: OptionSpec = {
  name: "console",
  value: "NAME",
  many: true,
  description: "A console, as after console=; may be given again",
  defaultText: "tty0 and ttyS0,115200n8",
};
export const TIMEOUT_OPTION: OptionSpec = {
  name: "timeout",
  value: "SECONDS",
  type: "number",
  description: "How long the boot menu waits, at most 3599; 0 waits for ever",
  defaultText: "30",
};

const BUILD_OPTIONS: readonly OptionSpec[] = [
  {
    name: "output",
    short: "o",
    value: "FILE",
    type: "path",
    description: "The file, or for pxe the directory, to write",
    defaultText: "lifeboat.iso, lifeboat.img or lifeboat-pxe",
  },
  { name: "format", value: "FORMAT", choices: ["iso", "usb", "pxe", "obdr"], description: "What to make", defaultText: "iso" },
  ...IMAGE_OPTIONS,
  {
    name: "compression",
    value: "NAME",
    choices: ["zstd", "xz", "gzip", "none"],
    description: "How initramfs and tools layer are compressed",
    defaultText: "the best that the kernel can unpack",
    excludes: ["small"],
  },
  { name: "small", description: "Compress with xz: a smaller image for more processor time", excludes: ["compression"] },
  APPEND_OPTION,
  CONSOLE_OPTION,
  {
    name: "default",
    value: "MODE",
    choices: BOOT_MODES,
    description: "The mode that starts when no key is pressed",
    defaultText: "interactive",
    typedValues: { values: ["nuke"], because: "a medium that erases disks unasked is made on the command line alone" },
  },
  TIMEOUT_OPTION,
  {
    name: "medium",
    value: "URL",
    description: "Where the tools layer will be: http://, nfs:// or tftp://",
    defaultText: "the medium itself, for pxe the boot server",
  },
  {
    name: "room",
    value: "MIB",
    type: "number",
    description: "Free room on a USB image, for files of your own",
    defaultText: "0",
  },
  {
    name: "layout",
    value: "NAME",
    choices: ["gpt", "isohybrid"],
    description: "The partition table of the ISO, for firmware that dislikes the default",
    defaultText: "gpt",
  },
  {
    name: "budget",
    value: "MIB",
    type: "number",
    description: "Fail when the initramfs is larger",
    defaultText: String(DEFAULT_BUDGET_MIB),
  },
  FORCE_OPTION,
  JSON_OPTION,
];

export const buildCommand: CommandSpec = {
  name: "build",
  summary: "Make a rescue medium around this machine's kernel",
  description:
    "Makes a bootable rescue medium: this machine's kernel, its modules and firmware, and the programs that rebuild disks. " +
    "The ISO boots as a CD and, written to a stick as it is, as a USB disk, on BIOS and UEFI.",
  args: [],
  options: BUILD_OPTIONS,
  examples: [
    { command: "lifeboat build -o rescue.iso", says: "an ISO for CD and USB" },
    { command: "lifeboat build --format usb --room 500 -o stick.img", says: "a disk image with 500 MiB of room for files" },
    { command: "lifeboat build --format pxe -o /srv/tftp/rescue", says: "a directory for a boot server" },
    { command: "lifeboat build --format obdr -o head.obdr", says: "what an OBDR tape begins with: 20 records of 512 bytes, then of 2,048" },
    { command: "lifeboat build --small --deny-module nouveau", says: "a smaller image, without one driver" },
  ],
  async run({ options, print, progress }) {
    const plan = planBuild(options);
    const { format, outputPath, force, menu } = plan;
    const kind = format === "pxe" ? "directory" : "file";
    await checkOutputPlace({ path: outputPath, kind, force, leastBytes: 0 });
    const kernel = await chooseKernel(options);
    const leastBytes = ((await fileInfo(kernel.kernelPath))?.sizeBytes ?? 0) + SMALLEST_IMAGE_BYTES;
    await checkOutputPlace({ path: outputPath, kind, force, leastBytes });
    progress(`kernel ${kernel.release}: ${kernel.provenance}`);
    await using image = await makeRescueImage(kernel, {
      ...readGatherOptions(options),
      agentPath: await agentPath(),
      compression: options["small"] === true ? "xz" : (textOption(options, "compression") as Compression | undefined),
      budgetBytes: numberOption(options, "budget", DEFAULT_BUDGET_MIB) * 1024 * 1024,
      machineName: menu.machineName,
      sourceDateEpoch: plan.sourceDateEpoch,
      mediumUrl: plan.mediumUrl,
      remark: progress,
    });
    progress(`writing ${outputPath}`);
    const layout = (textOption(options, "layout") ?? "gpt") as IsoLayout;
    const cacheDirectory = cacheDirectoryOf(options);
    const medium = await makeMedium(image.files, { ...plan, layout, cacheDirectory });
    print(options["json"] === true ? reportJson(kernel, image, { ...medium, menu }) : reportText(kernel, image, { ...medium, menu }));
    return 0;
  },
};

interface BuildPlan {
  readonly format: MediumFormat;
  readonly outputPath: string;
  readonly force: boolean;
  readonly roomMib: number;
  readonly mediumUrl: string | undefined;
  readonly sourceDateEpoch: number;
  readonly menu: MenuOptions;
}

/** What the options say about the medium, checked before any work. Throws LifeboatError, exit code 2. */
function planBuild(options: OptionValues): BuildPlan {
  const format = (textOption(options, "format") ?? "iso") as MediumFormat;
  const mediumUrl = textOption(options, "medium");
  // The agent would read it so; what it cannot read must not be in an image.
  if (mediumUrl !== undefined) parseMediumUrl(mediumUrl);
  if (format === "pxe") checkMediumUrl(mediumUrl);
  const epoch = sourceDateEpoch();
  const menu = readMenu(options, epoch);
  checkMenu(menu);
  checkWords([menu.append, mediumUrl ?? ""]);
  if (menu.defaultMode === "nuke") requireNoCredential([mediumUrl ?? "", menu.append]);
  return {
    format,
    roomMib: readRoom(options, format),
    outputPath:
      textOption(options, "output") ??
      resolve({ iso: "lifeboat.iso", usb: "lifeboat.img", pxe: "lifeboat-pxe", obdr: "lifeboat.obdr" }[format]),
    force: options["force"] === true,
    mediumUrl,
    sourceDateEpoch: epoch,
    menu,
  };
}

/** Throws LifeboatError (3) for what nobody would be there to open (DESIGN section 8, rule 7). `words` are URLs and boot words. */
export function requireNoCredential(words: readonly string[]): void {
  const values = words.flatMap((text) => text.split(/\s+/)).map((word) => word.replace(/^(?:lifeboat\.medium|nfsmount)=/, ""));
  const places = values.map((word) => credentialOf(word) ?? credentialInOptions(word.replace(/^nfsopt=/, "")));
  const credential = places.find((one) => one !== undefined);
  if (credential === undefined) return;
  throw new LifeboatError(`Cannot start nuke by itself as its medium must need no credential: ${credential}`, {
    hint: "Use one that is read without, such as an NFS export or plain HTTP, or leave nuke to who types it",
  });
}

/** FAT32 as we make it has 64 GiB at most. */
const MOST_ROOM_MIB = 63 * 1024;

function readRoom(options: OptionValues, format: MediumFormat): number {
  const roomMib = numberOption(options, "room", 0);
  if (roomMib > 0 && format !== "usb") {
    throw new LifeboatError(`Cannot leave room on the medium as only a USB image is written to later: --format is ${format}`, {
      exitCode: 2,
      hint: "Add --format usb, or leave --room out",
    });
  }
  if (roomMib <= MOST_ROOM_MIB) return roomMib;
  throw new LifeboatError(`Cannot leave room on the medium as --room may be ${MOST_ROOM_MIB} at most: ${roomMib}`, { exitCode: 2 });
}

/** The kernel that the options ask for, checked. */
export async function chooseKernel(options: OptionValues): Promise<FoundKernel> {
  const cacheDirectory = cacheDirectoryOf(options);
  const deb = textOption(options, "failsafe-kernel");
  const system = await kernelSystem(() => failsafeKernel({ cacheDirectory, deb }));
  const word = textOption(options, "kernel") ?? (deb === undefined ? undefined : "failsafe");
  return findKernel(parseKernelRequest(word), system);
}

/** Which modules, firmware and programs: all that the plan of an image depends on, but the agent. */
export function readGatherOptions(options: OptionValues): Omit<GatherOptions, "agentPath"> {
  const host = textOption(options, "modules") === "host" ? hostFacts() : undefined;
  return {
    root: "/",
    cacheDirectory: cacheDirectoryOf(options),
    busybox: textOption(options, "busybox"),
    modules: {
      forceModules: listOption(options, "force-module"),
      denyModules: listOption(options, "deny-module"),
      ...(host === undefined ? {} : { host }),
    },
    firmware: textOption(options, "firmware") === "none" ? "none" : "needed",
  };
}

function hostFacts() {
  const { modaliases, loadedModules, drivers } = readHardwareModules();
  return { modaliases, loadedModules, driverNames: drivers.map(({ name, module }) => module ?? name) };
}

/** The running binary is the agent; in a source checkout, the one that `npm run binary` made. */
export async function agentPath(): Promise<string> {
  const isBinary = !process.execPath.endsWith("/node");
  const path = isBinary ? process.execPath : join(dirname(import.meta.dirname), "out/lifeboat");
  if (await exists(path)) return path;
  throw new LifeboatError(`Cannot build a rescue image as the agent's binary must be there: "${path}" is not`, {
    hint: "Make it with: npm run binary",
  });
}

/** The reproducible-builds convention; without it every image carries one fixed time, so that equal inputs give equal bytes. */
export function sourceDateEpoch(): number {
  const text = givenEpoch();
  if (text === undefined) return FIXED_EPOCH;
  if (!/^\d+$/.test(text)) {
    throw new LifeboatError(`Cannot use SOURCE_DATE_EPOCH as it must be whole seconds since 1970: "${text}"`, {
      exitCode: 2,
      hint: `Give a number such as ${FIXED_EPOCH}, or leave it unset`,
    });
  }
  checkEpoch(Number(text));
  return Number(text);
}

function givenEpoch(): string | undefined {
  const text = process.env["SOURCE_DATE_EPOCH"];
  return text === "" ? undefined : text;
}

/** 2026-01-01, after the earliest date that FAT and ISO 9660 can hold. */
const FIXED_EPOCH = 1767225600;

export function numberOption(options: OptionValues, name: string, fallback: number): number {
  const value = options[name];
  return typeof value === "number" ? value : fallback;
}

export function readMenu(options: OptionValues, epoch: number): MenuOptions {
  const consoles = listOption(options, "console");
  return {
    modes: BOOT_MODES,
    defaultMode: (textOption(options, "default") ?? "interactive") as BootMode,
    consentToNuke: textOption(options, "default") === "nuke",
    timeoutSeconds: numberOption(options, "timeout", 30),
    append: textOption(options, "append") ?? "",
    consoles: consoles.length === 0 ? ["tty0", "ttyS0,115200n8"] : consoles,
    title: "Lifeboat",
    machineName: hostname(),
    // The fixed time says nothing about the medium.
    dateText: givenEpoch() === undefined ? undefined : new Date(epoch * 1000).toISOString().slice(0, 10),
  };
}
