// The system's clock: from the machine's own, else from a web server, else from the boot words. Restored files, logs and certificates go by it.

import { utcNow } from "#os/clock";
import { httpTime } from "#os/http";
import { listSys, readSys } from "#os/sysfs";
import { parseMediumUrl } from "../media/medium-url.ts";
import type { AgentContext, AgentState } from "./context.ts";

/** No rescue image is older than the program in it: a clock that says so has stopped. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);
/** 2100: one that says so was never set. */
const LATEST_MS = Date.UTC(2100, 0, 1);

export function isPlausible(timeMs: number): boolean {
  return timeMs >= EARLIEST_MS && timeMs < LATEST_MS;
}

/**
 * Before the network is there: what the kernel took from the machine's clock, or the clock itself where its driver came late. With neither
 * `lifeboat.time=` holds meanwhile, as a certificate would not be valid yet in 1970.
 */
export async function startClock(context: AgentContext): Promise<void> {
  const { words, state, console } = context;
  if (isPlausible(Date.parse(utcNow()))) return void (state.clock = "machine");
  const hardware = readClocks().find(isPlausible);
  if (hardware !== undefined) return setClock(context, { timeMs: hardware, from: "machine", says: "as the machine's clock says" });
  const word = words.own.get("lifeboat.time")?.[0];
  if (word === undefined) return;
  const timeMs = Date.parse(/Z$|[+-]\d\d:\d\d$/.test(word) ? word : `${word}Z`);
  if (isPlausible(timeMs)) return setClock(context, { timeMs, from: "word", says: "as lifeboat.time= says" });
  console.say(`lifeboat: Cannot set the clock as lifeboat.time= must be a time such as 2026-11-27T10:15:00Z: "${word}"`);
}

/** When the medium has been looked for: where the machine's clock told nothing, a web server's goes before the boot words. */
export async function correctClock(context: AgentContext): Promise<void> {
  const { state, words, image, console } = context;
  if (state.clock === "machine" || state.clock === "web") return;
  const url = webServer(words.medium ?? state.mediumUrl ?? image.mediumUrl);
  const timeMs = state.networkReady && url !== undefined ? await httpTime(url) : undefined;
  if (timeMs !== undefined && isPlausible(timeMs)) return setClock(context, { timeMs, from: "web", says: `as ${url} says` });
  if (state.clock === undefined)
    console.say(`lifeboat: the clock says ${utcNow().slice(0, 10)}, which cannot be: lifeboat.time=2026-11-27T10:15:00Z sets it`);
}

function webServer(medium: string | undefined): string | undefined {
  if (medium === undefined || !/^https?:/.test(medium)) return undefined;
  const url = parseMediumUrl(medium);
  return url.scheme === "http" ? url.url : undefined;
}

function readClocks(sysRoot = "/sys"): readonly number[] {
  return listSys(`${sysRoot}/class/rtc`).map((name) => Number(readSys(`${sysRoot}/class/rtc/${name}/since_epoch`) ?? "0") * 1000);
}

interface Time {
  readonly timeMs: number;
  readonly from: NonNullable<AgentState["clock"]>;
  readonly says: string;
}

async function setClock({ shell, state, console }: AgentContext, { timeMs, from, says }: Time): Promise<void> {
  const result = await shell.run(["busybox", "date", "-u", "-s", `@${Math.round(timeMs / 1000)}`]);
  if (result.exitCode !== 0) return console.say(`lifeboat: Cannot set the clock ${says}: ${result.output}`);
  state.clock = from;
  console.say(`lifeboat: clock set to ${new Date(timeMs).toISOString().slice(0, 19)}Z, ${says}`);
}
