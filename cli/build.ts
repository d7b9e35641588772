// `lifeboat build`: makes a rescue medium around this machine's kernel.

import { resolve } from "node:path";
import { LifeboatError } from "#os/error";
import { fileInfo } from "#os/files";
import { makeRescueImage } from "../builder/build.ts";
import type { Compression } from "../builder/compression.ts";
import { checkWords } from "../builder/check-secrets.ts";
import { makeMedium, type MediumFormat } from "../builder/make-medium.ts";
import { checkMediumUrl } from "../bootloaders/pxe-tree.ts";
import { BOOT_MODES, checkMenu, type MenuOptions } from "../bootloaders/rescue-files.ts";
import type { IsoLayout } from "../bootloaders/xorriso-args.ts";
import { parseMediumUrl } from "../media/medium-url.ts";
import { reportJson, reportText } from "./build-report.ts";
import { cacheDirectoryOf } from "./cache-hint.ts";
import {
  numberOption,
  textOption,
  FORCE_OPTION,
  JSON_OPTION,
  type CommandSpec,
  type OptionSpec,
  type OptionValues,
} from "./command-spec.ts";
import { agentPath, chooseKernel, IMAGE_OPTIONS, readGatherOptions } from "./image-options.ts";
import { APPEND_OPTION, CONSOLE_OPTION, readMenu, requireNoCredential, sourceDateEpoch, TIMEOUT_OPTION } from "./menu-options.ts";
import { checkOutputPlace } from "./output-place.ts";

const DEFAULT_BUDGET_MIB = 128;
/** An initramfs without a single module, compressed: the agent alone is as large. */
const SMALLEST_IMAGE_BYTES = 30 * 1024 * 1024;

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
