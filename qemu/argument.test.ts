import assert from "node:assert/strict";
import { test } from "node:test";
import { argumentOf } from "./argument.ts";

test("argumentOf() leaves out what is undefined, keeps what is empty and doubles commas", () => {
  const argument = argumentOf("virtio-net-pci", { netdev: "net0", mac: undefined, romfile: "", tftp: "/a,b", bootindex: 0 });
  assert.equal(argument, "virtio-net-pci,netdev=net0,romfile=,tftp=/a,,b,bootindex=0");
});

test("argumentOf() without a name is the properties alone", () => {
  assert.equal(argumentOf(undefined, { if: "none", id: "disk0" }), "if=none,id=disk0");
});
