// Why a machine ended: its own doing, its time limit, whoever disposed it, or QEMU failing.
import { LifeboatError } from "#os/error";
import type { RunningProcess } from "#os/exec";
import type { QmpClient } from "./qmp.ts";

export type MachineEnd =
  /** `reason` is QEMU's: guest-shutdown, guest-reset (a reboot, or a panic with panic=-1), guest-panic, host-qmp-quit … */
  | { readonly kind: "ended"; readonly reason: string }
  | { readonly kind: "killed"; readonly why: string }
  | { readonly kind: "failed"; readonly state: string };

export interface Life {
  readonly ended: Promise<MachineEnd>;
  /** Undefined while the machine runs. */
  end(): MachineEnd | undefined;
  kill(why: string): void;
  /** Learns from QMP why the guest ends. */
  follow(qmp: QmpClient): void;
}

/** Watches QEMU's process and kills it after `timeLimitMs`. */
export function watchLife(process: RunningProcess, timeLimitMs: number): Life {
  let errors = "";
  let killedWhy: string | undefined;
  let reason: string | undefined;
  let end: MachineEnd | undefined;
  let eventsRead: Promise<void> = Promise.resolve();
  const decoder = new TextDecoder();
  process.onErrorOutput((bytes) => (errors += decoder.decode(bytes, { stream: true })));
  const kill = (why: string) => {
    killedWhy ??= why;
    process.kill("SIGKILL");
  };
  const timer = setTimeout(() => kill(`it was killed at its time limit of ${timeLimitMs / 1000} s`), timeLimitMs);
  const ended = process.exited.then(async ({ exitCode, signal }) => {
    clearTimeout(timer);
    await eventsRead;
    if (killedWhy !== undefined) end = { kind: "killed", why: killedWhy };
    else if (exitCode === 0) end = { kind: "ended", reason: reason ?? "unknown" };
    else end = { kind: "failed", state: `${lastWords(errors)} (${exitCode === undefined ? signal : `exit code ${exitCode}`})` };
    return end;
  });
  return {
    ended,
    end: () => end,
    kill,
    follow(qmp) {
      eventsRead = qmp.closed;
      qmp.onEvent(({ event, data }) => {
        if (event === "SHUTDOWN") reason = String(data["reason"]);
      });
    },
  };
}

/** How the machine ended, as the state in an error. */
export function describeEnd(end: MachineEnd): string {
  if (end.kind === "killed") return end.why;
  return end.kind === "ended" ? `the machine has ended (${end.reason})` : `QEMU failed: ${end.state}`;
}

/** Throws LifeboatError unless the machine ended by itself or by QMP; returns why. */
export function reasonOf(end: MachineEnd): string {
  if (end.kind === "ended") return end.reason;
  throw new LifeboatError(`Cannot wait for the machine as it must end by itself: ${describeEnd(end)}`);
}

function lastWords(errors: string): string {
  return errors.trim().split("\n").slice(-3).join(" | ");
}
