// The one error that a user is meant to read: what could not be done, by which rule, and what to do next.

/** Exit codes of every command (DESIGN section 8). */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5;

export interface LifeboatErrorOptions {
  /** 2 bad usage or config, 3 refused before any write, 4 failed after writing began, 5 set damaged. */
  readonly exitCode?: ExitCode;
  /** What the reader can do next; one sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * A failure with a message of the form `Cannot <do the thing> as <rule>: <state>`.
 * Anything else that is thrown is a bug and keeps its stack.
 */
export class LifeboatError extends Error {
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(message: string, options: LifeboatErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "LifeboatError";
    this.exitCode = options.exitCode ?? 3;
    this.hint = options.hint;
  }
}

/** What is a refusal elsewhere is none once something has been written. */
export function afterWriting(error: unknown): unknown {
  if (!(error instanceof LifeboatError) || error.exitCode !== 3) return error;
  return new LifeboatError(error.message, { exitCode: 4, cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
}
