// A shell of root on a guest's serial line: log in, run commands, power off.

import { LifeboatError } from "#os/error";
import type { VirtualMachine } from "../../qemu/machine.ts";

export interface CommandResult {
  /** Standard output and error, without carriage returns and the last line break. */
  readonly output: string;
  readonly exitCode: number;
}

export interface GuestSession {
  readonly machine: VirtualMachine;
  /** Runs in the same shell as the commands before; standard input is empty. */
  run(command: string, timeoutMs: number): Promise<CommandResult>;
}

export interface LogInOptions {
  readonly hostname: string;
  readonly login: { readonly user: string; readonly password: string };
  /** For the boot up to the login prompt. */
  readonly timeoutMs: number;
}

const ANSWER_MS = 60_000;
/** What a terminal takes before somebody reads it (n_tty.c, N_TTY_BUF_SIZE), with room for what is wrapped around a command. */
const LONGEST_COMMAND = 3900;

export async function logIn(machine: VirtualMachine, { hostname, login, timeoutMs }: LogInOptions): Promise<GuestSession> {
  await machine.expect(`${hostname} login: `, { timeoutMs });
  machine.send(`${login.user}\r`);
  await machine.expect("Password: ", { timeoutMs: ANSWER_MS });
  machine.send(`${login.password}\r`);
  await machine.expect(/[#$] /, { timeoutMs: ANSWER_MS });
  // A shell that neither echoes nor edits nor remembers, on a line where the kernel keeps quiet.
  // What is typed before it reads would be lost: an editing shell reads ahead.
  machine.send("unset HISTFILE; exec env PS1=plain''-shell PS2= TERM=dumb bash --norc --noprofile --noediting\r");
  await machine.expect("plain-shell", { timeoutMs: ANSWER_MS });
  machine.send("PS1=; stty -echo -onlcr; dmesg --console-off; printf 'quiet%s\\n' -shell\r");
  await machine.expect("quiet-shell\n", { timeoutMs: ANSWER_MS });
  let count = 0;
  return { machine, run: (command, limitMs) => runCommand(machine, { command, mark: `mark-${++count}`, timeoutMs: limitMs }) };
}

interface MarkedCommand {
  readonly command: string;
  readonly mark: string;
  readonly timeoutMs: number;
}

async function runCommand(machine: VirtualMachine, { command, mark, timeoutMs }: MarkedCommand): Promise<CommandResult> {
  if (Buffer.byteLength(command) > LONGEST_COMMAND) {
    throw new LifeboatError(
      `Cannot run a command in the guest as its terminal takes ${LONGEST_COMMAND} bytes: it has ${Buffer.byteLength(command)}`,
      {
        hint: "Put a script on a disk of the machine and run that",
      },
    );
  }
  machine.send(`printf '%s-begin\\n' ${mark}; { ${command}\n} </dev/null 2>&1; printf '\\n%s-end=%d;\\n' ${mark} $?\r`);
  const match = await machine.expect(new RegExp(`${mark}-begin\\r?\\n([^]*?)\\r?\\n${mark}-end=(\\d+);`), { timeoutMs });
  return { output: (match.groups[0] ?? "").replaceAll("\r", "").replace(/\n$/, ""), exitCode: Number(match.groups[1]) };
}

/** Shuts the guest down in its own way and waits until the machine is off. */
export async function powerOffGuest({ machine }: GuestSession, timeoutMs = 120_000): Promise<void> {
  machine.send("systemctl poweroff\r");
  const reason = await machine.waitForExit({ timeoutMs });
  if (reason !== "guest-shutdown") {
    throw new LifeboatError(`Cannot power the guest off as it must shut down by itself: it ended with ${reason}`);
  }
}
