// Processes are told apart, also from those that had the same number before.
import assert from "node:assert/strict";
import { test } from "node:test";
import { start } from "#os/exec";
import { isRunning, thisProcess } from "./this-process.ts";

test("this process runs, and one of its number that began earlier does not", () => {
  const own = thisProcess();
  assert.match(own.startTicks ?? "", /^\d+$/);
  assert.equal(isRunning(own), true);
  assert.equal(isRunning({ ...own, startTicks: String(Number(own.startTicks) - 1) }), false);
});

test("a process that has ended does not run", async () => {
  await using child = start(["sh", "-c", "exec -a 'a) b (c' sleep 100"]);
  const { startTicks: _, ...own } = thisProcess();
  const ended = { ...own, pid: child.pid, startTicks: "1" };
  assert.equal(isRunning(ended), false);
  child.kill("SIGKILL");
  await child.exited;
  assert.equal(isRunning(ended), false);
});

test("of another machine, another start of this one, or another container nothing is known", () => {
  const own = thisProcess();
  for (const other of [{ bootId: "x" }, { bootId: undefined }, { pidNamespace: "pid:[1]" }, { startTicks: undefined }])
    assert.equal(isRunning({ ...own, ...other }), undefined);
});
