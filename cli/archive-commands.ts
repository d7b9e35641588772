// Commands of the user's own before and after an archive, such as those that make a database hold still. Their exit codes count.

import { LifeboatError, type ExitCode } from "#os/error";
import { runAttached } from "#os/exec";
import { textOption, type OptionSpec, type OptionValues } from "./command-spec.ts";

export const COMMAND_OPTIONS: readonly OptionSpec[] = [
  {
    name: "pre-archive",
    value: "COMMAND",
    description: "Run this by /bin/sh first; when it fails nothing is written",
  },
  {
    name: "post-archive",
    value: "COMMAND",
    description:
      "Run this by /bin/sh at the end, whatever became of the archive: LIFEBOAT_EXIT_CODE tells it; when it fails the exit code is 1 at least",
  },
];

/** Throws LifeboatError (3) when the first command fails; the second is run then too, as the first may have done a part. */
export async function betweenCommands(options: OptionValues, medium: string, work: () => Promise<ExitCode>): Promise<ExitCode> {
  const [before, after] = [textOption(options, "pre-archive"), textOption(options, "post-archive")];
  let exitCode: ExitCode = 4;
  let failed: unknown;
  try {
    if (before !== undefined) await runFirst(before, medium);
    exitCode = await work();
  } catch (error) {
    failed = error;
    exitCode = error instanceof LifeboatError ? error.exitCode : 4;
  }
  const last = after === undefined ? 0 : await runShell(after, { LIFEBOAT_MEDIUM: medium, LIFEBOAT_EXIT_CODE: `${exitCode}` });
  if (failed !== undefined) throw failed;
  if (last === 0) return exitCode;
  throw new LifeboatError(`Cannot call this archive done as the command of --post-archive must succeed: exit code ${last}`, {
    exitCode: exitCode === 0 ? 1 : exitCode,
    hint: "The set is there, and whole",
  });
}

async function runFirst(command: string, medium: string): Promise<void> {
  const exitCode = await runShell(command, { LIFEBOAT_MEDIUM: medium });
  if (exitCode === 0) return;
  throw new LifeboatError(`Cannot archive as the command of --pre-archive must succeed: exit code ${exitCode}`, {
    hint: "Nothing has been written",
  });
}

/** What it prints goes to standard error: standard output is the report's. */
async function runShell(command: string, env: Readonly<Record<string, string>>): Promise<number> {
  return runAttached(["/bin/sh", "-c", `exec 1>&2; ${command}`], { env });
}
