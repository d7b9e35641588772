// `lifeboat build`: makes a rescue medium around this machine's kernel.

import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { LifeboatError } from "#os/error";
import { exists, fileInfo } from "#os/files";
import { makeRescueImage, type RescueImage, type RescueImageOptions } from "../builder/build.ts";
import type { Compression } from "../builder/compression.ts";
import { failsafeKernel } from "../builder/failsafe-kernel.ts";
import { findKernel, kernelSystem, parseKernelRequest, type FoundKernel } from "../builder/find-kernel.ts";
import { makeMedium, type MediumFormat } from "../builder/make-medium.ts";
import { formatMebibytes, formatSizeRows, sizeRows } from "../builder/size-report.ts";
import { BOOT_MODES, type BootMode } from "../bootloaders/rescue-files.ts";
import type { IsoLayout } from "../bootloaders/xorriso-args.ts";
import { readHardwareModules } from "../machine/sysfs-modules.ts";
import {
  listOption,
  textOption,
  FORCE_OPTION,
  JSON_OPTION,
  type CommandSpec,
  type Invocation,
  type OptionSpec,
  type OptionValues,
} from "./command-spec.ts";
import { checkOutputPlace } from "./output-place.ts";

const CACHE_DIRECTORY = "/var/cache/lifeboat";
const DEFAULT_BUDGET_MIB = 128;
/** An initramfs without a single module, compressed: the agent alone is as large. */
const SMALLEST_IMAGE_BYTES = 30 * 1024 * 1024;

/** What all commands share that look at a kernel. */
export const KERNEL_OPTIONS: readonly OptionSpec[] = [
  {
    name: "kernel",
    short: "k",
    value: "KERNEL",
    description: "The kernel: running, failsafe, a version, or the path of an image",
    defaultText: "the running kernel, else the newest installed, else failsafe",
  },
  { name: "failsafe-kernel", value: "FILE", description: "The Debian package of the failsafe kernel, instead of fetching it through apt" },
  { name: "cache", value: "DIR", description: "Where pieces are kept for the next build", defaultText: CACHE_DIRECTORY },
];

