// `lifeboat archive MEDIUM`: backs up this machine, or some of its files, while it runs.

import { hostname } from "node:os";
import {
  listOption,
  textOption,
  JSON_OPTION,
  type CommandSpec,
  type Invocation,
  type OptionSpec,
  type OptionValues,
} from "./command-spec.ts";
import { archiveTo } from "../archive/archive-to.ts";
import { LifeboatError, type ExitCode } from "#os/error";
import { exists, readTextIfThere } from "#os/files";
import type { ArchiveMedium } from "../media/archive-medium.ts";
import type { Shown } from "../media/mounted-place.ts";
import { IMAGE_MANIFEST_PATH } from "../set/image-manifest.ts";
import { archiveReport } from "../ui/set-text.ts";
import { betweenCommands, COMMAND_OPTIONS } from "./archive-commands.ts";
import { readArchiveImage } from "./archive-image.ts";
import { IMAGE_OPTIONS } from "./image-options.ts";
import { APPEND_OPTION, CONSOLE_OPTION, TIMEOUT_OPTION } from "./menu-options.ts";
import { DISC_OPTIONS, DISC_RULES, discWishes } from "./disc-options.ts";
import { STICK_OPTIONS, withArchivePlace } from "./stick-options.ts";
import { readCompression } from "./compression-option.ts";
import { checkRules } from "./option-rules.ts";
import { progressPrinter } from "./progress-printer.ts";
import { VERSION } from "./version.ts";

/** The ISO's name has 23 more, and Joliet has room for 103 (xorrisofs(1), -joliet-long). */
const NAME_LIMIT = 80;

const ARCHIVE_OPTIONS: readonly OptionSpec[] = [
  {
    name: "include",
    short: "I",
    value: "PATH",
    type: "path",
    many: true,
    description:
      "Take this path with all below it, and disks that are mounted there; may be given again. Links above it are followed, a link to a directory " +
      "stands for itself and the directory, wildcards are the shell's. Without / it makes a set of files alone, which rebuilds no machine",
    defaultText: "/",
  },
  {
    name: "root",
    value: "DIR",
    type: "path",
    description: "Archive the machine that is mounted there, as in the rescue shell",
    defaultText: "/",
    inConfig: false,
  },
  {
    name: "exclude",
    short: "E",
    value: "GLOB",
    many: true,
    description:
      "Leave out a path with all below it, a glob such as '/home/*/.cache', a name wherever it stands, or a device such as /dev/sdb1 or a whole " +
      "disk, by any of its names; may be given again. What has left out nothing is named at the end",
  },
  {
    name: "images",
    value: "WHAT",
    many: true,
    description:
      "Take what is on a device that is not mounted block by block, and bring it back with the machine: all, for each NTFS on the machine's disks " +
      "(ntfsclone, used blocks alone), a device such as /dev/sdb1 by any of its names, whatever is on it (used blocks of what partclone knows, where it is installed; else every block), or none; " +
      "may be given again. The disk of a device that is named is made again by a restore, with all that is on it",
    defaultText: "none",
  },
  { name: "without-network", short: "N", description: "Leave out file systems that are on the network" },
  {
    name: "compress",
    value: "HOW",
    description: "zstd, gzip or none; a level may follow, as in zstd:9",
    defaultText: "zstd:3",
  },
  {
    name: "name",
    short: "p",
    value: "NAME",
    description: `What the set's name begins with, at most ${NAME_LIMIT} characters`,
    defaultText: "the host name",
  },
  ...DISC_OPTIONS,
  ...STICK_OPTIONS,
  {
    name: "self-restoring",
    short: "H",
    description: "Make the medium restore by itself: it starts nuke when no key is pressed. Whoever boots it loses what is on the disks",
    inConfig: false,
  },
  {
    name: "wipe",
    value: "SERIAL",
    many: true,
    description: "Let a restore from this medium overwrite the disk of this serial, whatever is on it; may be given again",
    inConfig: false,
  },
  {
    name: "rescue-iso",
    value: "FILE",
    type: "path",
    description: "Put the rescue image there too, as an ISO to be started from: for a set on tape, whose drive starts nothing",
    inConfig: false,
  },
  {
    name: "then",
    value: "WHAT",
    choices: ["reboot", "poweroff", "shell"],
    description: "What follows a restore from this medium; a shell in any case when files differ from the set",
    defaultText: "reboot, or a shell when files were lost to damage",
  },
  {
    name: "accept-unrestorable",
    description: "Make the set although the machine could not be rebuilt from it",
  },
  { name: "accept-missing", description: "Make the set although a path of --include is not there; the exit code is 1 then" },
  {
    name: "luks-headers",
    description:
      "Put the headers of LUKS volumes into the set, so that a restore brings all their passphrases, keys and tokens back. Whoever has such a file " +
      "and a passphrase that was good then can open the volume",
  },
  { name: "no-verify", description: "Do not read the set again when it is written" },
  ...COMMAND_OPTIONS,
  ...IMAGE_OPTIONS,
  { name: "small", description: "Compress the rescue image with xz: smaller, for more processor time" },
  APPEND_OPTION,
  CONSOLE_OPTION,
  TIMEOUT_OPTION,
  JSON_OPTION,
];

