// A set on a real web server: verified and restored from by its URL; servers that are away for a while, give whole files alone, or lie.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "#os/exec";
import { archiveTree, TEST_SET_ID } from "../archive/set-for-tests.ts";
import { restoreFiles } from "../restore/restore-files.ts";
import { openSet } from "../set/open-set.ts";
import { verifySet } from "../set/verify-set.ts";
import { findSet, setsAt } from "./find-set.ts";
import { httpSource } from "./http-source.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-http-"));
after(() => rm(scratch, { recursive: true }));
const tree = join(scratch, "tree");

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Ranges as RFC 9110 has them, by a file of `scratch`. */
const honest: Answer = async (request, response) => {
  const path = join(scratch, request.url ?? "/");
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile() !== true) return void response.writeHead(404).end();
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  if (from === undefined)
    return void response.writeHead(200, { "content-length": info.size }).end(request.method === "HEAD" ? "" : await readFile(path));
  if (Number(from) >= info.size) return void response.writeHead(416).end();
  const bytes = Buffer.alloc(Math.min(Number(to) + 1, info.size) - Number(from));
  await using file = await open(path);
  await file.read(bytes, 0, bytes.length, Number(from));
  return void response.writeHead(206, { "content-length": bytes.length }).end(bytes);
};

async function serve(answer: Answer): Promise<AsyncDisposable & { readonly url: string }> {
  const server: Server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close };
}

before(async () => {
  await mkdir(join(scratch, "store"));
  await mkdir(tree);
  await run(["sh", "-c", "head -c 9000000 /dev/urandom > big; echo one > small; ln -s small link"], { cwd: tree });
  await archiveTree(tree, join(scratch, "store", TEST_SET_ID));
});

describe("a set on a web server", () => {
  test("is verified, and files come back from it", async () => {
    await using server = await serve(honest);
    const set = await openSet(await findSet(`${server.url}/store/${TEST_SET_ID}/`));
    const { damage, paths } = await verifySet(set, () => undefined);
    assert.deepEqual([damage, paths], [[], 4]);
    const to = join(scratch, "back");
    const request = { set, only: ["/small", "/big", "/link"], to, overwrite: false, acceptDamage: false, check: true };
    const outcome = await restoreFiles({ ...request, progress: () => undefined });
    assert.deepEqual([outcome.restored, outcome.differences], [3, []]);
    await run(["diff", "-r", tree, to]);
  });

  test("must be named itself", async () => {
    await using server = await serve(honest);
    await assert.rejects(findSet(`${server.url}/store`), { exitCode: 2, message: /it has no set\.json$/ });
    await assert.rejects(setsAt(`${server.url}/store`), { exitCode: 2, message: /name one set$/ });
  });

  test("is read on when the server breaks off, or cannot for a while", async () => {
    let requests = 0;
    await using server = await serve(async (request, response) => {
      requests += 1;
      if (requests % 3 === 1) return void request.socket.destroy();
      if (requests % 3 === 2) return void response.writeHead(503).end();
      return honest(request, response);
    });
    const source = httpSource(`${server.url}/store/${TEST_SET_ID}`);
    const whole = await readFile(join(scratch, "store", TEST_SET_ID, "set.json"));
    assert.deepEqual(await source.read("set.json", 3, 20), new Uint8Array(whole.subarray(3, 23)));
    assert.equal(requests, 3);
  });

  test("gives fewer bytes at a file's end, none behind it, and fills the room that it is given", async () => {
    await using server = await serve(honest);
    await writeFile(join(scratch, "store/ten"), "0123456789");
    const source = httpSource(`${server.url}/store`);
    const text = async (offset: number, room: number | Uint8Array) => Buffer.from(await source.read("ten", offset, room)).toString();
    const room = new Uint8Array(8);
    assert.deepEqual(
      [await text(8, 5), await text(10, 5), await text(20, 5), await text(0, 0), await text(5, room)],
      ["89", "", "", "", "56789"],
    );
    assert.equal(Buffer.from(room.subarray(0, 5)).toString(), "56789");
    assert.deepEqual([await source.sizeOf("ten"), await source.sizeOf("none")], [10, undefined]);
  });

  for (const [what, answer, says] of [
    [
      "gives whole files alone",
      async (_, response) => void response.writeHead(200, { "content-length": 5 }).end("whole"),
      /whole files alone/,
    ],
    [
      "gives more than it is asked for",
      async (_, response) => void response.writeHead(206).end("0123456789"),
      /4 bytes were asked for, and 10 came/,
    ],
    ["refuses", async (_, response) => void response.writeHead(403, "Forbidden").end(), /answered 403 Forbidden/],
  ] as const satisfies readonly (readonly [string, Answer, RegExp])[]) {
    test(`is not believed when the server ${what}`, async () => {
      await using server = await serve(answer);
      await assert.rejects(httpSource(server.url).read("set.json", 0, 4), { message: says });
    });
  }
});
