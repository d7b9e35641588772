import assert from "node:assert/strict";
import { test } from "node:test";
import { addressNumber, isAddress, isInSubnet, subnetOf } from "./subnet.ts";

test("subnetOf() knows the network of an address, whatever its length", () => {
  assert.deepEqual(subnetOf("192.168.0.10", "255.255.255.0"), { network: "192.168.0.0", netmask: "255.255.255.0", prefixLength: 24 });
  assert.deepEqual(subnetOf("172.16.13.99", "255.255.240.0"), { network: "172.16.0.0", netmask: "255.255.240.0", prefixLength: 20 });
  assert.equal(subnetOf("200.1.2.3", "128.0.0.0").network, "128.0.0.0");
});

test("isInSubnet() takes what is in it and no other, nor what is no address", () => {
  const subnet = subnetOf("172.16.13.99", "255.255.240.0");
  assert.deepEqual(
    ["172.16.0.1", "172.16.15.255", "172.16.16.0", "172.16.0.300", "host"].map((address) => isInSubnet(address, subnet)),
    [true, true, false, false, false],
  );
  assert.ok(!isAddress("1.2.3") && addressNumber("200.0.0.2") > addressNumber("200.0.0.1"));
});
