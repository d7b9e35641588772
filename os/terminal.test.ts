import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { run, start, type RunningProcess } from "#os/exec";
import { openTerminal } from "#os/terminal";

interface Pty extends AsyncDisposable {
  readonly path: string;
  readonly process: RunningProcess;
  /** What the terminal has been sent so far. */
  shown(): string;
}

/** util-linux's script(1) is the terminal: what it prints is what the screen would show, what it reads are keys. */
async function openPty(): Promise<Pty> {
  const process = start(["script", "-qfc", "tty; stty -echo; exec sleep 60", "/dev/null"]);
  let text = "";
  process.onOutput((chunk) => (text += new TextDecoder().decode(chunk)));
  await until(() => /\/dev\/\S+\r?\n/.test(text));
  const path = /\/dev\/[^\s]+/.exec(text)![0];
  text = "";
  return { path, process, shown: () => text, [Symbol.asyncDispose]: () => Promise.resolve(process[Symbol.asyncDispose]()) };
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 250 && !holds(); turn++) await sleep(20);
  assert.ok(holds(), `in vain: ${holds.toString()}`);
}

test("text arrives with whole line ends, in raw and in cooked mode", async () => {
  await using pty = await openPty();
  const terminal = openTerminal(pty.path)!;
  terminal.write("one\n");
  await until(() => pty.shown() === "one\r\n");
  terminal.take();
  await sleep(300);
  terminal.write("two\n");
  await until(() => pty.shown() === "one\r\ntwo\r\n");
  await terminal.release();
});

test("keys come as they are pressed, those of one moment together, and none after release()", async () => {
  await using pty = await openPty();
  const terminal = openTerminal(pty.path)!;
  const heard: string[] = [];
  terminal.onKeys((keys) => heard.push(keys));
  terminal.take();
  await until(() => true);
  await sleep(300);
  pty.process.write("s");
  await until(() => heard.length === 1);
  pty.process.write("\u001b");
  pty.process.write("[A");
  await until(() => heard.length === 2);
  pty.process.write("\u0003");
  await until(() => heard.length === 3);
  assert.deepEqual(heard, ["s", "\u001b[A", "\u0003"]);
  await terminal.release();
  pty.process.write("x");
  await sleep(200);
  assert.equal(heard.length, 3);
});

test("a terminal that nobody reads from holds nothing up, and shows the newest when it is read again", async () => {
  await using pty = await openPty();
  const terminal = openTerminal(pty.path)!;
  await run(["kill", "-STOP", String(pty.process.pid)]);
  const startedMs = performance.now();
  for (let line = 0; line < 20_000; line++) terminal.write(`line ${line}\n`);
  assert.ok(performance.now() - startedMs < 2000, "write() must not wait");
  await run(["kill", "-CONT", String(pty.process.pid)]);
  await until(() => pty.shown().includes("line 19999\r\n"));
  await terminal.release();
});

test("a path that is no terminal, and one that is not there, give nothing or take no keys", () => {
  assert.equal(openTerminal("/dev/no-such-terminal"), undefined);
  const sink = openTerminal("/dev/null");
  sink?.take();
  sink?.write("text");
});
