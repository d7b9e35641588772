import assert from "node:assert/strict";
import { test } from "node:test";
import { startWorkerShell } from "#os/worker-shell";

test("a worker shell runs commands side by side and tells each its own result", async () => {
  await using shell = startWorkerShell();
  const startedMs = performance.now();
  const results = await Promise.all([
    shell.run(["sh", "-c", "sleep 0.3; echo slow"]),
    shell.run(["sh", "-c", "sleep 0.3; echo broken >&2; exit 3"]),
    shell.run(["printf", "%s", 'it\'s\n$HOME `x` "y"']),
  ]);
  assert.deepEqual(results, [
    { exitCode: 0, output: "slow" },
    { exitCode: 3, output: "broken" },
    { exitCode: 0, output: 'it\'s\n$HOME `x` "y"' },
  ]);
  assert.ok(performance.now() - startedMs < 590, "the two sleeps must overlap");
});

test("a worker shell that dies answers everything that waits", async () => {
  const shell = startWorkerShell();
  const waiting = shell.run(["sleep", "2"]);
  await shell[Symbol.asyncDispose]();
  assert.equal((await waiting).exitCode, 127);
});

test("a worker shell that has died is started again for the next command", async () => {
  await using shell = startWorkerShell();
  // Between the worker and its job are the job's subshell and the one that catches its output.
  const parentOf = (pid: string) => `read -r _ _ _ pid _ < /proc/${pid}/stat`;
  await shell.run(["sh", "-c", `${parentOf("$PPID")}; ${parentOf("$pid")}; kill -9 "$pid"`]);
  let again = await shell.run(["echo", "again"]);
  for (let turn = 0; turn < 50 && again.exitCode === 127; turn++) again = await shell.run(["echo", "again"]);
  assert.deepEqual(again, { exitCode: 0, output: "again" });
});
