import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { newNames } from "./network-names.ts";

const named = (...names: readonly string[]) => names.map((name) => ({ name }));

test("newNames() gives eth0…N in the order of the list and moves only what has another name", () => {
  assert.deepEqual(newNames(named("usb0", "eth1", "eth0"), false), [
    { from: "usb0", to: "eth0" },
    { from: "eth0", to: "eth2" },
  ]);
  assert.deepEqual(newNames(named("eth0", "eth1"), false), []);
});

test("newNames() leaves the names of a network in use and gives newcomers free ones", () => {
  assert.deepEqual(newNames(named("usb0", "eth1", "eth0"), true), [{ from: "usb0", to: "eth2" }]);
  assert.deepEqual(newNames(named("eth3", "usb0", "usb1"), true), [
    { from: "usb0", to: "eth0" },
    { from: "usb1", to: "eth1" },
  ]);
});

test("newNames() never gives one name to two interfaces", () => {
  const names = fc.uniqueArray(fc.constantFrom("eth0", "eth1", "eth2", "eth7", "usb0", "usb1", "enp3s0", "wlan0"));
  const property = fc.property(names, fc.boolean(), (list, inUse) => {
    const moves = new Map(newNames(named(...list), inUse).map(({ from, to }) => [from, to]));
    const after = list.map((name) => moves.get(name) ?? name);
    assert.equal(new Set(after).size, list.length);
    for (const name of after) assert.match(name, /^eth\d+$/);
    if (!inUse)
      assert.deepEqual(
        after,
        list.map((_, index) => `eth${index}`),
      );
    else for (const name of list) if (/^eth\d+$/.test(name)) assert.equal(moves.has(name), false);
  });
  fc.assert(property);
});
