import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLease, type Lease } from "./dhcp.ts";

const LEASES: readonly (readonly [text: string, lease: Lease | undefined])[] = [
  ["10.0.2.15/24 10.0.2.2\n", { address: "10.0.2.15/24", bootServer: "10.0.2.2" }],
  ["10.0.2.15/24 \n", { address: "10.0.2.15/24", bootServer: undefined }],
  ["10.0.2.15/24 0.0.0.0\n", { address: "10.0.2.15/24", bootServer: undefined }],
  ["", undefined],
  ["/24 10.0.2.2", undefined],
];

for (const [text, lease] of LEASES) {
  test(`parseLease() reads ${JSON.stringify(text)}`, () => assert.deepEqual(parseLease(text), lease));
}
