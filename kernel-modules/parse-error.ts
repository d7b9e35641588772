// The one error of this package: which file, which line, which rule was broken, and the value that broke it.

export interface KmodParseErrorOptions {
  /** The file as the caller named it. */
  readonly file?: string;
  /** Counted from 1. */
  readonly line?: number;
  readonly value?: string;
}

/** A failure with a message of the form `Cannot <do the thing> as <rule>: <state>`. */
export class KmodParseError extends Error {
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly value: string | undefined;

  constructor(message: string, options: KmodParseErrorOptions = {}) {
    super(message);
    this.name = "KmodParseError";
    this.file = options.file;
    this.line = options.line;
    this.value = options.value;
  }
}

/** The error for one line of a text file; `rule` completes "as …". */
export function badLine(file: string, line: number, rule: { readonly rule: string; readonly value: string }): KmodParseError {
  const { rule: broken, value } = rule;
  return new KmodParseError(`Cannot read line ${line} of "${file}" as ${broken}: "${shorten(value)}"`, { file, line, value });
}

const LONGEST_QUOTE = 120;

function shorten(value: string): string {
  return value.length <= LONGEST_QUOTE ? value : `${value.slice(0, LONGEST_QUOTE)}…`;
}
