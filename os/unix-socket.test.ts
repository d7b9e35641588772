import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { makeTemporaryDirectory } from "#os/files";
import { connectUnixSocket } from "#os/unix-socket";

test("connectUnixSocket() keeps what came before anybody listened, sends text and notices the end", async () => {
  await using directory = await makeTemporaryDirectory();
  const path = join(directory.path, "socket");
  const server = createServer((peer) => {
    peer.write("welcome ");
    peer.on("data", (bytes) => peer.end(`heard ${bytes.toString()}`));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    const socket = await connectUnixSocket(path);
    socket.write("héllo");
    await new Promise((resolve) => setTimeout(resolve, 20));
    const chunks: Uint8Array[] = [];
    socket.onData((bytes) => chunks.push(bytes));
    await socket.closed;
    assert.equal(Buffer.concat(chunks).toString(), "welcome heard héllo");
  } finally {
    server.close();
  }
});

test("connectUnixSocket() says what is at the path when nobody listens", async () => {
  await using directory = await makeTemporaryDirectory();
  const missing = join(directory.path, "missing");
  await assert.rejects(connectUnixSocket(missing), {
    name: "LifeboatError",
    message: `Cannot connect to "${missing}" as a program must listen there: no such socket`,
  });
  const file = join(directory.path, "file");
  await writeFile(file, "");
  await assert.rejects(connectUnixSocket(file), /: nobody listens$/);
});
