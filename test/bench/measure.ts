// What one run of a program costs: GNU time, which asks the kernel about the whole process tree (wait4(2), getrusage(2)).

import { join } from "node:path";
import { run, type Command, type RunOptions } from "#os/exec";
import { LifeboatError } from "#os/error";
import { makeTemporaryDirectory, readText } from "#os/files";

export interface Cost {
  readonly wallS: number;
  /** User and system time of the process and of all its descendants that were waited for. */
  readonly cpuS: number;
  /** The largest resident set of any one process of the tree, in 10^6 bytes; not their sum. */
  readonly peakMB: number;
}

export interface Measured extends Cost {
  readonly stdout: string;
}

/** For `time`; parseFigures() reads it. */
export const FORMAT = "%e %U %S %M";
const TIMEOUT_MS = 15 * 60_000;

export async function measure(command: Command, options: RunOptions = {}): Promise<Measured> {
  await using directory = await makeTemporaryDirectory("lifeboat-bench-");
  const figures = join(directory.path, "time");
  const { stdout } = await run(["/usr/bin/time", "-q", "-f", FORMAT, "-o", figures, ...command], { timeoutMs: TIMEOUT_MS, ...options });
  return { ...parseFigures(await readText(figures)), stdout };
}

/** Reads `%e %U %S %M`: seconds, seconds, seconds, KiB. */
export function parseFigures(text: string): Cost {
  const [wall, user, system, kibibytes] = text.trim().split(" ").map(Number);
  if (wall === undefined || user === undefined || system === undefined || kibibytes === undefined || !Number.isFinite(kibibytes)) {
    throw new LifeboatError(`Cannot read the cost of a run as GNU time must print four numbers: "${text.trim()}"`, {
      hint: 'Install the package "time"',
    });
  }
  return { wallS: wall, cpuS: round(user + system), peakMB: Math.round((kibibytes * 1024) / 1e6) };
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
