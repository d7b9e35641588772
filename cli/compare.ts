// `lifeboat compare SET`: the set against the machine, as it is now.

import { isKernelDirectory, newPaths } from "../archive/new-paths.ts";
import { checkedPattern, exclusionsOf } from "../archive/exclusions.ts";
import { LifeboatError } from "#os/error";
import { fileInfo, writeAtomic } from "#os/files";
import type { ByteText } from "../formats/tar-read.ts";
import { utf8Encode } from "../formats/text.ts";
import { findSet } from "../media/find-set.ts";
import { DIFFERENCE_KINDS, type DifferenceKind } from "../restore/compare-files.ts";
import { byPath, compareSet, type PathDifference } from "../restore/compare-set.ts";
import { pathsMeant } from "../restore/only-paths.ts";
import { wantedBelow } from "../restore/select-files.ts";
import { bytesOfText, jsonName, printable } from "../set/catalogue.ts";
import { openSet, type OpenSet } from "../set/open-set.ts";
import type { PathMemory } from "../set/path-memory.ts";
import { comparedLine, differenceText, type ComparedMachine } from "../ui/compare-text.ts";
import { JSON_OPTION, listOption, SET_ARGUMENT, textOption, type CommandSpec, type Invocation, type OptionSpec } from "./command-spec.ts";
import { progressPrinter } from "./progress-printer.ts";

const COMPARE_OPTIONS: readonly OptionSpec[] = [
  { name: "root", value: "DIR", type: "path", description: "Where the machine's files are", defaultText: "/", inConfig: false },
  {
    name: "only",
    value: "PATH",
    many: true,
    takesBytes: true,
    description: "Compare this path with all below it, also as list prints it; may be given again",
    inConfig: false,
  },
  {
    name: "exclude",
    short: "E",
    value: "PATTERN",
    many: true,
    description: "Leave out what matches, with all below it, as in archive; may be given again",
    inConfig: false,
  },
  {
    name: "ignore",
    value: "KIND",
    many: true,
    choices: DIFFERENCE_KINDS,
    description: "Say nothing of differences of this kind; may be given again",
    inConfig: false,
  },
  {
    name: "output",
    short: "o",
    value: "FILE",
    type: "path",
    description: "Write the differences there, and print a summary alone",
    inConfig: false,
  },
  JSON_OPTION,
];

export const compareCommand: CommandSpec = {
  name: "compare",
  summary: "Compare a set with the machine as it is now",
  description:
    "Reads every file of the machine that the set has, and looks for what the set has not; nothing is written. Each path that differs is a line: serious for what is missing, " +
    "cannot be read, or is of another content, type or target; notable for owner, mode, attributes, ACLs and inode flags; slight for what is new, and for times. Of the set only the catalogue is " +
    "read: lifeboat verify reads its data. The exit code is 1 when anything differs.",
  args: [SET_ARGUMENT],
  options: COMPARE_OPTIONS,
  examples: [
    { command: "lifeboat compare /mnt/backup", says: "the newest set there and this machine" },
    { command: "lifeboat compare /mnt/backup --only /etc --ignore time", says: "what has changed in /etc" },
  ],
  async run(invocation) {
    const { args, options, remark, changer, cleanUp } = invocation;
    const root = await checkedRoot(textOption(options, "root") ?? "/");
    const set = await openSet(await findSet(args[0] ?? "", { note: remark, changer, cleanUp }));
    const wish = await wishOf(set, invocation);
    const progress = progressPrinter(invocation.status);
    const compared = await compareSet({
      set,
      root,
      isWanted: wish.isWanted,
      progress: (doneBytes, allBytes) => progress({ what: "comparing", doneBytes, allBytes }),
    });
    refuseAbsent(wish, compared.paths);
    const { manifest } = set;
    const news = await newPaths({ manifest, root, only: wish.only, isExcluded: wish.isExcluded, isInSet: compared.paths.has, remark });
    const found = [...compared.differences, ...news];
    progress(undefined);
    const differences = byPath(found, new Set(listOption(options, "ignore") as readonly DifferenceKind[]));
    await tell({ setId: set.manifest.id, root, checked: compared.checked, differences }, invocation);
    return differences.length === 0 ? 0 : 1;
  },
};

async function checkedRoot(root: string): Promise<string> {
  const type = (await fileInfo(root))?.type;
  if (type === "directory") return root;
  throw new LifeboatError(
    `Cannot compare with "${root}" as it must be the directory that the machine's files are in: it is ${type ?? "not there"}`,
    {
      exitCode: 2,
    },
  );
}

interface Wish {
  readonly only: readonly ByteText[];
  isExcluded(path: ByteText): boolean;
  isWanted(path: ByteText): boolean;
}

async function wishOf(set: OpenSet, { options }: Invocation): Promise<Wish> {
  const words = listOption(options, "only");
  const only = words.length === 0 ? ["/"] : await pathsMeant(set, words);
  const isBelow = wantedBelow(only);
  const patterns = listOption(options, "exclude").map(checkedPattern);
  const exclusions = exclusionsOf(patterns);
  // The directories above what was archived are in a set for its sake alone.
  const isIncluded = wantedBelow(set.manifest.options.include.map(bytesOfText));
  return {
    only,
    isExcluded: exclusions.isExcluded,
    isWanted: (path) =>
      isIncluded(path) && !isKernelDirectory(path) && isBelow(path) && (patterns.length === 0 || exclusions.patternFor(path) === undefined),
  };
}

/** Throws LifeboatError (2): of a path that is mistyped nothing would differ. */
function refuseAbsent({ only }: Wish, paths: PathMemory): void {
  const names = only.filter((path) => path !== "/" && !paths.has(path)).map((path) => `"${printable(path)}"`);
  if (names.length === 0) return;
  throw new LifeboatError(`Cannot compare ${names.join(", ")} as it must be in the set: it is not`, {
    exitCode: 2,
    hint: "lifeboat list SET --files shows what is in it",
  });
}

async function tell(compared: ComparedMachine, { options, print }: Invocation): Promise<void> {
  const output = textOption(options, "output");
  const isJson = options["json"] === true;
  const lines = isJson ? [jsonText(compared)] : compared.differences.map(differenceText);
  if (output === undefined) for (const line of lines) print(line);
  else await writeAtomic(output, utf8Encode(lines.map((line) => `${line}\n`).join("")));
  if (!isJson || output !== undefined) print(comparedLine(compared));
}

function jsonText({ setId, root, checked, differences }: ComparedMachine): string {
  const named = differences.map(({ path, severity, kinds, what }: PathDifference) => ({
    ...jsonName("path", path),
    severity,
    kinds,
    what,
  }));
  return JSON.stringify({ set: setId, root, checked, differences: named });
}
