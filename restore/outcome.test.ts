// What follows a restore: a machine that is not as it was waits for somebody to look at it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { warningsAfter, whatFollows, type Afterwards } from "./outcome.ts";

test("whatFollows() reboots a machine that is as it was, and leaves others to an operator unless losses were foreseen", () => {
  const whole = { differences: [], lost: [], lostUnnamed: 0 } as const;
  const differs = { ...whole, differences: [{ path: "/a", what: "content" }] };
  const lost = { ...whole, lost: ["/a"] };
  const cases: readonly (readonly [outcome: Parameters<typeof whatFollows>[0], asked: Afterwards | undefined, next: Afterwards])[] = [
    [whole, undefined, "reboot"],
    [whole, "poweroff", "poweroff"],
    [whole, "shell", "shell"],
    [differs, undefined, "shell"],
    [differs, "reboot", "shell"],
    [differs, "poweroff", "shell"],
    [lost, undefined, "shell"],
    [lost, "reboot", "reboot"],
    [lost, "poweroff", "poweroff"],
    [{ ...whole, lostUnnamed: 3 }, undefined, "shell"],
    [{ ...whole, lostUnnamed: "unknown" }, undefined, "shell"],
    [{ ...lost, ...differs, lost: ["/a"] }, "reboot", "shell"],
  ];
  for (const [outcome, asked, next] of cases) assert.equal(whatFollows(outcome, asked), next, JSON.stringify([outcome, asked]));
  assert.deepEqual(
    [warningsAfter(whole).length, warningsAfter(lost).length, warningsAfter({ ...differs, lost: ["/a"] }).length],
    [0, 1, 2],
  );
});
