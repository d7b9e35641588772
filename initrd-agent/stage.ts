// Runs one stage within its limit and says how it ended, in one line that never changes its form.

import { LifeboatError } from "#os/error";
import type { StageName } from "./boot-words.ts";

export type Outcome =
  | { readonly kind: "ok" }
  /** The stage did something else than was hoped for, and the next one can go on. */
  | { readonly kind: "fallback"; readonly text: string }
  | { readonly kind: "failed"; readonly text: string; readonly hint?: string };

export interface StageRun {
  readonly name: StageName;
  readonly limitMs: number;
  readonly action: (signal: StageSignal) => Promise<Outcome>;
}

/** Tells a stage that its time is over, so that its loops can end. */
export interface StageSignal {
  readonly over: boolean;
  readonly deadlineMs: number;
  /** What waits for a person takes no time of the stage. */
  hold<T>(waiting: Promise<T>): Promise<T>;
}

export interface StageClock {
  nowMs(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** A stage that hears that its time is over can still say what it was waiting for. */
const GRACE_MS = 2000;

/** Runs the stage. Never throws: what goes wrong is the outcome. */
export async function runStage(run: StageRun, clock: StageClock): Promise<{ readonly outcome: Outcome; readonly tookMs: number }> {
  const startMs = clock.nowMs();
  const signal = stageSignal(startMs + run.limitMs, clock);
  const late = async (): Promise<Outcome> => {
    await signal.end();
    signal.over = true;
    await clock.sleep(GRACE_MS);
    return { kind: "failed", text: `no end after ${run.limitMs / 1000} s` };
  };
  const outcome = await Promise.race([run.action(signal).catch(asFailure), late()]);
  signal.over = true;
  return { outcome, tookMs: clock.nowMs() - startMs };
}

const HELD_MS = 1000;

function stageSignal(deadlineMs: number, clock: StageClock) {
  let held = 0;
  const signal = {
    over: false,
    deadlineMs,
    async hold<T>(waiting: Promise<T>): Promise<T> {
      const startMs = clock.nowMs();
      held += 1;
      try {
        return await waiting;
      } finally {
        held -= 1;
        signal.deadlineMs += clock.nowMs() - startMs;
      }
    },
    /** Resolves when the time is over. */
    async end(): Promise<void> {
      for (;;) {
        const leftMs = signal.deadlineMs - clock.nowMs();
        if (leftMs <= 0 && held === 0) return;
        await clock.sleep(Math.max(leftMs, held === 0 ? 0 : HELD_MS));
      }
    },
  };
  return signal;
}

/** The line on the console: `lifeboat: stage NAME: ok 0.8s`, `: fallback TEXT` or `: failed TEXT`. */
export function stageLine(name: StageName, outcome: Outcome, tookMs: number): string {
  const seconds = (tookMs / 1000).toFixed(1);
  switch (outcome.kind) {
    case "ok":
      return `lifeboat: stage ${name}: ok ${seconds}s`;
    case "fallback":
      return `lifeboat: stage ${name}: fallback ${outcome.text}`;
    case "failed":
      return `lifeboat: stage ${name}: failed ${outcome.text}`;
  }
}

function asFailure(error: unknown): Outcome {
  if (error instanceof LifeboatError) {
    const { message, hint } = error;
    return { kind: "failed", text: onOneLine(message), ...(hint === undefined ? {} : { hint: onOneLine(hint) }) };
  }
  return { kind: "failed", text: onOneLine(error instanceof Error ? (error.stack ?? error.message) : String(error)) };
}

function onOneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, " | ");
}
