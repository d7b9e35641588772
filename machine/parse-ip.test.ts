import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseIpAddresses, parseIpRoutes } from "./parse-ip.ts";

const fixture = (name: string) => readFileSync(join(import.meta.dirname, "fixtures/tools", name), "utf8");

test("parseIpAddresses() lists every interface with the addresses that reach beyond its link", () => {
  assert.deepEqual(parseIpAddresses(fixture("ip-addr.json")), [
    { name: "lo", mac: "00:00:00:00:00:00", addresses: [] },
    { name: "ifb0", mac: "32:7d:e0:7a:66:2b", addresses: [] },
    { name: "ifb1", mac: "2e:e8:8b:d0:bd:d3", addresses: [] },
    { name: "eth0", mac: "02:fc:00:00:00:01", addresses: ["192.0.2.2/24", "fd00::2/64"] },
  ]);
});

test("parseIpRoutes() lists ways out, those of the lowest metric first", () => {
  assert.deepEqual(parseIpRoutes(fixture("ip-route.json")), [{ interfaceName: "eth0", gateway: "192.0.2.1" }]);
  const two =
    '[{"dst":"default","gateway":"10.0.0.1","dev":"wlan0","metric":600},{"dst":"default","gateway":"10.0.0.2","dev":"eth0","metric":100}]';
  assert.deepEqual(
    parseIpRoutes(two).map(({ interfaceName }) => interfaceName),
    ["eth0", "wlan0"],
  );
  assert.deepEqual(parseIpRoutes(""), []);
});

test("parseIpAddresses() and parseIpRoutes() say what is wrong with output that they cannot read", () => {
  assert.throws(() => parseIpAddresses("{"), { name: "LifeboatError", message: /^Cannot read ip's output as a JSON list of addresses: / });
  assert.throws(() => parseIpRoutes('[{"dst": 1}]'), { name: "LifeboatError", message: /JSON list of routes: 0\.dst: / });
});
