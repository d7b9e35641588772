// The only file that starts a process: argument arrays, never a shell string; every exit code counts.
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { execa, type Options } from "execa";
import { openBulkPipe } from "#os/bulk-pipe";
import { LifeboatError } from "#os/error";
import { forgetTemporary, ownedPrefix, rememberTemporary } from "#os/temporaries";

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  /** Added to the environment, or taken out of it where undefined; locale variables are forced to C unless given here, and `USERS_OPTIONS` are gone. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
  /** Exit codes that count as success; 0 alone unless given. */
  readonly okCodes?: readonly number[];
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** A process that outlives the call that started it. Dispose it to end it. */
export interface RunningProcess extends AsyncDisposable {
  readonly pid: number;
  write(text: string): void;
  onOutput(listener: (chunk: Uint8Array) => void): void;
  onErrorOutput(listener: (chunk: Uint8Array) => void): void;
  kill(signal: "SIGTERM" | "SIGKILL" | "SIGINT"): void;
  readonly exited: Promise<{ readonly exitCode: number | undefined; readonly signal: string | undefined }>;
}

/**
 * By these a user's shell gives programs options that nobody here has asked for: of a set made with `TAR_OPTIONS=--exclude=*.o` files
 * would be missing, and one unpacked with `--no-same-owner` would have other owners.
 */
const USERS_OPTIONS = ["TAR_OPTIONS", "POSIXLY_CORRECT", "GZIP", "XZ_OPT", "XZ_DEFAULTS", "ZSTD_CLEVEL", "ZSTD_NBTHREADS"];
const WITHOUT_OPTIONS: Readonly<Record<string, undefined>> = Object.fromEntries(USERS_OPTIONS.map((name) => [name, undefined]));

const SYSTEM_DIRECTORIES = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Runs a program to its end and returns its text. Throws LifeboatError when the exit code is not one of `okCodes`. */
export async function run(command: Command, options: RunOptions = {}): Promise<RunResult> {
  const result = await settle(spawn(command, inputOption(options.input), options), command, options);
  return { stdout: result.text(), stderr: result.stderr, exitCode: result.exitCode };
}

/** Like `run`, for programs whose standard output is not text. */
export async function runBytes(command: Command, options: RunOptions = {}): Promise<Uint8Array> {
  const child = spawn(command, { ...inputOption(options.input), encoding: "buffer" }, options);
  return (await settle(child, command, options)).bytes();
}

export interface PipelineOptions extends Pick<RunOptions, "env"> {
  /** Follows the source: an end mark, which the first program need not read to its last byte. */
  readonly end?: Uint8Array;
}

/**
 * Feeds `source` through `commands`, one into the next, and writes what comes out to the new file `outputPath`.
 * Each piece has left our memory before the next is asked for, so a source may use the same memory again.
 */
export async function runPipeline(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  commands: readonly Command[],
  outputPath: string,
  { end, ...options }: PipelineOptions = {},
): Promise<void> {
  await using output = await open(outputPath, "w", 0o600);
  const children = commands.map((command, index) => {
    // execa's types know file descriptors up to 9 only.
    const stdout = (index === commands.length - 1 ? output.fd : "pipe") as "pipe";
    return spawn(command, { stdin: "pipe", stdout, buffer: { stdout: false } }, options);
  });
  const outcomes = children.map((child, index) => settle(child, commands[index]!, {}));
  const links = children.slice(1).map((child, index) => pipeline(children[index]!.stdout!, child.stdin));
  const [fed, ...ended] = await Promise.allSettled([feed(children[0]!.stdin, source, end), ...outcomes, ...links]);
  // What spoils the source spoils the rest; a member that failed says more than the broken pipe it leaves behind.
  for (const outcome of [fed, ...ended]) if (outcome.status === "rejected") throw outcome.reason;
  if (fed.status === "fulfilled" && !fed.value) {
    throw new LifeboatError(`Cannot run "${commands[0]?.[0]}" as it must read all that it is given: it stopped early`);
  }
}

