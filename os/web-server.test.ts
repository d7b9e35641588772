import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { httpRange, httpSize, httpTime } from "#os/http";
import { startWebServer, type WebAnswer, type WebServer } from "./web-server.ts";

const directory = mkdtempSync(join(tmpdir(), "lifeboat-web-"));
const asked: string[] = [];
const answers: WebAnswer[] = [];
let server: WebServer;

before(async () => {
  writeFileSync(join(directory, "a"), "xxABCDEFxx");
  writeFileSync(join(directory, "b"), "GHIJ");
  // One file, of pieces of two.
  const pieces = [
    { path: join(directory, "a"), offset: 2, sizeBytes: 6 },
    { path: join(directory, "b"), offset: 0, sizeBytes: 4 },
  ];
  const find = async (path: string) => {
    asked.push(path);
    if (path === "/gone") return { sizeBytes: 4, pieces: [{ path: join(directory, "gone"), offset: 0, sizeBytes: 4 }] };
    return path === "/letters" ? { sizeBytes: 10, pieces } : undefined;
  };
  server = await startWebServer({ address: "127.0.0.1", port: 0, find, answered: (answer) => void answers.push(answer) });
});
after(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const url = (path: string) => `http://127.0.0.1:${server.port}${path}`;

const RANGES: readonly (readonly [range: string | undefined, status: number, text: string])[] = [
  [undefined, 200, "ABCDEFGHIJ"],
  ["bytes=0-0", 206, "A"],
  ["bytes=4-7", 206, "EFGH"],
  ["bytes=6-", 206, "GHIJ"],
  ["bytes=8-100", 206, "IJ"],
  ["bytes=-3", 206, "HIJ"],
  ["bytes=-30", 206, "ABCDEFGHIJ"],
  ["bytes=10-", 416, ""],
  ["bytes=0-1,4-5", 200, "ABCDEFGHIJ"],
  ["bytes=5-2", 200, "ABCDEFGHIJ"],
  ["lines=1-2", 200, "ABCDEFGHIJ"],
];

for (const [range, status, text] of RANGES) {
  test(`a file of two pieces answers ${range ?? "no range"} with ${status}`, async () => {
    const response = await fetch(url("/letters"), range === undefined ? {} : { headers: { range } });
    assert.deepEqual([response.status, await response.text()], [status, text]);
  });
}

test("os/http.ts reads size, part and time of it", async () => {
  assert.equal(await httpSize(url("/letters")), 10);
  assert.equal(new TextDecoder().decode(await httpRange(url("/letters"), 3, 5)), "DEFGH");
  assert.equal(await httpSize(url("/none")), undefined);
  assert.ok(Math.abs((await httpTime(url("/"))) ?? 0) > Date.now() - 5000);
});

/** As it stands: fetch() would take the dots out itself. */
function status(path: string, method = "GET"): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port: server.port, host: "127.0.0.1", path, method }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    request.on("error", reject).end();
  });
}

test("dots never lead above the root, and what is no path or no question is refused", async () => {
  asked.length = 0;
  assert.deepEqual(
    [await status("/../../etc/shadow"), await status("/x/../letters"), await status("/%2e%2e/%2e%2e/etc/shadow"), await status("/%")],
    [404, 200, 404, 404],
  );
  assert.deepEqual(asked, ["/etc/shadow", "/letters", "/etc/shadow"]);
  assert.equal(await status("/letters", "POST"), 405);
});

test("a file that cannot be read ends the connection and nothing else", async () => {
  await assert.rejects(fetch(url("/gone")).then((response) => response.text()));
  assert.deepEqual([answers[answers.length - 1]?.path, answers[answers.length - 1]?.isWhole], ["/gone", false]);
  assert.equal((await fetch(url("/letters"))).status, 200);
});

test("a port that is taken is refused with what to do", async () => {
  const options = { address: "127.0.0.1", port: server.port, find: async () => undefined, answered: () => undefined };
  await assert.rejects(startWebServer(options), {
    message: `Cannot serve over HTTP as port ${server.port} of 127.0.0.1 must be free: something listens there already`,
  });
});
