// The countdown before the disks are erased: nothing but time means yes, and any key on any console means no.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Screen } from "./console.ts";
import { countDown } from "./count-down.ts";

/** A console of several terminals, on which keys can be pressed; and what stands on them. */
function consoles(count: number) {
  const listeners: ((keys: string) => void)[] = [];
  const drawn: (readonly string[])[][] = [];
  const taken: number[] = [];
  const screens = Array.from({ length: count }, (_, index): Screen => {
    drawn.push([]);
    const terminal: Screen["terminal"] = {
      path: `/dev/ttyS${index}`,
      write: () => undefined,
      onKeys: (listener) => void (listeners[index] = listener),
      release: async () => undefined,
      take: () => void taken.push(index),
    };
    return { terminal, print: () => undefined, draw: (lines) => void drawn[index]!.push(lines), leave: () => undefined };
  });
  return { screens, drawn, taken, press: (index: number, keys: string) => listeners[index]!(keys) };
}

/** Each look at it takes as long as was asked for; `at` is called on the way. */
function clock(at: (ms: number) => void) {
  let ms = 5000;
  return {
    nowMs: () => ms,
    sleep: async (milliseconds: number) => {
      ms += milliseconds;
      at(ms - 5000);
    },
  };
}

describe("countDown()", () => {
  test("takes 20 s, counts them on every console, and clears the line at the end", async () => {
    const said: string[] = [];
    const { screens, drawn, taken } = consoles(2);
    let lastMs = 0;
    const isAgreed = await countDown(
      { screens, say: (line) => void said.push(line) },
      clock((ms) => (lastMs = ms)),
    );
    assert.deepEqual([isAgreed, lastMs, taken], [true, 20_000, [0, 1]]);
    assert.deepEqual(said, ["lifeboat: nuke begins in 20 s; any key stops it"]);
    for (const lines of drawn) {
      assert.deepEqual(
        [lines[0], lines.at(-2), lines.at(-1)],
        [["20 s until the disks are erased; any key stops it"], ["1 s until the disks are erased; any key stops it"], []],
      );
    }
  });

  for (const [keys, console, atMs] of [
    [" ", 0, 250],
    ["\u001b[A", 1, 19_750],
    ["\r", 1, 20_000],
    ["\u0003", 0, 10_000],
  ] as const) {
    test(`is stopped by ${JSON.stringify(keys)} on console ${console} after ${atMs / 1000} s`, async () => {
      const { screens, drawn, press } = consoles(2);
      let lastMs = 0;
      const time = clock((ms) => {
        lastMs = ms;
        if (ms === atMs) press(console, keys);
      });
      assert.equal(await countDown({ screens, say: () => undefined }, time), false);
      assert.equal(lastMs, atMs);
      assert.deepEqual(
        drawn.map((lines) => lines.at(-1)),
        [[], []],
      );
    });
  }
});