/** False when the program stopped reading before the end mark. */
async function feed(stdin: Writable, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, end?: Uint8Array): Promise<boolean> {
  stdin.on("error", () => undefined);
  try {
    for await (const piece of source) {
      const failed = await new Promise<unknown>((sent) => stdin.write(piece, sent));
      if (failed instanceof Error) return false;
    }
    if (end !== undefined) stdin.write(end);
    stdin.end();
    return true;
  } catch (error) {
    stdin.destroy();
    throw error;
  }
}

/** Runs a program that has our terminal to itself, such as a shell. Returns its exit code; 128 and more for a signal, as shells say it. */
export async function runAttached(command: Command, options: RunOptions = {}): Promise<number> {
  const child = spawn(command, { stdin: "inherit", stdout: "inherit", stderr: "inherit", buffer: false }, options);
  const { exitCode, code } = await child;
  if (code === "ENOENT") throw new LifeboatError(`Cannot run "${command[0]}" as it must be a program on the path: there is none`);
  return exitCode ?? ENDED_BY_SIGNAL;
}

const ENDED_BY_SIGNAL = 128;

/** Starts a program and returns at once. Output that nobody listens to is dropped. */
export function start(command: Command, options: RunOptions = {}): RunningProcess {
  const child = spawn(command, { stdin: "pipe", buffer: false, encoding: "buffer" }, options);
  child.stdin?.on("error", () => undefined);
  const exited = endOf(child);
  return {
    pid: child.pid ?? 0,
    write: (text) => void child.stdin?.write(text),
    onOutput: (listener) => void child.stdout?.on("data", listener),
    onErrorOutput: (listener) => void child.stderr?.on("data", listener),
    kill: (signal) => void child.kill(signal),
    exited,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** A process that data flows through, as fast as the slower side takes it. Dispose it to end it. */
export interface PipedProcess extends AsyncDisposable {
  /** What it prints, in pieces. To be read to the end, or the process waits. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Resolves when the bytes have left our memory. False when the process reads no more. */
  write(bytes: Uint8Array): Promise<boolean>;
  endInput(): void;
  /** Never rejects: the exit code, undefined for a signal or a program that is not there, and all that was said on standard error. */
  readonly ended: Promise<{ readonly exitCode: number | undefined; readonly stderr: string }>;
}

export interface PipedOptions extends RunOptions {
  /** What is said on standard error costs memory: a program that complains of every file may not be wanted to be heard. */
  readonly stderr?: "keep" | "drop";
}

export function startPiped(command: Command, options: PipedOptions = {}): PipedProcess {
  const stderr = options.stderr === "drop" ? "ignore" : "pipe";
  const child = spawn(command, { stdin: "pipe", stdout: "pipe", stderr, buffer: { stdout: false }, encoding: "buffer" }, options);
  const { stdin, stdout } = child;
  stdin?.on("error", () => undefined);
  const ended = child.then(({ exitCode, stderr, code }) => ({
    exitCode,
    stderr: code === "ENOENT" ? `no such program on the path: ${command[0]}` : textOf(stderr),
  }));
  return {
    output: stdout as AsyncIterable<Uint8Array>,
    write: (bytes) => new Promise((resolve) => void stdin?.write(bytes, (error) => resolve(error === null || error === undefined))),
    endInput: () => void stdin?.end(),
    ended,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Like `startPiped`, without input, for gigabytes: each piece of the output is valid until the next one is asked for. */
export async function startBulk(command: Command, options: RunOptions = {}): Promise<Omit<PipedProcess, "write" | "endInput">> {
  const { reader, writer } = await openFifo();
  const child = spawn(
    command,
    { stdin: "ignore", stdout: writer as unknown as "pipe", buffer: { stdout: false }, encoding: "buffer" },
    options,
  );
  closeSync(writer);
  const pipe = openBulkPipe(reader);
  const ended = child.then(({ exitCode, stderr, code }) => ({
    exitCode,
    stderr: code === "ENOENT" ? `no such program on the path: ${command[0]}` : textOf(stderr),
  }));
  return {
    output: pipe.output,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
      pipe.close();
    },
  };
}

/** Both ends of a pipe. A first end for both directions keeps the others from waiting for each other (fifo(7)). */
async function openFifo(): Promise<{ readonly reader: number; readonly writer: number }> {
  const directory = rememberTemporary(mkdtempSync(join(tmpdir(), ownedPrefix("lifeboat-pipe-"))));
  try {
    const path = join(directory, "pipe");
    await run(["mkfifo", "-m", "0600", path]);
    const both = openSync(path, constants.O_RDWR);
    const reader = openSync(path, constants.O_RDONLY);
    const writer = openSync(path, constants.O_WRONLY);
    closeSync(both);
    return { reader, writer };
  } finally {
    rmSync(directory, { recursive: true, force: true });
    forgetTemporary(directory);
  }
}

/** How long output may trail behind the end of its process. */
const TRAILING_OUTPUT_MS = 500;

/** When the process has ended and its output is read; a grandchild that keeps the pipe open does not hold this up. */
async function endOf(child: ReturnType<typeof spawn>): Promise<{ exitCode: number | undefined; signal: string | undefined }> {
  const whole = child.then(({ exitCode, signal }) => ({ exitCode, signal: signal as string | undefined }));
  const ended = new Promise<{ exitCode: number | undefined; signal: string | undefined }>((resolve) => {
    child.nodeChildProcess.once("exit", (exitCode, signal) => {
      setTimeout(() => resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined }), TRAILING_OUTPUT_MS);
    });
  });
  return Promise.race([whole, ended]);
}

function inputOption(input: string | Uint8Array | undefined): { stdin: "ignore" } | { input: string | Uint8Array } {
  return input === undefined ? { stdin: "ignore" } : { input };
}

/** What is kept of a program's text, in characters, some below the longest string: tar says a line for each of a million files. */
const MOST_OUTPUT = 400 * 1024 * 1024;

function spawn([program, ...args]: Command, execaOptions: Options, options: RunOptions) {
  const path = [process.env["PATH"] ?? "", ...SYSTEM_DIRECTORIES].filter((part) => part !== "").join(":");
  return execa(program, args, {
    reject: false,
    maxBuffer: MOST_OUTPUT,
    stripFinalNewline: false,
    env: { ...WITHOUT_OPTIONS, LC_ALL: "C", LANGUAGE: "C", PATH: path, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...execaOptions,
  });
}

interface Settled {
  text(): string;
  bytes(): Uint8Array;
  readonly stderr: string;
  readonly exitCode: number;
}

async function settle(child: ReturnType<typeof spawn>, command: Command, options: RunOptions): Promise<Settled> {
  const result = await child;
  const stderr = textOf(result.stderr);
  if (result.exitCode === undefined || !(options.okCodes ?? [0]).includes(result.exitCode)) {
    const { exitCode, signal, timedOut, code } = result;
    throw failure(command, { exitCode, signal, timedOut, code, stderr }, options);
  }
  return { text: () => textOf(result.stdout), bytes: () => bytesOf(result.stdout), stderr, exitCode: result.exitCode };
}

interface Outcome {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly timedOut: boolean;
  readonly code?: string | undefined;
  readonly stderr: string;
}

function failure(command: Command, outcome: Outcome, options: RunOptions): LifeboatError {
  const [program] = command;
  if (outcome.code === "ENOENT") {
    return new LifeboatError(`Cannot run "${program}" as it must be installed: no such program on the path`, {
      hint: `Install the package that has "${program}"`,
    });
  }
  const lastWords = outcome.stderr.trim().split("\n").slice(-3).join(" | ");
  const state = outcome.timedOut
    ? `no end after ${(options.timeoutMs ?? 0) / 1000} s`
    : outcome.signal !== undefined
      ? `ended by ${outcome.signal}`
      : `exit code ${outcome.exitCode ?? outcome.code ?? "unknown"}`;
  const room = lastWords.includes("No space left on device") ? "Free some space where it writes; the" : "The";
  return new LifeboatError(`Cannot run "${program}" as it must succeed: ${state}${lastWords === "" ? "" : `, saying "${lastWords}"`}`, {
    hint: `${room} command was: ${command.join(" ")}`,
  });
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : value instanceof Uint8Array ? new TextDecoder().decode(value) : "";
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new TextEncoder().encode(textOf(value));
}
