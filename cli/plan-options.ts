// What both `plan` and `restore` can be told about disks.

import type { PlanOptions } from "../restore/plan-restore.ts";
import { LifeboatError } from "#os/error";
import { listOption, textOption, type OptionSpec, type OptionValues } from "./command-spec.ts";

export const PLAN_OPTIONS: readonly OptionSpec[] = [
  {
    name: "map",
    value: "OLD=NEW",
    many: true,
    description: "Put the machine's disk OLD on the disk NEW: names, serials or wwids; may be given again, and several disks may go to one",
    inConfig: false,
  },
  {
    name: "exclude-disk",
    value: "DISK",
    many: true,
    description: "Leave this disk alone: a name, serial or wwid; may be given again",
    inConfig: false,
  },
  {
    name: "wipe",
    value: "SERIAL",
    many: true,
    description: "Let the disk of this serial be overwritten, whatever is on it; may be given again",
    inConfig: false,
  },
  {
    name: "keep",
    value: "WHAT",
    many: true,
    description:
      "Do not format this file system, and write nothing to it: a mount point, UUID=ID or LABEL=NAME; its disk keeps its partitions; may be given again",
    inConfig: false,
  },
  {
    name: "file-system",
    value: "PATH=TYPE",
    many: true,
    description: "Make the file system at this mount point as ext4, xfs or btrfs, whatever it was; may be given again",
    inConfig: false,
  },
  {
    name: "volume-group",
    value: "OLD=NEW",
    many: true,
    description: "Put the volumes of the machine's volume group OLD into its group NEW, and make no OLD; several may go into one",
    inConfig: false,
  },
  {
    name: "nic",
    value: "OLD=NEW",
    many: true,
    description: "The machine's network card OLD is the card NEW here: names or addresses; may be given again",
    inConfig: false,
  },
  {
    name: "identity",
    value: "WHAT",
    choices: ["original", "clone"],
    description: "original: the same machine; clone: another one, with a machine-id, SSH host keys and a name of its own",
    defaultText: "original",
    inConfig: false,
  },
  {
    name: "host-name",
    value: "NAME",
    description: "With --identity clone: its name, in which %h stands for the machine's",
    defaultText: "%h-clone",
    inConfig: false,
  },
  { name: "no-partition", description: "Use the partition tables that are there, which must be the machine's", inConfig: false },
  { name: "no-arrays", description: "Use the md arrays that are there", inConfig: false },
  { name: "no-volumes", description: "Use the LVM volume groups that are there", inConfig: false },
  { name: "no-resize", description: "Keep the sizes and places of partitions on a larger disk", inConfig: false },
];

/** Throws LifeboatError (2). */
export function readPlanOptions(options: OptionValues): PlanOptions {
  return {
    map: pairsOf(options, "map", "a disk goes to one place"),
    cards: pairsOf(options, "nic", "a card is one here"),
    types: pairsOf(options, "file-system", "a file system has one type"),
    groups: pairsOf(options, "volume-group", "a volume group goes into one"),
    excluded: listOption(options, "exclude-disk"),
    wipe: listOption(options, "wipe"),
    noResize: options["no-resize"] === true,
    keep: listOption(options, "keep"),
    cloneName: cloneName(options),
    noPartition: options["no-partition"] === true,
    noArrays: options["no-arrays"] === true,
    noVolumes: options["no-volumes"] === true,
  };
}

function pairsOf(options: OptionValues, name: string, rule: string): ReadonlyMap<string, string> {
  const form = PLAN_OPTIONS.find((option) => option.name === name)?.value ?? "OLD=NEW";
  const pairs = listOption(options, name).map((pair) => {
    const at = pair.indexOf("=");
    if (at > 0 && at < pair.length - 1) return [pair.slice(0, at), pair.slice(at + 1)] as const;
    throw new LifeboatError(`Cannot use --${name} as it must be ${form}: "${pair}"`, { exitCode: 2 });
  });
  for (const [index, [old, now]] of pairs.entries()) {
    const other = pairs.slice(0, index).find(([before]) => before === old);
    if (other === undefined) continue;
    throw new LifeboatError(`Cannot use --${name} as ${rule}: "${old}" was given "${other[1]}" and "${now}"`, { exitCode: 2 });
  }
  return new Map(pairs);
}

/** RFC 1123, section 2.1; `%h` is filled in when the machine is known. */
const HOST_NAME = /^(?:[a-z0-9]|%h)(?:[a-z0-9.-]|%h){0,252}$/i;

function cloneName(options: OptionValues): string | undefined {
  const name = textOption(options, "host-name");
  if (textOption(options, "identity") !== "clone") {
    if (name === undefined) return undefined;
    throw new LifeboatError("Cannot use --host-name as the same machine has the same name: --identity clone makes another one", {
      exitCode: 2,
    });
  }
  if (name === undefined || HOST_NAME.test(name)) return name ?? "%h-clone";
  throw new LifeboatError(`Cannot use --host-name as it must be letters, digits, hyphens and dots: "${name}"`, { exitCode: 2 });
}
