import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test } from "node:test";
import { isUdpPortFree } from "./udp-port.ts";

test("isUdpPortFree() sees a port that is taken by one who shares it, and one that is free again", async () => {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  assert.equal(await isUdpPortFree("127.0.0.1", port), false);
  await new Promise<void>((resolve) => socket.close(resolve));
  assert.equal(await isUdpPortFree("127.0.0.1", port), true);
});
