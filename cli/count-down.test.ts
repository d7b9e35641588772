// Any key ends a countdown, and nothing else does.
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, test } from "node:test";
import { countDown, type KeyInput } from "./count-down.ts";

describe("countDown()", () => {
  /** Presses a key after so many turns; says how it went. */
  async function counted(isTTY: boolean, pressAfter: number) {
    const modes: boolean[] = [];
    const input: KeyInput = Object.assign(new PassThrough(), { isTTY, setRawMode: (isRaw: boolean) => modes.push(isRaw) });
    const told: number[] = [];
    let turns = 0;
    const sleep = async () => {
      turns += 1;
      if (turns === pressAfter) input.push("\u0003");
      await new Promise(setImmediate);
    };
    const went = await countDown({ seconds: 3, input, left: (seconds) => void told.push(seconds), sleep });
    return { went, told, turns, modes, listeners: input.listenerCount("data") };
  }

  test("comes to its end when no key is pressed", async () => {
    assert.deepEqual(await counted(true, 99), { went: true, told: [3, 2, 1, 0], turns: 12, modes: [true, false], listeners: 0 });
  });

  test("is stopped by any key, Ctrl-C among them", async () => {
    assert.deepEqual(await counted(true, 6), { went: false, told: [3, 2, 0], turns: 6, modes: [true, false], listeners: 0 });
  });

  test("takes no input for a key that comes from no keyboard", async () => {
    assert.deepEqual(await counted(false, 2), { went: true, told: [3, 2, 1, 0], turns: 12, modes: [], listeners: 0 });
  });
});
