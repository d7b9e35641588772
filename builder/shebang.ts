// The first line of a script, as the kernel reads it (fs/binfmt_script.c), and what env(1) makes of it.

export interface Shebang {
  /** An absolute path. */
  readonly interpreter: string;
  /** The program that `env` is asked to find. */
  readonly program?: string;
}

/** Bytes of a file that the kernel looks at (BINPRM_BUF_SIZE). */
export const SHEBANG_BYTES = 256;

/** `head` is the start of the file. Undefined when it is no script, or its interpreter is no absolute path. */
export function readShebang(head: Uint8Array): Shebang | undefined {
  if (head[0] !== 0x23 || head[1] !== 0x21) return undefined;
  const line = new TextDecoder("latin1").decode(head.subarray(2, SHEBANG_BYTES)).split("\n", 1)[0] ?? "";
  const [interpreter = "", ...words] = line.trim().split(/[ \t]+/);
  if (!interpreter.startsWith("/")) return undefined;
  if (!interpreter.endsWith("/env")) return { interpreter };
  // Options and VAR=VALUE come before the program's name; `-S` may be glued to it.
  const program = words.map((word) => word.replace(/^-S(?=.)/, "")).find((word) => !word.startsWith("-") && !word.includes("="));
  return program === undefined ? { interpreter } : { interpreter, program };
}