/** What all commands share that look at the image: which kernel, which modules. */
export const IMAGE_OPTIONS: readonly OptionSpec[] = [
  ...KERNEL_OPTIONS,
  { name: "busybox", value: "FILE", description: "The static busybox, instead of this machine's own or Debian's" },
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

const BUILD_OPTIONS: readonly OptionSpec[] = [
  {
    name: "output",
    short: "o",
    value: "FILE",
    description: "The file, or for pxe the directory, to write",
    defaultText: "lifeboat.iso, lifeboat.img or lifeboat-pxe",
  },
  { name: "format", value: "FORMAT", choices: ["iso", "usb", "pxe"], description: "What to make", defaultText: "iso" },
  ...IMAGE_OPTIONS,
  {
    name: "compression",
    value: "NAME",
    choices: ["zstd", "xz", "gzip", "none"],
    description: "How initramfs and tools layer are compressed",
    defaultText: "zstd",
    excludes: ["small"],
  },
  { name: "small", description: "Compress with xz: a smaller image for more processor time", excludes: ["compression"] },
  { name: "append", value: "WORDS", description: "Kernel words added to every mode" },
  {
    name: "console",
    value: "NAME",
    many: true,
    description: "A console, as after console=; may be given again",
    defaultText: "tty0 and ttyS0,115200n8",
  },
  {
    name: "default",
    value: "MODE",
    choices: BOOT_MODES,
    description: "The mode that starts when no key is pressed",
    defaultText: "interactive",
  },
  { name: "timeout", value: "SECONDS", type: "number", description: "How long the boot menu waits; 0 waits for ever", defaultText: "30" },
  {
    name: "medium",
    value: "URL",
    description: "Where the tools layer will be: http://, nfs:// or tftp://",
    defaultText: "the medium itself, for pxe the boot server",
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
    { command: "lifeboat build --format usb -o stick.img", says: "a disk image with room for files" },
    { command: "lifeboat build --format pxe -o /srv/tftp/rescue", says: "a directory for a boot server" },
    { command: "lifeboat build --small --deny-module nouveau", says: "a smaller image, without one driver" },
  ],
  async run(invocation) {
    const { options, print, remark } = invocation;
    const format = (textOption(options, "format") ?? "iso") as MediumFormat;
    const outputPath = textOption(options, "output") ?? { iso: "lifeboat.iso", usb: "lifeboat.img", pxe: "lifeboat-pxe" }[format];
    const force = options["force"] === true;
    const kind = format === "pxe" ? "directory" : "file";
    await checkOutputPlace({ path: outputPath, kind, force, leastBytes: 0 });
    const kernel = await chooseKernel(options);
    const leastBytes = ((await fileInfo(kernel.kernelPath))?.sizeBytes ?? 0) + SMALLEST_IMAGE_BYTES;
    await checkOutputPlace({ path: outputPath, kind, force, leastBytes });
    remark(`kernel ${kernel.release}: ${kernel.provenance}`);
    const imageOptions = await readImageOptions(options, remark);
    await using image = await makeRescueImage(kernel, imageOptions);
    remark(`writing ${outputPath}`);
    const medium = await makeMedium(image.files, {
      format,
      outputPath,
      force,
      layout: (textOption(options, "layout") ?? "gpt") as IsoLayout,
      mediumUrl: imageOptions.mediumUrl,
      cacheDirectory: imageOptions.cacheDirectory,
      sourceDateEpoch: imageOptions.sourceDateEpoch,
      menu: readMenu(options, imageOptions),
    });
    print(options["json"] === true ? reportJson(kernel, image, medium) : reportText(kernel, image, medium));
    return 0;
  },
};

/** The kernel that the options ask for, checked. */
export async function chooseKernel(options: OptionValues): Promise<FoundKernel> {
  const cacheDirectory = textOption(options, "cache") ?? CACHE_DIRECTORY;
  const deb = textOption(options, "failsafe-kernel");
  const system = await kernelSystem(() => failsafeKernel({ cacheDirectory, deb }));
  const word = textOption(options, "kernel") ?? (deb === undefined ? undefined : "failsafe");
  return findKernel(parseKernelRequest(word), system);
}

export async function readImageOptions(options: OptionValues, remark: Invocation["remark"]): Promise<RescueImageOptions> {
  const host = textOption(options, "modules") === "host" ? hostFacts() : undefined;
  return {
    root: "/",
    cacheDirectory: textOption(options, "cache") ?? CACHE_DIRECTORY,
    agentPath: await agentPath(),
    busybox: textOption(options, "busybox"),
    modules: {
      forceModules: listOption(options, "force-module"),
      denyModules: listOption(options, "deny-module"),
      ...(host === undefined ? {} : { host }),
    },
    firmware: textOption(options, "firmware") === "none" ? "none" : "needed",
    compression: options["small"] === true ? "xz" : (textOption(options, "compression") as Compression | undefined),
    sourceDateEpoch: sourceDateEpoch(),
    budgetBytes: numberOption(options, "budget", DEFAULT_BUDGET_MIB) * 1024 * 1024,
    machineName: hostname(),
    mediumUrl: textOption(options, "medium"),
    remark,
  };
}

function hostFacts() {
  const { modaliases, loadedModules, drivers } = readHardwareModules();
  return { modaliases, loadedModules, driverNames: drivers.map(({ name, module }) => module ?? name) };
}

/** The running binary is the agent; in a source checkout, the one that `npm run binary` made. */
async function agentPath(): Promise<string> {
  const isBinary = !process.execPath.endsWith("/node");
  const path = isBinary ? process.execPath : join(dirname(import.meta.dirname), "out/lifeboat");
  if (await exists(path)) return path;
  throw new LifeboatError(`Cannot build a rescue image as the agent's binary must be there: "${path}" is not`, {
    hint: "Make it with: npm run binary",
  });
}

/** The reproducible-builds convention; without it every image carries one fixed time, so that equal inputs give equal bytes. */
function sourceDateEpoch(): number {
  const text = process.env["SOURCE_DATE_EPOCH"];
  if (text === undefined || text === "") return FIXED_EPOCH;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new LifeboatError(`Cannot use SOURCE_DATE_EPOCH as it must be seconds since 1970: "${text}"`, { exitCode: 2 });
}

/** 2026-01-01, after the earliest date that FAT and ISO 9660 can hold. */
const FIXED_EPOCH = 1767225600;

function numberOption(options: OptionValues, name: string, fallback: number): number {
  const value = options[name];
  return typeof value === "number" ? value : fallback;
}

function readMenu(options: OptionValues, { machineName }: RescueImageOptions) {
  const consoles = listOption(options, "console");
  return {
    modes: BOOT_MODES,
    defaultMode: (textOption(options, "default") ?? "interactive") as BootMode,
    consentToNuke: textOption(options, "default") === "nuke",
    timeoutSeconds: numberOption(options, "timeout", 30),
    append: textOption(options, "append") ?? "",
    consoles: consoles.length === 0 ? ["tty0", "ttyS0,115200n8"] : consoles,
    title: "Lifeboat",
    machineName,
    dateText: new Date(sourceDateEpoch() * 1000).toISOString().slice(0, 10),
  };
}

type Medium = Awaited<ReturnType<typeof makeMedium>>;

function reportJson(kernel: FoundKernel, image: RescueImage, medium: Medium): string {
  const { contents, findings, initramfsBytes, toolsBytes, cachedPieces, allPieces } = image;
  return JSON.stringify({
    output: medium.outputPath,
    bytes: medium.sizeBytes,
    secureBoot: medium.signed,
    buildId: image.files.buildId,
    kernel: { release: kernel.release, path: kernel.kernelPath, provenance: kernel.provenance, findings },
    initramfsBytes,
    toolsBytes,
    cachedPieces,
    allPieces,
    groups: sizeRows(contents.entries),
    absentPrograms: contents.absentPrograms.map(({ name }) => name),
    missingFirmware: contents.modulePart.missingFirmware,
  });
}

function reportText(kernel: FoundKernel, image: RescueImage, medium: Medium): string {
  const { contents, findings, initramfsBytes, toolsBytes, cachedPieces, allPieces } = image;
  const { modulePart, absentPrograms, busybox } = contents;
  const early = modulePart.selection.modules.filter(({ layer }) => layer === "initramfs").length;
  const absent = [...new Set(absentPrograms.map((program) => program.package))];
  return [
    `${medium.outputPath}  ${formatMebibytes(medium.sizeBytes)}  build ${image.files.buildId}`,
    `  kernel    ${kernel.release}, ${kernel.provenance}`,
    `  busybox   ${busybox.provenance}`,
    `  modules   ${modulePart.selection.modules.length}, of them ${early} in the initramfs`,
    `  firmware  ${modulePart.missingFirmware.length} names without a file on this machine`,
    `  boots     BIOS, UEFI${medium.signed ? ", UEFI with Secure Boot" : "; not with Secure Boot: no signed boot loader here"}`,
    `  initramfs ${formatMebibytes(initramfsBytes)}, tools layer ${formatMebibytes(toolsBytes)}; ${cachedPieces} of ${allPieces} pieces from the cache`,
    "",
    "  unpacked sizes",
    ...formatSizeRows(sizeRows(contents.entries)),
    ...(absent.length === 0 ? [] : ["", `  not on this machine, so not in the image: ${absent.join(", ")}`]),
    ...findings.map(({ severity, option, breaks }) => `  ${severity}: ${option}: ${breaks}`),
  ].join("\n");
}
