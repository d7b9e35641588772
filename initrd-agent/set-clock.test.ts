// Which clock is believed. The clock that is there is this machine's own, which is right.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { parseBootWords } from "./boot-words.ts";
import { newState, type AgentContext } from "./context.ts";
import { correctClock, isPlausible, startClock } from "./set-clock.ts";

function contextFor(line: string) {
  const commands: string[] = [];
  const said: string[] = [];
  const context = {
    words: parseBootWords(line),
    image: {},
    console: { say: (text: string) => void said.push(text) },
    shell: { run: async (command: readonly string[]) => (commands.push(command.join(" ")), { exitCode: 0, output: "" }) },
    state: { ...newState([]), networkReady: true },
  } as unknown as AgentContext;
  return { context, commands, said };
}

test("a clock of 1970, or of before there was this program, has stopped", () => {
  assert.deepEqual(
    ["1970-01-01", "2025-12-31", "2026-01-02", "2099-01-01", "2150-01-01"].map((day) => isPlausible(Date.parse(day))),
    [false, false, true, true, false],
  );
});

test("the machine's own clock goes before everything else, and nothing is set then", async () => {
  const { context, commands } = contextFor("lifeboat.time=2030-01-01T00:00:00Z lifeboat.medium=http://127.0.0.1:1/");
  await startClock(context);
  await correctClock(context);
  assert.deepEqual([context.state.clock, commands], ["machine", []]);
});

test("a web server's time goes before lifeboat.time=, and what no server tells stays", async () => {
  const server = createServer((_, response) => response.setHeader("date", "Fri, 27 Nov 2026 10:15:00 GMT").end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  const { context, commands, said } = contextFor(`lifeboat.medium=http://127.0.0.1:${port}/web1`);
  context.state.clock = "word";
  await correctClock(context);
  assert.deepEqual([context.state.clock, commands], ["web", [`busybox date -u -s @${Date.parse("2026-11-27T10:15:00Z") / 1000}`]]);
  assert.deepEqual(said, [`lifeboat: clock set to 2026-11-27T10:15:00Z, as http://127.0.0.1:${port}/web1 says`]);
  server.close();
  const other = contextFor("lifeboat.medium=tftp://127.0.0.1/");
  await correctClock(other.context);
  assert.match(other.said.join(), /^lifeboat: the clock says \d{4}-\d\d-\d\d, which cannot be: lifeboat\.time=/);
});
