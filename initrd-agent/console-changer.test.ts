// The next disc is asked for on every console; any of them answers, and so does the disc itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MediumRequest } from "../media/medium-changer.ts";
import { consoleChanger } from "./console-changer.ts";
import type { Screen } from "./console.ts";

const REQUEST: MediumRequest = {
  what: "disc",
  use: "read",
  number: 3,
  setId: "web1-20261121T194500Z",
  place: "/dev/sr0",
  problem: "disc 1 of web1-20261121T194500Z",
};

function consoles(count: number, at: (turn: number, press: (index: number, keys: string) => void) => void) {
  const listeners: ((keys: string) => void)[] = [];
  const said: string[] = [];
  const drawn: (readonly string[])[] = [];
  const screens = Array.from({ length: count }, (_, index): Screen => {
    const onKeys = (listener: (keys: string) => void) => void (listeners[index] = listener);
    const terminal: Screen["terminal"] = {
      path: `/dev/ttyS${index}`,
      write: () => undefined,
      onKeys,
      release: async () => undefined,
      take: () => undefined,
    };
    return { terminal, print: () => undefined, draw: (lines) => void drawn.push(lines), leave: () => undefined };
  });
  let turn = 0;
  const clock = {
    nowMs: () => turn * 250,
    async sleep() {
      turn += 1;
      at(turn, (index, keys) => listeners[index]!(keys));
    },
  };
  const console = { screens, say: (line: string) => void said.push(line) };
  return { changer: consoleChanger(console, clock), said, drawn, turns: () => turn };
}

test("Enter on the second of two consoles answers, other keys do not, and both have been told", async () => {
  const { changer, said, drawn } = consoles(2, (turn, press) => {
    if (turn === 3) press(0, "x");
    if (turn === 5) press(1, "\r");
    assert.ok(turn <= 5);
  });
  assert.equal(await changer.next(REQUEST), "/dev/sr0");
  assert.deepEqual(said, [
    "lifeboat: that is not it: disc 1 of web1-20261121T194500Z",
    "lifeboat: Put disc 3 of web1-20261121T194500Z into /dev/sr0",
  ]);
  assert.deepEqual(drawn[0], ["Waiting for disc 3 in /dev/sr0; Enter on any console looks at once"]);
  assert.equal(drawn.length, 4);
  assert.deepEqual(drawn.slice(2), [[], []]);
});

test("a disc that has come is taken without a key, looked for every two seconds", async () => {
  const looks: number[] = [];
  const { changer, turns } = consoles(1, () => undefined);
  const arrived = async () => {
    looks.push(turns());
    return looks.length === 3 ? "/dev/sr1" : undefined;
  };
  assert.equal(await changer.next({ ...REQUEST, arrived }), "/dev/sr1");
  assert.deepEqual(looks, [8, 16, 24]);
});
