// dnsmasq as a child that never outlives us, not even when we are killed.

import { LifeboatError } from "#os/error";
import { run, start, type RunningProcess } from "#os/exec";
import { sleep } from "#os/clock";
import { dnsmasqProblem } from "./dnsmasq-log.ts";

export interface RunningDnsmasq extends AsyncDisposable {
  /** Rejects when it ends by itself. */
  readonly ended: Promise<never>;
}

/**
 * It gives root away, and with that the kernel's promise to end it with its parent: so a shell waits for the end of a pipe from us. Its own
 * standard input is /dev/null, as of all that a shell starts in the background.
 */
const LIFELINE = `
exec 3<&0
dnsmasq "$@" &
child=$!
trap 'kill $child 2>/dev/null' TERM INT
( cat <&3 >/dev/null; kill $child 2>/dev/null ) &
wait $child
code=$?
kill $! 2>/dev/null
exit $code
`;
/** Within that it has bound its ports and read its arguments. */
const START_LIMIT_MS = 10_000;

/** Returns when it serves. Throws LifeboatError when it is not installed, or cannot. */
export async function runDnsmasq(args: readonly string[], onLine: (line: string) => void): Promise<RunningDnsmasq> {
  await requireDnsmasq();
  const process = start(["sh", "-c", LIFELINE, "sh", ...args]);
  const lines: string[] = [];
  let rest = "";
  process.onErrorOutput((bytes) => {
    const parts = (rest + new TextDecoder().decode(bytes)).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      lines.push(line);
      if (lines.length > 50) lines.shift();
      onLine(line);
    }
  });
  const ended = process.exited.then((): never => {
    throw new LifeboatError(`Cannot answer machines that boot as dnsmasq must run: ${dnsmasqProblem([...lines, rest])}`, {
      hint: "Ports 67, 69 and 4011 must be free on this interface: see ss -lunp",
    });
  });
  ended.catch(() => undefined);
  await Promise.race([ended, untilStarted(lines)]);
  return { ended, [Symbol.asyncDispose]: () => end(process) };
}

async function requireDnsmasq(): Promise<void> {
  try {
    await run(["dnsmasq", "--version"]);
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    throw new LifeboatError("Cannot answer machines that boot as dnsmasq must be installed: no such program on the path", {
      hint: "Install the package dnsmasq-base (Debian) or dnsmasq",
      cause: error,
    });
  }
}

/** It binds its ports before it says that it has started; TFTP's line comes last. */
async function untilStarted(lines: readonly string[]): Promise<void> {
  for (let waitedMs = 0; waitedMs < START_LIMIT_MS; waitedMs += 50) {
    if (lines.some((line) => /TFTP root is/.test(line))) return;
    await sleep(50);
  }
}

async function end(process: RunningProcess): Promise<void> {
  process.kill("SIGTERM");
  await Promise.race([process.exited, sleep(2000)]);
  await process[Symbol.asyncDispose]();
}
