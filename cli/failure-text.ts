// What a failure says on standard error: two lines where the user is meant, the stack where it is a bug.

import { LifeboatError } from "#os/error";
import { shownText } from "../ui/plain-text.ts";

/** Ends in a newline. */
export function failureText(error: unknown): string {
  if (error instanceof LifeboatError) {
    return shownText(`lifeboat: ${error.message}\n${error.hint === undefined ? "" : `  ${error.hint}\n`}`);
  }
  // Left to Node, it would come with its source line: in the binary that is the whole program.
  return `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
}
