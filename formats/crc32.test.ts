// CRC-32 against zlib's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as zlibCrc32 } from "node:zlib";
import * as fc from "fast-check";
import { crc32 } from "./crc32.ts";

test("crc32() gives the check value of the spec and agrees with zlib", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(crc32(bytes), zlibCrc32(bytes))));
});

test("crc32() goes on from an earlier result", () => {
  fc.assert(fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => assert.equal(crc32(b, crc32(a)), zlibCrc32(b, zlibCrc32(a)))));
});
