// Asks a program that may not be there: what it cannot tell stays unknown.
import { LifeboatError } from "#os/error";
import { run, type Command, type RunOptions } from "#os/exec";

const TOOL_TIMEOUT_MS = 60_000;

/** What the program printed; undefined when it is not installed or fails. */
export async function askTool(command: Command, options: RunOptions = {}): Promise<string | undefined> {
  return orUnknown(async () => (await run(command, { timeoutMs: TOOL_TIMEOUT_MS, ...options })).stdout);
}

/** What `ask` finds out; undefined when it ends in an error that is no bug of ours. */
export async function orUnknown<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof LifeboatError) return undefined;
    throw error;
  }
}
