import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseNetwork, parseRange } from "./choose-interface.ts";

const ETH0 = { interfaceName: "eth0", address: "192.168.0.10", netmask: "255.255.255.0" };
const ETH1 = { interfaceName: "eth1", address: "10.0.0.1", netmask: "255.255.0.0" };
const SECOND = { ...ETH0, address: "192.168.7.1" };

test("chooseNetwork() takes the only interface, or the one that is named, also by an address", () => {
  assert.equal(chooseNetwork(undefined, [ETH0, SECOND]).address, "192.168.0.10");
  assert.equal(chooseNetwork("eth1", [ETH0, ETH1]).subnet.network, "10.0.0.0");
  assert.equal(chooseNetwork("192.168.7.1", [ETH0, SECOND]).subnet.network, "192.168.7.0");
});

test("chooseNetwork() asks where there are several, and names those that there are", () => {
  assert.throws(() => chooseNetwork(undefined, [ETH0, ETH1]), {
    exitCode: 2,
    message: "Cannot serve on a network as one interface must be chosen: there are eth0 (192.168.0.10), eth1 (10.0.0.1)",
  });
  assert.throws(() => chooseNetwork("eth9", [ETH0]), { exitCode: 2, message: /"eth9" must be an interface that has an IPv4 address/ });
  assert.throws(() => chooseNetwork(undefined, []), { exitCode: 2, message: /: there is none$/ });
});

const NETWORK = chooseNetwork("eth0", [ETH0]);
const RANGES: readonly (readonly [text: string, problem: RegExp])[] = [
  ["192.168.0.50", /it is not of that form$/],
  ["192.168.0.50-192.168.1.90", /not both are in 192\.168\.0\.0\/24$/],
  ["192.168.0.90-192.168.0.50", /the first is above the last$/],
  ["192.168.0.1-192.168.0.50", /192\.168\.0\.10, this server's own, is among them$/],
  ["192.168.0.500-192.168.0.600", /not both are in/],
];

test("parseRange() reads two addresses of the network", () => {
  for (const text of ["192.168.0.50-192.168.0.90", "192.168.0.50,192.168.0.90"])
    assert.deepEqual(parseRange(text, NETWORK), { from: "192.168.0.50", to: "192.168.0.90" });
  for (const [text, message] of RANGES) assert.throws(() => parseRange(text, NETWORK), { exitCode: 2, message }, text);
});
