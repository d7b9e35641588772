// What `archive` is told of ISO images and discs: their names, commands for each, and how they are burned.

import { LifeboatError } from "#os/error";
import type { DiscWishes } from "../archive/disc-wishes.ts";
import type { ArchiveMedium } from "../media/archive-medium.ts";
import { textOption, type OptionSpec, type OptionValues } from "./command-spec.ts";
import type { OptionRule } from "./option-rules.ts";

export const DISC_OPTIONS: readonly OptionSpec[] = [
  {
    name: "prefix",
    value: "NAME",
    description: "What ISO images are called: NAME-1.iso, NAME-2.iso and so on",
    defaultText: "the set's name",
    inConfig: false,
  },
  {
    name: "burn",
    value: "DRIVE",
    description:
      "Burn each image with xorriso as soon as it is made, read the disc back, and ask for the next empty one; the directory of iso:/DIR is only worked in. " +
      "DRIVE is one such as /dev/sr0, or stdio:/FILE",
    inConfig: false,
  },
  {
    name: "blank",
    value: "HOW",
    choices: ["as_needed", "fast", "all"],
    description: "With --burn: take discs that are not empty too, and blank those that can be blanked",
    defaultText: "only empty discs",
  },
  {
    name: "speed",
    value: "N",
    description: "With --burn: how fast, as after xorriso's speed=",
    defaultText: "what the drive takes for best",
  },
  { name: "no-eject", description: "With --burn: leave each disc in the drive" },
  { name: "dry-burn", description: "With --burn: keep the laser off; no set is made", inConfig: false },
  {
    name: "before-volume",
    value: "COMMAND",
    description:
      "Run this shell command before each ISO image is made; LIFEBOAT_VOLUME has its number, LIFEBOAT_FILE its path, LIFEBOAT_SET the set's name. The archive ends " +
      "when it fails",
  },
  { name: "after-volume", value: "COMMAND", description: "The same when it has its name, or was burned" },
];

const ABOUT_BURNING = "it says how discs are burned";

export const DISC_RULES: readonly OptionRule[] = ["blank", "speed", "no-eject", "dry-burn"].map((option) => ({
  option,
  needs: "burn",
  because: ABOUT_BURNING,
}));

/** Throws LifeboatError (2) for what is given without ISO images, and for values that nothing takes. */
export function discWishes(options: OptionValues, { kind }: Pick<ArchiveMedium, "kind">): DiscWishes {
  const given = ["prefix", "burn", "before-volume", "after-volume"].find((name) => textOption(options, name) !== undefined);
  if (given !== undefined && kind !== "iso") {
    throw new LifeboatError(`Cannot use --${given} as it is about ISO images: the medium is no iso:`, {
      exitCode: 2,
      hint: `Give iso:/DIR or iso:/DIR?size=700M, or leave --${given} out`,
    });
  }
  return {
    prefix: givenPrefix(options),
    before: textOption(options, "before-volume"),
    after: textOption(options, "after-volume"),
    burn: givenBurn(options),
  };
}

const PREFIX_LIMIT = 80;

function givenPrefix(options: OptionValues): string | undefined {
  const prefix = textOption(options, "prefix");
  if (prefix === undefined || (/^[A-Za-z0-9][\w.-]*$/.test(prefix) && prefix.length <= PREFIX_LIMIT)) return prefix;
  throw new LifeboatError(
    `Cannot use --prefix as it is letters, digits, dots, dashes and underscores, ${PREFIX_LIMIT} at most: "${prefix}"`,
    { exitCode: 2 },
  );
}

function givenBurn(options: OptionValues): DiscWishes["burn"] {
  const drive = textOption(options, "burn");
  if (drive === undefined) return undefined;
  const speed = textOption(options, "speed");
  if (!/^(?:stdio:)?\/./.test(drive)) throw unusable("burn", `it is a drive such as /dev/sr0, or stdio:/FILE: "${drive}"`);
  if (speed !== undefined && !/^\w[\w.]*$/.test(speed)) throw unusable("speed", `it is what xorriso takes, such as 4: "${speed}"`);
  return { drive, speed, blank: textOption(options, "blank"), eject: options["no-eject"] !== true, isDry: options["dry-burn"] === true };
}

function unusable(option: string, state: string): LifeboatError {
  return new LifeboatError(`Cannot use --${option} as ${state}`, { exitCode: 2 });
}
