// A running virtual machine: its serial console, its screen and keyboard, its end. Dispose it to end it.
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LifeboatError } from "#os/error";
import { start, type RunningProcess } from "#os/exec";
import { makeDirectory, makeTemporaryDirectory, openAppender, writeFile } from "#os/files";
import { connectUnixSocket } from "#os/unix-socket";
import { qemuArgv } from "./argv.ts";
import { prepareFirmware } from "./firmware.ts";
import { keyPresses } from "./keys.ts";
import { describeEnd, reasonOf, watchLife, type Life } from "./life.ts";
import type { MachineSpec } from "./machine-spec.ts";
import { openQmp, type QmpArguments, type QmpClient } from "./qmp.ts";
import { readScreen } from "./screen.ts";
import { createSerialConsole, type ConsoleMatch, type Pattern, type SerialConsole } from "./serial-console.ts";

export interface StartOptions {
  /** Made when missing; keeps console.log (raw bytes), command.txt and UEFI's variables. */
  readonly workDirectory: string;
  /** From start to end; the machine is killed then. */
  readonly timeLimitMs: number;
  /** Of ip-netns(8): where the machine's cards are plugged in. */
  readonly networkNamespace?: string;
}

/** Starts `machine` and returns when QEMU runs it. Throws LifeboatError with QEMU's words when QEMU refuses it. */
export async function startMachine(machine: MachineSpec, options: StartOptions): Promise<VirtualMachine> {
  const workDirectory = resolve(options.workDirectory);
  const consoleLog = join(workDirectory, "console.log");
  await makeDirectory(workDirectory);
  await writeFile(consoleLog, "");
  const firmwareFiles = await prepareFirmware(machine.firmware, { workDirectory });
  await using setUp = new AsyncDisposableStack();
  // Not in the work directory: a socket's path holds 107 bytes at most (unix(7)).
  const qmpSocket = join(setUp.use(await makeTemporaryDirectory("lifeboat-vm-")).path, "qmp");
  const argv = qemuArgv(machine, { qmpSocket, ...(firmwareFiles === undefined ? {} : { firmwareFiles }) });
  await writeFile(join(workDirectory, "command.txt"), `${argv.join("\n")}\n`);
  // Written by us: QEMU's own log of a chardev has characters twice when its reader is slow. Closed after QEMU has ended.
  const log = openAppender(consoleLog);
  setUp.defer(() => log.close());
  // The kernel ends QEMU with us, even when nobody is left to dispose it.
  const place = options.networkNamespace === undefined ? [] : ["ip", "netns", "exec", options.networkNamespace];
  const process = setUp.use(start(["setpriv", "--pdeathsig", "KILL", ...place, ...argv]));
  const life = watchLife(process, options.timeLimitMs);
  const console = createSerialConsole(consoleLog);
  process.onOutput((bytes) => {
    log.append(bytes);
    console.push(bytes);
  });
  void life.ended.then((end) => console.end(describeEnd(end)));
  const qmp = await connectQmp(qmpSocket, life);
  setUp.defer(() => qmp.close());
  return new VirtualMachine({ process, life, console, qmp, workDirectory, resources: setUp.move() });
}

interface Parts {
  readonly process: RunningProcess;
  readonly life: Life;
  readonly console: SerialConsole;
  readonly qmp: QmpClient;
  readonly workDirectory: string;
  readonly resources: AsyncDisposableStack;
}

