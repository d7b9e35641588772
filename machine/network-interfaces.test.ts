import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { withSysTree, type SysTree } from "../test/sysfs-tree.ts";
import { compareBusPaths, readNetworkInterfaces } from "./network-interfaces.ts";

/** A card as sysfs shows it; `place` is its device's directory below devices/. */
function card(name: string, place: string, options: { readonly mac: string; readonly driver: string; readonly carrier?: string }): SysTree {
  return {
    [`class/net/${name}`]: `-> ../../devices/${place}/net/${name}`,
    [`devices/${place}/driver`]: `-> /bus/drivers/${options.driver}`,
    [`devices/${place}/net/${name}/device`]: `-> ../..`,
    [`devices/${place}/net/${name}/address`]: `${options.mac}\n`,
    ...(options.carrier === undefined ? {} : { [`devices/${place}/net/${name}/carrier`]: `${options.carrier}\n` }),
  };
}

test("readNetworkInterfaces() lists cards in bus order with MAC, driver and link, and nothing made up", () => {
  const tree: SysTree = {
    "class/net/lo": "-> ../../devices/virtual/net/lo",
    "devices/virtual/net/lo/address": "00:00:00:00:00:00\n",
    ...card("eth0", "pci0000:00/0000:00:0a.0/virtio10", { mac: "52:54:00:00:00:0a", driver: "virtio_net", carrier: "1" }),
    ...card("eth1", "pci0000:00/0000:00:09.0", { mac: "52:54:00:00:00:09", driver: "e1000", carrier: "0" }),
    ...card("usb0", "pci0000:00/0000:00:02.0/usb1/1-1/1-1:1.0", { mac: "52:54:00:00:00:02", driver: "cdc_ether" }),
  };
  assert.deepEqual(withSysTree(tree, readNetworkInterfaces), [
    { name: "usb0", mac: "52:54:00:00:00:02", driver: "cdc_ether", busPath: "pci0000:00/0000:00:02.0/usb1/1-1/1-1:1.0", link: undefined },
    { name: "eth1", mac: "52:54:00:00:00:09", driver: "e1000", busPath: "pci0000:00/0000:00:09.0", link: false },
    { name: "eth0", mac: "52:54:00:00:00:0a", driver: "virtio_net", busPath: "pci0000:00/0000:00:0a.0/virtio10", link: true },
  ]);
});

test("readNetworkInterfaces() keeps the ports of one card in order", () => {
  const place = "pci0000:00/0000:00:1c.0/0000:02:00";
  const tree: SysTree = {
    ...card("a", `${place}.1`, { mac: "1", driver: "igb" }),
    ...card("b", `${place}.0`, { mac: "0", driver: "igb" }),
  };
  assert.deepEqual(
    withSysTree(tree, readNetworkInterfaces).map(({ name }) => name),
    ["b", "a"],
  );
});

/** Each list is in order. */
const ORDERED: readonly (readonly string[])[] = [
  ["pci0000:00/0000:00:09.0", "pci0000:00/0000:00:0a.0", "pci0000:00/0000:00:10.0", "pci0000:00/0000:00:1f.6"],
  ["pci0000:00/0000:00:1c.0/0000:09:00.0", "pci0000:00/0000:00:1c.0/0000:0a:00.0", "pci0000:00/0000:00:1c.4/0000:02:00.0"],
  ["pci0000:00/0000:00:02.0/virtio2", "pci0000:00/0000:00:02.0/virtio10"],
  ["pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0", "pci0000:00/0000:00:14.0/usb1/1-10/1-10:1.0", "pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0"],
  ["pci0000:00/0000:00:1f.0", "pci0000:80/0000:80:01.0"],
  ["pci0000:00/0000:00:0e.0/pci10000:00/10000:00:01.0", "pci0000:00/0000:00:0e.0/pci10001:00/10001:00:01.0"],
];

for (const list of ORDERED) {
  test(`compareBusPaths() keeps ${list.join(" before ")}`, () => {
    assert.deepEqual([...list].reverse().sort(compareBusPaths), list);
  });
}

test("compareBusPaths() is the same order whichever comes first", () => {
  const component = fc.oneof(
    fc.constantFrom("pci0000:00", "usb1", "virtio2", "virtio10", "1-1", "1-1:1.0", ""),
    fc.tuple(fc.nat(255), fc.nat(31), fc.nat(7)).map(([bus, slot, port]) => {
      const hex = (value: number) => value.toString(16).padStart(2, "0");
      return `0000:${hex(bus)}:${hex(slot)}.${port}`;
    }),
  );
  const path = fc.array(component, { maxLength: 5 }).map((parts) => parts.join("/"));
  const property = fc.property(path, path, (a, b) => {
    assert.equal(Math.sign(compareBusPaths(a, b)), -Math.sign(compareBusPaths(b, a)) + 0);
    assert.equal(compareBusPaths(a, b) === 0, a === b);
  });
  fc.assert(property);
});
