import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import * as fc from "fast-check";
import { makeTemporaryDirectory } from "#os/files";
import { connectUnixSocket } from "#os/unix-socket";
import { openQmp, parseQmpMessage, splitLines, type QmpEvent } from "./qmp.ts";

test("parseQmpMessage() knows the four kinds of line, and what is none", () => {
  const table: readonly (readonly [string, unknown])[] = [
    ['{"QMP": {"version": {}, "capabilities": ["oob"]}}', { kind: "greeting" }],
    ['{"return": {}, "id": 7}', { kind: "reply", id: 7, value: {} }],
    ['{"id": 7, "error": {"class": "GenericError", "desc": "no"}}', { kind: "error", id: 7, description: "no" }],
    ['{"error": {"class": "GenericError", "desc": "JSON parse error"}}', { kind: "error", id: undefined, description: "JSON parse error" }],
    ['{"timestamp": {"seconds": 1}, "event": "STOP"}', { kind: "event", event: "STOP", data: {} }],
    [
      '{"event": "SHUTDOWN", "data": {"guest": true, "reason": "x"}}',
      { kind: "event", event: "SHUTDOWN", data: { guest: true, reason: "x" } },
    ],
    ["{}", undefined],
    ["[1]", undefined],
    ['{"return": {', undefined],
  ];
  for (const [line, message] of table) assert.deepEqual(parseQmpMessage(line), message, line);
});

test("splitLines() hands on the same lines wherever the bytes are cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme", minLength: 1 }).filter((line) => line.trim() === line && !/[\r\n]/.test(line) && line !== "")),
      fc.array(fc.nat({ max: 9 })),
      (lines, sizes) => {
        const bytes = new TextEncoder().encode(lines.map((line) => `${line}\r\n`).join(""));
        const seen: string[] = [];
        const push = splitLines((line) => seen.push(line));
        let start = 0;
        for (const size of sizes) push(bytes.subarray(start, (start += size)));
        push(bytes.subarray(start));
        assert.deepEqual(seen, lines);
      },
    ),
  );
});

/** A peer that greets and answers each request with what `answer` says. */
async function peer(t: TestContext, answer: (request: { id: number; execute: string; arguments?: unknown }) => string) {
  const directory = await makeTemporaryDirectory();
  const path = join(directory.path, "qmp");
  const server = createServer((socket) => {
    socket.write('{"QMP": {}}\r\n');
    const read = splitLines((line) => {
      const text = answer(JSON.parse(line) as { id: number; execute: string });
      if (text === "hang up") socket.destroy();
      else socket.write(text);
    });
    socket.on("data", (bytes: Uint8Array) => read(bytes));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(async () => {
    server.close();
    await directory[Symbol.asyncDispose]();
  });
  return connectUnixSocket(path);
}

test("openQmp() matches replies to requests by id, whatever their order, and hands on events", async (t) => {
  let held = "";
  const socket = await peer(t, ({ id, execute, arguments: args }) => {
    const reply = `{"return": ${JSON.stringify({ execute, args })}, "id": ${id}}\n`;
    if (execute === "first") {
      held = reply;
      return '{"event": "RESUME"}\n';
    }
    return reply + held;
  });
  const qmp = await openQmp(socket);
  const events: QmpEvent[] = [];
  qmp.onEvent((event) => events.push(event));
  const answers = await Promise.all([qmp.execute("first", { a: 1 }), qmp.execute("second")]);
  assert.deepEqual(answers, [{ execute: "first", args: { a: 1 } }, { execute: "second" }]);
  assert.equal(events[0]?.event, "RESUME");
  qmp.close();
  await qmp.closed;
});

test("openQmp() rejects with the other side's words, and when it hangs up or talks nonsense", async (t) => {
  const socket = await peer(t, ({ id, execute }) => {
    if (execute === "bad") return `{"error": {"class": "GenericError", "desc": "Device 'x' not found"}, "id": ${id}}\n`;
    if (execute === "nonsense") return "hello\n";
    return execute === "end" ? "hang up" : `{"return": {}, "id": ${id}}\n`;
  });
  const qmp = await openQmp(socket);
  await assert.rejects(qmp.execute("bad"), { message: `Cannot run the QMP command "bad" as QEMU must accept it: Device 'x' not found` });
  await assert.rejects(qmp.execute("end"), /"end" as QEMU must accept it: the machine has ended$/);
  await assert.rejects(qmp.execute("later"), /"later" as QEMU must accept it: the machine has ended$/);
});

test("openQmp() gives up on a peer that does not speak the protocol", async (t) => {
  const socket = await peer(t, () => "hello\n");
  await assert.rejects(openQmp(socket), /it said "hello"$/);
});
