// The end of the program by its own decision, with a sentence on standard error for whoever started it.
import { writeSync } from "node:fs";

/** Writes one line and ends the process at once. */
export function endWith(exitCode: number, text: string): never {
  writeSync(2, `${text}\n`);
  process.exit(exitCode);
}
