import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parseIpconf, type Ipconf } from "./ipconf.ts";

const NONE = { broadcast: undefined, gateway: undefined };

const GOOD: readonly (readonly [text: string, ipconf: Ipconf])[] = [
  ["eth0:dhcp", { kind: "dhcp", device: "eth0" }],
  ["eth0", { kind: "dhcp", device: "eth0" }],
  ["52:54:00:4c:42:01:dhcp", { kind: "dhcp", device: "52:54:00:4c:42:01" }],
  ["52:54:00:4C:42:01", { kind: "dhcp", device: "52:54:00:4C:42:01" }],
  // The papers' own line.
  [
    "eth1:192.168.0.1:255.255.255.0:192.168.0.255:192.168.0.254",
    {
      kind: "static",
      device: "eth1",
      address: "192.168.0.1",
      prefixLength: 24,
      broadcast: "192.168.0.255",
      gateway: "192.168.0.254",
    },
  ],
  [
    "52:54:00:4c:42:01:10.0.2.15:255.0.0.0::10.0.2.2",
    { kind: "static", device: "52:54:00:4c:42:01", address: "10.0.2.15", prefixLength: 8, broadcast: undefined, gateway: "10.0.2.2" },
  ],
  ["eth0:10.0.2.15", { ...NONE, kind: "static", device: "eth0", address: "10.0.2.15", prefixLength: 24 }],
  ["eth0:10.0.2.15:20", { ...NONE, kind: "static", device: "eth0", address: "10.0.2.15", prefixLength: 20 }],
  ["eth0:10.0.2.15:0.0.0.0", { ...NONE, kind: "static", device: "eth0", address: "10.0.2.15", prefixLength: 0 }],
];

for (const [text, ipconf] of GOOD) test(`parseIpconf() reads ${text}`, () => assert.deepEqual(parseIpconf(text), ipconf));

const BAD = ["", ":10.0.2.15", "eth0:10.0.2", "eth0:10.0.2.256", "eth0:10.0.2.15:255.0.255.0", "eth0:10.0.2.15:33", "eth0:10.0.2.15:24:x"];

for (const text of BAD) {
  test(`parseIpconf() refuses "${text}" with an example`, () => {
    assert.throws(() => parseIpconf(text), {
      name: "LifeboatError",
      message: /^Cannot use "ipconf=.*" as it must be DEVICE:ADDRESS/,
      exitCode: 2,
    });
  });
}

test("parseIpconf() reads every netmask as the length of its prefix", () => {
  for (let length = 0; length <= 32; length++) {
    const bits = "1".repeat(length).padEnd(32, "0");
    const mask = [0, 8, 16, 24].map((at) => parseInt(bits.slice(at, at + 8), 2)).join(".");
    const ipconf = parseIpconf(`eth0:10.0.0.1:${mask}`);
    assert.equal(ipconf.kind === "static" && ipconf.prefixLength, length, mask);
  }
});

test("parseIpconf() gives what it was written from, for names and MACs", () => {
  const byte = fc.nat(255);
  const address = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join("."));
  const mac = fc
    .array(byte, { minLength: 6, maxLength: 6 })
    .map((bytes) => bytes.map((value) => value.toString(16).padStart(2, "0")).join(":"));
  const device = fc.oneof(
    mac,
    fc.nat(99).map((number) => `eth${number}`),
  );
  const property = fc.property(device, address, fc.integer({ min: 0, max: 32 }), fc.option(address), fc.option(address), (...parts) => {
    const [name, ip, length, broadcast, gateway] = parts;
    const text = [name, ip, length, broadcast ?? "", gateway ?? ""].join(":");
    const expected = {
      kind: "static",
      device: name,
      address: ip,
      prefixLength: length,
      broadcast: broadcast ?? undefined,
      gateway: gateway ?? undefined,
    };
    assert.deepEqual(parseIpconf(text), expected);
  });
  fc.assert(property);
});