export const archiveCommand: CommandSpec = {
  name: "archive",
  summary: "Back up this machine, with a rescue image that brings it back",
  description:
    "Writes a set: the machine's description, all its files, and a rescue image that finds them. MEDIUM is a directory, such as a mounted disk, " +
    "iso:/DIR for one ISO image in that directory, which boots and restores, iso:/DIR?size=700M for as many as it takes, none larger (M and G are 10^6 and 10^9 bytes, " +
    "as discs are sold: 700M, 4.7G, 25G; MiB and GiB are known too), usb:/dev/sdX for a stick that boots and holds sets, several if they fit, or a share: nfs://SERVER/EXPORT, cifs://USER@SERVER/SHARE or " +
    "ssh://USER@HOST:PORT/DIR, mounted meanwhile; ?options= passes options to what mounts it. tape:/dev/nst0 writes to as many tapes as it takes, and asks for each; " +
    "obdr:/dev/nst0 makes the first one start a machine, where the drive can. ?overwrite=sets and ?overwrite=anything let what is on a tape be overwritten; ?block=256K, ?volume=1G and " +
    "?spool=/var/tmp say how large its records and the volumes are, and where these wait. What is made up by the kernel or kept in memory, and Lifeboat's " +
    "own sets, are left out; the report names what is. The set is read again and checked before it counts as a backup. The exit code is 1 when files " +
    "could not be read, which the report names, 3 when nothing was written, and 4 or 5 when what was written has been removed.",
  args: [
    {
      name: "MEDIUM",
      required: true,
      isPath: true,
      medium: () => "rw",
      makesSticks: true,
      description: "A directory, iso:/DIR, iso:/DIR?size=700M, usb:/dev/sdX, a share, or tape:/dev/nst0",
    },
  ],
  options: ARCHIVE_OPTIONS,
  examples: [
    { command: "lifeboat archive /mnt/backup", says: "a set in a directory, with boot/rescue.iso in it" },
    { command: "lifeboat archive iso:/mnt/backup -E '/var/cache/*'", says: "one ISO that boots and restores" },
    { command: "lifeboat archive 'iso:/mnt/backup?size=4.7G' --prefix web1", says: "ISOs for DVDs, web1-1.iso and so on; the first boots" },
    { command: "lifeboat archive usb:/dev/sdb", says: "on a stick, which boots on BIOS and UEFI; a blank one is made ready first" },
    { command: "lifeboat archive ssh://backup@nas/srv/sets", says: "on a server, by SSH; nfs:// and cifs:// name shares" },
    {
      command: "lifeboat archive --rescue-iso rescue.iso tape:/dev/nst0",
      says: "on tapes, and an ISO that starts the machine and asks for them",
    },
    { command: "lifeboat archive --images all /mnt/backup", says: "with the Windows beside it, which must not be mounted" },
    { command: "lifeboat archive -I /etc -I /home /mnt/backup", says: "a set of files alone" },
  ],
  async run(invocation) {
    const {
      args: [medium = ""],
      options,
      remark,
    } = invocation;
    checkRules(DISC_RULES, options);
    const isRescue = await exists(`/${IMAGE_MANIFEST_PATH}`);
    checkMediumOptions(options, isRescue);
    return betweenCommands(options, medium, () =>
      withArchivePlace(medium, { options, tell: remark }, (place, shown) => archiveOnto(place, { ...invocation, isRescue, shown })),
    );
  },
};

type Around = Invocation & { readonly isRescue: boolean; readonly shown: Shown };

async function archiveOnto(place: ArchiveMedium, around: Around): Promise<ExitCode> {
  const { options, print, remark, progress, status, changer, isRescue, shown } = around;
  const root = textOption(options, "root") ?? "/";
  const outcome = await archiveTo(place, {
    hostName: (await hostNameBelow(root)).slice(0, NAME_LIMIT),
    name: givenName(options),
    root,
    include: includes(options),
    exclude: listOption(options, "exclude"),
    images: listOption(options, "images"),
    withoutNetwork: options["without-network"] === true,
    ...readCompression(textOption(options, "compress")),
    acceptUnrestorable: options["accept-unrestorable"] === true,
    acceptMissing: options["accept-missing"] === true,
    verify: options["no-verify"] !== true,
    luksHeaders: options["luks-headers"] === true,
    discs: discWishes(options, place),
    changer,
    rescueIso: textOption(options, "rescue-iso"),
    image: isRescue ? undefined : readArchiveImage(options, progress),
    createdBy: `lifeboat ${VERSION}`,
    now: () => new Date(),
    remark,
    note: progress,
    progress: progressPrinter(status),
  });
  print(shown(options["json"] === true ? JSON.stringify(outcome) : archiveReport(outcome)));
  return outcome.manifest.unreadable.length > 0 ? 1 : 0;
}

/** Consent that goes nowhere would be missed on the bad day. Throws LifeboatError (2). */
function checkMediumOptions(options: OptionValues, isRescue: boolean): void {
  const given = [
    ...(options["self-restoring"] === true ? ["self-restoring"] : []),
    ...(listOption(options, "wipe").length > 0 ? ["wipe"] : []),
    ...(textOption(options, "rescue-iso") === undefined ? [] : ["rescue-iso"]),
  ];
  const [first] = given;
  if (first === undefined || (includes(options).includes("/") && !isRescue)) return;
  throw new LifeboatError(
    `Cannot use --${first} as it is for the rescue image that goes with a set: ${isRescue ? "in the rescue system none is made" : "a set without / has none"}`,
    { exitCode: 2, hint: `Leave --${first} out${isRescue ? "" : ", or archive / too"}` },
  );
}

function givenName(options: OptionValues): string | undefined {
  const name = textOption(options, "name");
  if (name === undefined || name.length <= NAME_LIMIT) return name;
  throw new LifeboatError(`Cannot use --name as it may have ${NAME_LIMIT} characters: it has ${name.length}`, { exitCode: 2 });
}

async function hostNameBelow(root: string): Promise<string> {
  const name = root === "/" ? undefined : (await readTextIfThere(`${root}/etc/hostname`))?.trim();
  return name === undefined || name === "" ? hostname() : name;
}

function includes(options: OptionValues): readonly string[] {
  const given = listOption(options, "include");
  return given.length === 0 ? ["/"] : given;
}
