import assert from "node:assert/strict";
import { test } from "node:test";
import { consolePaths, withoutRepeats } from "./console.ts";

test("every console of the kernel is used, the screen by its first virtual one, and MondoRescue's serial= once", () => {
  for (const [active, serial, paths] of [
    ["ttyS0", undefined, ["/dev/ttyS0"]],
    ["tty0 ttyS0", undefined, ["/dev/tty1", "/dev/ttyS0"]],
    ["tty0 ttyS0\n", "ttyS1", ["/dev/tty1", "/dev/ttyS0", "/dev/ttyS1"]],
    ["ttyS0", "/dev/ttyS0,115200n8", ["/dev/ttyS0"]],
    ["", undefined, ["/dev/console"]],
    ["", "", ["/dev/console"]],
  ] as const) {
    assert.deepEqual(consolePaths(active, serial), paths);
  }
});

test("withoutRepeats() drops a line that it has had before, in the log and on the screen", () => {
  const lines: string[] = [];
  const quiet = withoutRepeats({ screens: [], say: (line) => lines.push(`say ${line}`), note: (line) => lines.push(`note ${line}`) });
  for (const line of ["a", "b", "a"]) quiet.say(line);
  for (const line of ["c", "c"]) quiet.note(line);
  assert.deepEqual(lines, ["say a", "say b", "note c"]);
});