export class VirtualMachine implements AsyncDisposable {
  readonly consoleLog: string;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.consoleLog = join(parts.workDirectory, "console.log");
  }

  get pid(): number {
    return this.#parts.process.pid;
  }

  /** All serial text so far, without escape sequences; the log has the raw bytes. */
  get text(): string {
    return this.#parts.console.text();
  }

  /**
   * Waits until the serial console has said `pattern`, after the last match. A regular expression that matches up to the
   * end of what has come counts when the line rests. Throws LifeboatError with the last lines at `timeoutMs` or at the end.
   */
  expect(pattern: Pattern, options: { readonly timeoutMs?: number } = {}): Promise<ConsoleMatch> {
    return this.#parts.console.expect(pattern, options);
  }

  /** Throws LifeboatError when the console has said `pattern` since the start, or says it in the next `durationMs` (0 unless given). */
  expectNone(pattern: Pattern, options: { readonly durationMs?: number } = {}): Promise<void> {
    return this.#parts.console.expectNone(pattern, options);
  }

  /** Types on the serial console. */
  send(text: string): void {
    this.#parts.process.write(text);
  }

  sendLine(line: string): void {
    this.send(`${line}\n`);
  }

  /** QEMU's reason: guest-shutdown, guest-reset … Throws LifeboatError when the machine had to be killed, or QEMU failed. */
  async waitForExit({ timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<string> {
    const { life } = this.#parts;
    const abort = new AbortController();
    const timeout = sleep(timeoutMs ?? 0, undefined, { signal: abort.signal });
    timeout.catch(() => undefined);
    const end = await (timeoutMs === undefined ? life.ended : Promise.race([life.ended, timeout]));
    abort.abort();
    if (end !== undefined) return reasonOf(end);
    throw new LifeboatError(`Cannot wait for the machine as it must end within ${(timeoutMs ?? 0) / 1000} s: it runs`, {
      hint: `The console is in "${this.consoleLog}"`,
    });
  }

  /** The 25 rows of the VGA text screen. Throws LifeboatError in graphics modes. */
  screenText(): Promise<string> {
    return readScreen(this.#parts.qmp, join(this.#parts.workDirectory, "screen.bin"));
  }

  /** Waits until the text screen shows `pattern`, and returns the screen. */
  async expectScreen(pattern: RegExp, { timeoutMs }: { readonly timeoutMs: number }): Promise<string> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      // Firmware passes through graphics modes on its way.
      const screen = await this.screenText().catch((error: unknown) => {
        if (this.#parts.life.end() !== undefined) throw error;
        return String(error);
      });
      if (pattern.test(screen)) return screen;
      if (Date.now() > deadline) {
        throw new LifeboatError(`Cannot find ${pattern} as the screen must show it within ${timeoutMs / 1000} s: it shows\n${screen}`);
      }
      await sleep(SCREEN_INTERVAL_MS);
    }
  }

  /** Writes the screen as PNG. */
  async screenshot(path: string): Promise<void> {
    await this.qmp("screendump", { filename: resolve(path), format: "png" });
  }

  /** Types on the machine's keyboard: see keyPresses() for `<down>`, `<enter>`, `<ctrl-alt-delete>`. */
  async sendKeys(text: string): Promise<void> {
    for (const chord of keyPresses(text)) {
      const keys = chord.map((data) => ({ type: "qcode", data }));
      await this.qmp("send-key", { keys, "hold-time": KEY_HOLD_MS });
      await sleep(KEY_HOLD_MS * 2);
    }
  }

  /** Any QMP command (QEMU's QMP reference); the reply's value. */
  qmp(command: string, args?: QmpArguments): Promise<unknown> {
    return this.#parts.qmp.execute(command, args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.life.kill("it was stopped");
    await this.#parts.resources.disposeAsync();
    await this.#parts.life.ended;
  }
}

const SCREEN_INTERVAL_MS = 250;

// Emulated firmware reads keys slowly, and a keyboard's own buffer holds 16 of them.
const KEY_HOLD_MS = 40;

const CONNECT_INTERVAL_MS = 20;

async function connectQmp(path: string, life: Life): Promise<QmpClient> {
  for (;;) {
    try {
      const qmp = await openQmp(await connectUnixSocket(path));
      life.follow(qmp);
      return qmp;
    } catch (error) {
      if (!(error instanceof LifeboatError)) throw error;
      const end = life.end();
      if (end !== undefined) throw startFailure(describeEnd(end), error);
    }
    await sleep(CONNECT_INTERVAL_MS);
  }
}

function startFailure(state: string, cause: LifeboatError): LifeboatError {
  const hint = state.includes("failed to execute")
    ? 'Install the package "qemu-system-x86"'
    : "The command is in command.txt of the work directory";
  return new LifeboatError(`Cannot start the machine as QEMU must accept it: ${state}`, { hint, cause });
}
