import assert from "node:assert/strict";
import { test } from "node:test";
import { LifeboatError } from "#os/error";
import { runStage, stageLine, type Outcome, type StageClock, type StageSignal } from "./stage.ts";

/** A clock that jumps to the next sleeper as soon as nothing else can happen. */
function fakeClock(): StageClock {
  let now = 1000;
  const sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  const jump = () => {
    const next = sleepers.sort((a, b) => a.at - b.at).shift();
    if (next === undefined) return;
    now = Math.max(now, next.at);
    next.wake();
  };
  return {
    nowMs: () => now,
    sleep: (milliseconds) =>
      new Promise((resolve) => {
        sleepers.push({ at: now + milliseconds, wake: resolve });
        setImmediate(jump);
      }),
  };
}

function runOn(clock: StageClock, action: (signal: StageSignal) => Promise<Outcome>) {
  return runStage({ name: "media", limitMs: 8000, action }, clock);
}

test("a stage ends with what its action says, and with the time it took", async () => {
  const clock = fakeClock();
  const result = await runOn(clock, async () => {
    await clock.sleep(800);
    return { kind: "ok" };
  });
  assert.deepEqual(result, { outcome: { kind: "ok" }, tookMs: 800 });
});

test("what waits for a person takes no time of the stage, and what follows has what was left", async () => {
  const clock = fakeClock();
  const result = await runOn(clock, async (signal) => {
    await clock.sleep(5000);
    await signal.hold(clock.sleep(60_000));
    assert.equal(signal.over, false);
    await clock.sleep(2500);
    return { kind: "ok" };
  });
  assert.deepEqual(result, { outcome: { kind: "ok" }, tookMs: 67_500 });
  const late = await runOn(clock, async (signal) => {
    await signal.hold(clock.sleep(60_000));
    await clock.sleep(8500);
    assert.equal(signal.over, true);
    throw new LifeboatError("Cannot go on");
  });
  assert.deepEqual(late.outcome, { kind: "failed", text: "Cannot go on" });
});

test("a stage that goes beyond its limit fails, is told so, and has a moment to say why", async () => {
  const clock = fakeClock();
  let signal: StageSignal | undefined;
  const silent = await runOn(clock, (given) => {
    signal = given;
    return new Promise(() => undefined);
  });
  assert.deepEqual(silent.outcome, { kind: "failed", text: "no end after 8 s" });
  assert.equal(signal?.over, true);
  const talking = await runOn(clock, async (given) => {
    while (!given.over) await clock.sleep(500);
    throw new LifeboatError("Cannot find the medium as one must be there: none");
  });
  assert.deepEqual(talking.outcome, { kind: "failed", text: "Cannot find the medium as one must be there: none" });
});

test("errors for users are a line and a hint; a bug keeps its stack, on one line", async () => {
  const failing = (error: Error) =>
    runOn(fakeClock(), async () => {
      throw error;
    });
  assert.deepEqual((await failing(new LifeboatError("Cannot a as b:\n c", { hint: "Do d" }))).outcome, {
    kind: "failed",
    text: "Cannot a as b: | c",
    hint: "Do d",
  });
  const { outcome } = await failing(new TypeError("x is not a function"));
  assert.match(outcome.kind === "failed" ? outcome.text : "", /^TypeError: x is not a function \| at .*stage\.test\.ts/);
});

test("the line of a stage has the form that people and programs look for", () => {
  assert.equal(stageLine("media", { kind: "ok" }, 812), "lifeboat: stage media: ok 0.8s");
  assert.equal(stageLine("media", { kind: "fallback", text: "no medium" }, 812), "lifeboat: stage media: fallback no medium");
  assert.equal(stageLine("all-modules", { kind: "failed", text: "T" }, 1), "lifeboat: stage all-modules: failed T");
});
