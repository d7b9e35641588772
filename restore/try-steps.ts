// Tries what steps will ask of the system's tools on empty files of the right size, which take no room: nothing is written to a disk.

import { run } from "#os/exec";
import { makeTemporaryDirectory } from "#os/files";
import type { FileSystem } from "../machine/model.ts";
import { extTrial, mkfsCommands, mkswapCommand, type MkfsCommand } from "./mkfs-command.ts";
import { partitionScript } from "./partition-script.ts";
import type { Step } from "./plan.ts";

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }>;

/** What the tools refuse, one line each. */
export async function stepProblems(steps: readonly Step[]): Promise<readonly string[]> {
  await using work = await makeTemporaryDirectory("lifeboat-trial-");
  const problems: string[] = [];
  for (const [index, step] of steps.entries()) {
    const file = `${work.path}/${index}`;
    await tryStep(step, file).catch((error: Error) => problems.push(error.message));
    await run(["rm", "-f", file]);
  }
  return problems;
}

/**
 * Whether this system's mkfs knows the features of these file systems, one line each. They do not hang on a size: none is as large as it was, as not
 * everything that a trial may be written to takes a file of many terabytes.
 */
export async function featureProblems(fileSystems: readonly FileSystem[]): Promise<readonly string[]> {
  await using work = await makeTemporaryDirectory("lifeboat-trial-");
  const file = `${work.path}/file`;
  const problems: string[] = [];
  for (const fileSystem of fileSystems.filter(({ parameters: { kind } }) => ["ext", "xfs", "f2fs"].includes(kind))) {
    const { device, type } = fileSystem;
    await tryFeatures(fileSystem, file).catch((error: Error) => problems.push(`"${device}", ${type}: ${error.message}`));
    await run(["rm", "-f", file]);
  }
  return problems;
}

const FEATURE_TRIAL_BYTES = 2 ** 33;

async function tryFeatures(fileSystem: FileSystem, file: string): Promise<void> {
  const trial = extTrial(file, fileSystem);
  const isExt = trial.commands.length > 0;
  await sparseFile(file, isExt ? trial.sizeBytes : Math.min(fileSystem.sizeBytes, FEATURE_TRIAL_BYTES));
  for (const command of isExt ? trial.commands : mkfsCommands([file], fileSystem, true)) await tryCommand(command);
}

const MIB = 2 ** 20;
const LIMIT_MS = 60_000;

async function tryStep(step: Step, file: string): Promise<void> {
  if (step.kind === "partition") await tryTable(step, file);
  else if (step.kind === "make-filesystem") await tryFileSystem(step, file);
  else if (step.kind === "make-swap" || step.kind === "make-swap-file") {
    // More than a page for each header; its real size is the plan's.
    await sparseFile(file, MIB);
    await tryCommand(mkswapCommand(file, step));
  }
}

async function tryTable({ disk, table }: Of<"partition">, file: string): Promise<void> {
  // A file has sectors of 512 bytes, whatever the disk has.
  const times = disk.logicalSectorBytes / 512;
  // An MBR counts sectors, whatever their size, and has no room for more than 2^32; a GPT takes so many bytes at the disk's ends.
  const isScaled = table.kind === "gpt";
  await sparseFile(file, isScaled ? disk.sizeBytes : disk.sizeBytes / times);
  const scaled = isScaled ? inSmallerSectors(table, times) : table;
  await run(["sfdisk", "--no-act", "--quiet", file], { input: partitionScript(disk, scaled), timeoutMs: LIMIT_MS });
}

function inSmallerSectors(table: Of<"partition">["table"], times: number): Of<"partition">["table"] {
  return {
    ...table,
    firstSector: table.firstSector === undefined ? undefined : table.firstSector * times,
    partitions: table.partitions.map((partition) => {
      return { ...partition, startSector: partition.startSector * times, sizeSectors: partition.sizeSectors * times };
    }),
  };
}

async function tryFileSystem({ devices, fileSystem }: Of<"make-filesystem">, file: string): Promise<void> {
  const files = devices.map((_, index) => (index === 0 ? file : `${file}-${index}`));
  for (const [index, { sizeBytes }] of devices.entries()) await sparseFile(files[index]!, sizeBytes);
  for (const command of mkfsCommands(files, fileSystem, true)) await tryCommand(command);
  await run(["rm", "-f", ...files]);
  const { sizeBytes, commands } = extTrial(file, fileSystem);
  if (commands.length === 0) return;
  await sparseFile(file, sizeBytes);
  for (const command of commands) await tryCommand(command);
}

async function sparseFile(path: string, sizeBytes: number): Promise<void> {
  await run(["truncate", "-s", `${sizeBytes}`, path]);
}

async function tryCommand(command: MkfsCommand): Promise<void> {
  await run(command, { timeoutMs: LIMIT_MS });
}
