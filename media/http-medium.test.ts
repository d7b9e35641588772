import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { serveDirectory } from "../test/http-server.ts";
import { openHttpMedium } from "./http-medium.ts";
import { requireImage } from "./image-medium.ts";

const root = mkdtempSync(join(tmpdir(), "lifeboat-http-"));
after(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, "lifeboat"));
writeFileSync(join(root, "lifeboat/build-id"), "abc\n");
writeFileSync(join(root, "lifeboat/tools.squashfs"), new Uint8Array(3 * 2 ** 20).fill(7));

test("a web server is a medium, by the directory above lifeboat/ and by lifeboat/ itself", async () => {
  await using server = await serveDirectory(root);
  for (const path of ["", "/lifeboat"]) {
    const medium = await requireImage(openHttpMedium(`http://127.0.0.1:${server.port}${path}`), "abc");
    const copy = join(root, "copy");
    await medium.copyTo("lifeboat/tools.squashfs", copy);
    assert.deepEqual(await readFile(copy), await readFile(join(root, "lifeboat/tools.squashfs")));
    await assert.rejects(medium.copyTo("lifeboat/missing", copy), /Cannot .* as .*404/);
    assert.equal(medium.localPath("lifeboat/tools.squashfs"), undefined);
  }
});

test("readSmall() knows a missing file from a server that fails, and one that does not listen", async () => {
  await using broken = await serveAnswer(503);
  await using missing = await serveAnswer(404);
  assert.equal(await openHttpMedium(missing.url).readSmall("file"), undefined);
  await assert.rejects(openHttpMedium(broken.url).readSmall("file"), /the server answered 503/);
  const { url } = await closedServer();
  await assert.rejects(openHttpMedium(url).readSmall("file"), /Cannot read "http:.*" as the server must give it: .*ECONNREFUSED/);
});

async function serveAnswer(status: number) {
  const server = createServer((_, response) => response.writeHead(status).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Where nobody listens any more. */
async function closedServer() {
  await using server = await serveAnswer(200);
  return { url: server.url };
}

test("readSmall() stops early when the file is not small", async () => {
  await using server = await serveDirectory(root);
  const text = await openHttpMedium(`http://127.0.0.1:${server.port}/lifeboat`).readSmall("tools.squashfs");
  assert.equal(text?.length, 65_536);
});
