// At a terminal the next disc is asked for; without one it is refused.
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import type { MediumRequest } from "../media/medium-changer.ts";
import { terminalChanger } from "./terminal-changer.ts";

const REQUEST: MediumRequest = {
  what: "disc",
  use: "read",
  number: 2,
  setId: "web1-20261121T194500Z",
  place: "/dev/sr0",
  problem: undefined,
};

/** Time goes by when `pass` is called. */
function terminal(isTTY = true) {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = new PassThrough();
  let text = "";
  output.on("data", (bytes: Buffer) => void (text += bytes.toString()));
  const waiting: (() => void)[] = [];
  return {
    input,
    output,
    sleep: () => new Promise<void>((resolve) => void waiting.push(resolve)),
    pass: () => waiting.shift()?.(),
    text: () => text,
  };
}

test("Enter looks into the drive that was asked for", async () => {
  const console = terminal();
  const next = terminalChanger(console).next({ ...REQUEST, problem: "disc 3 of web1-20261121T194500Z" });
  console.input.write("\n");
  assert.equal(await next, "/dev/sr0");
  assert.match(
    console.text(),
    /^lifeboat: that is not it: disc 3 of web1-20261121T194500Z\nPut disc 2 of web1-20261121T194500Z into \/dev\/sr0 and press Enter/,
  );
});

test("the name of another drive leads there", async () => {
  const console = terminal();
  const next = terminalChanger(console).next({ ...REQUEST, number: "last" });
  console.input.write("/dev/sr1\n");
  assert.equal(await next, "/dev/sr1");
  assert.match(console.text(), /Put the last disc of web1-20261121T194500Z into/);
});

test("what comes into a drive is seen without a key", async () => {
  const console = terminal();
  let looks = 0;
  const arrived = async () => ((looks += 1) === 2 ? "/dev/sr1" : undefined);
  const next = terminalChanger(console).next({ ...REQUEST, arrived });
  console.pass();
  await new Promise(setImmediate);
  console.pass();
  assert.equal(await next, "/dev/sr1");
});

test("the end of the input, and no terminal at all, are refused with the disc that is missing", async () => {
  const console = terminal();
  const next = terminalChanger(console).next({ ...REQUEST, use: "write" });
  console.input.end();
  await assert.rejects(next, { exitCode: 3, message: /"Put an empty disc, to become disc 2 of web1-\S+, into \/dev\/sr0" has no answer/ });
  await assert.rejects(terminalChanger(terminal(false)).next(REQUEST), {
    exitCode: 3,
    message: /as disc 2 of web1-20261121T194500Z must be in "\/dev\/sr0" to be read: it is not there, and there is no terminal/,
    hint: /PREFIX-N\.iso/,
  });
});
