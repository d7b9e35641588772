import assert from "node:assert/strict";
import { test } from "node:test";
import { createSerialConsole } from "./serial-console.ts";

function consoleThatSaid(...texts: string[]) {
  const serial = createSerialConsole("/logs/console.log");
  const say = (text: string) => serial.push(new TextEncoder().encode(text));
  for (const text of texts) say(text);
  return { serial, say };
}

test("expect() finds what came before it was called, and goes on after each match", async () => {
  const { serial } = consoleThatSaid("one two one three\n");
  assert.deepEqual(await serial.expect("one"), { text: "one", groups: [], before: "" });
  assert.deepEqual(await serial.expect("one"), { text: "one", groups: [], before: " two " });
  await assert.rejects(
    serial.expect("two", { timeoutMs: 20 }),
    /^LifeboatError: Cannot find "two" as the machine must print it within 0\.02 s: it has not come/,
  );
  assert.equal((await serial.expect(/\bth\w+/g)).text, "three");
});

test("expect() waits for text that comes in pieces, cut in sequences and in characters", async () => {
  const { serial, say } = consoleThatSaid();
  const found = serial.expect(/ready mode=(\w+) name=(\w+)?\n/);
  say("ready \x1b[3");
  say("1mmode=nuke name=");
  serial.push(Uint8Array.of(0xc3));
  serial.push(Uint8Array.of(0xa9));
  say("\r");
  await assert.rejects(serial.expect("mode=interactive", { timeoutMs: 10 }));
  say("\nready mode=nuke name=\r\n");
  assert.deepEqual(await found, { text: "ready mode=nuke name=\n", groups: ["nuke", undefined], before: "ready mode=nuke name=é\n" });
});

test("expect() does not take a number for whole while its line grows", async () => {
  const { serial, say } = consoleThatSaid("modules=8");
  const found = serial.expect(/modules=(\d+)/);
  say("6");
  assert.deepEqual((await found).groups, ["86"]);
});

test("expect() finds a prompt that ends in no new line, once the line rests", async () => {
  const { serial } = consoleThatSaid("login:\r\n/ # ");
  assert.equal((await serial.expect(/# $/)).text, "# ");
});

test("expect() serves calls that wait at the same time in the order they were made", async () => {
  const { serial, say } = consoleThatSaid();
  const both = Promise.all([serial.expect("a"), serial.expect("b")]);
  say("xaxb");
  assert.deepEqual(
    (await both).map(({ before }) => before),
    ["x", "x"],
  );
});

test("expect() shows the last 30 lines and names the log when the machine ends", async () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`);
  const { serial } = consoleThatSaid(lines.join("\r\n"));
  const found = serial.expect(/never/);
  serial.end("the machine has ended (guest-reset)");
  const shown = lines.slice(10).map((line) => `  ${line}`);
  await assert.rejects(found, {
    message: `Cannot find /never/ as the machine must print it: the machine has ended (guest-reset)\nLast lines of "/logs/console.log":\n${shown.join("\n")}`,
    hint: 'The whole console is in "/logs/console.log"',
  });
  await assert.rejects(serial.expect("later"), /must print it: the machine has ended/);
  assert.equal((await serial.expect("line 40")).text, "line 40");
});

test("expectNone() looks at all that was said, matched or not, and at what comes while it waits", async () => {
  const { serial, say } = consoleThatSaid("Kernel panic - not syncing\n");
  await serial.expect("syncing");
  await assert.rejects(
    serial.expectNone(/panic.*/),
    /^LifeboatError: Cannot accept the console as \/panic\.\*\/ must not be there: "panic - not syncing"/,
  );
  await serial.expectNone("oops");
  const quiet = serial.expectNone("oops", { durationMs: 5_000 });
  say("oops\n");
  await assert.rejects(quiet, /"oops" must not be there/);
  await serial.expectNone("later", { durationMs: 10 });
});

test("expectNone() is content when the machine ends meanwhile", async () => {
  const { serial } = consoleThatSaid("fine\n");
  const quiet = serial.expectNone("oops", { durationMs: 5_000 });
  serial.end("the machine has ended (guest-shutdown)");
  await quiet;
  assert.equal(serial.text(), "fine\n");
});
