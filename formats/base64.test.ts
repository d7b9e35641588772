// Base64 against RFC 4648's own examples, base64(1), a round trip, and what is none.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { run } from "#os/exec";
import { base64Decode, base64Encode } from "./base64.ts";

const EXAMPLES = {
  "": "",
  f: "Zg==",
  fo: "Zm8=",
  foo: "Zm9v",
  foob: "Zm9vYg==",
  fooba: "Zm9vYmE=",
  foobar: "Zm9vYmFy",
  "\xff\xfe\xfd": "//79",
};

test("base64Encode() and base64Decode() agree with RFC 4648 section 10", () => {
  for (const [bytes, text] of Object.entries(EXAMPLES)) assert.deepEqual([base64Encode(bytes), base64Decode(text)], [text, bytes]);
});

test("base64(1) writes what base64Encode() writes of every byte", async () => {
  const bytes = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
  assert.equal(base64Encode(bytes), (await run(["base64", "-w0"], { input: Buffer.from(bytes, "latin1") })).stdout);
});

test("base64Decode() gives back what base64Encode() took", () => {
  const property = fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
    const text = String.fromCharCode(...bytes);
    assert.equal(base64Decode(base64Encode(text)), text);
  });
  fc.assert(property);
});

test("base64Decode() refuses what is no base64", () => {
  const texts = ["Z", "Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zg==Zg==", "Zm9\n", "Zm-_", "Zm9v ", "Zmé="];
  assert.deepEqual(
    texts.map((text) => [text, base64Decode(text)]),
    texts.map((text) => [text, undefined]),
  );
});
