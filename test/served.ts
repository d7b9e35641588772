// `lifeboat serve` as a process in a namespace, and readers that fetch from it all at once.

import { run, start, type Command, type RunningProcess } from "#os/exec";
import { inNamespace, type NetworkLab } from "./network-lab.ts";

export interface Served extends AsyncDisposable {
  /** All that it has said. */
  said(): string;
  /** Waits until it has said that. */
  expect(pattern: RegExp, timeoutMs?: number): Promise<string>;
  readonly process: RunningProcess;
}

/** Returns when it says that it serves. Throws with its own words when it ends before. */
export async function serveIn(lab: NetworkLab, lifeboat: Command, words: readonly string[]): Promise<Served> {
  const process = start(inNamespace(lab.server, [...lifeboat, "serve", ...words]));
  let text = "";
  const add = (bytes: Uint8Array) => void (text += new TextDecoder().decode(bytes));
  process.onOutput(add);
  process.onErrorOutput(add);
  let hasEnded = false;
  void process.exited.then(() => (hasEnded = true));
  const expect = async (pattern: RegExp, timeoutMs = 60_000) => {
    for (const endMs = Date.now() + timeoutMs; Date.now() < endMs; await new Promise((resolve) => setTimeout(resolve, 50))) {
      const found = pattern.exec(text)?.[0];
      if (found !== undefined) return found;
      if (hasEnded) throw new Error(`lifeboat serve has ended: ${text}`);
    }
    throw new Error(`lifeboat serve has not said ${pattern} in ${timeoutMs / 1000} s: ${text}`);
  };
  const served: Served = {
    said: () => text,
    expect,
    process,
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await process.exited;
      await process[Symbol.asyncDispose]();
    },
  };
  try {
    await expect(/Ctrl-C ends it/);
    return served;
  } catch (error) {
    await served[Symbol.asyncDispose]();
    throw error;
  }
}

export interface Reading {
  readonly bytes: number;
  readonly seconds: number;
}

/** Every reader fetches the whole of `url` `times` times, all readers at once. Throws when one does not get it. */
export async function readAtOnce({ readers }: NetworkLab, url: string, times = 1): Promise<Reading> {
  const startedMs = performance.now();
  const urls = Array.from({ length: times }, () => url);
  const fetching: Command = ["curl", "-sSf", "-w", "%{size_download}\\n", ...urls.flatMap((one) => ["-o", "/dev/null", one])];
  const sizes = (await Promise.all(readers.map((reader) => run(inNamespace(reader, fetching))))).flatMap(({ stdout }) =>
    stdout.trim().split("\n"),
  );
  const bytes = sizes.reduce((sum, size) => sum + Number(size), 0);
  return { bytes, seconds: (performance.now() - startedMs) / 1000 };
}

export function rateText({ bytes, seconds }: Reading): string {
  return `${Math.round(bytes / 2 ** 20)} MiB in ${seconds.toFixed(1)} s, ${Math.round(bytes / 2 ** 20 / seconds)} MiB/s`;
}
