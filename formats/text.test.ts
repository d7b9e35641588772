// UTF-8 by our own hand, judged by Node's TextEncoder and TextDecoder.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { asciiDecode, asciiEncode, beforeNul, latin1Decode, utf8Decode, utf8DecodeExact, utf8Encode } from "./text.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

test("utf8Encode() writes what TextEncoder writes, unpaired surrogates included", () => {
  const texts = fc.string({ unit: "binary", maxLength: 60 });
  fc.assert(fc.property(texts, (text) => assert.deepEqual(utf8Encode(text), new TextEncoder().encode(text))));
  for (const text of ["\ud800", "\udc00x", "\ud800\ud800\udc00", "é€😀"]) {
    assert.deepEqual(utf8Encode(text), new TextEncoder().encode(text));
  }
});

test("utf8Decode() reads any bytes as TextDecoder does", () => {
  const nasty = fc.array(
    fc.constantFrom(0x00, 0x41, 0x80, 0xbf, 0xc1, 0xc2, 0xe0, 0xa0, 0xed, 0x9f, 0xf0, 0x90, 0xf4, 0x8f, 0xff, 0xef, 0xbb),
    {
      maxLength: 12,
    },
  );
  fc.assert(fc.property(nasty, (list) => assert.equal(utf8Decode(Uint8Array.from(list)), decoder.decode(Uint8Array.from(list)))));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => assert.equal(utf8Decode(bytes), decoder.decode(bytes))));
});

test("utf8Decode() handles megabytes, with characters across its internal buffer's edge", () => {
  const text = `${"a".repeat(8190)}😀`.repeat(200);
  assert.equal(utf8Decode(utf8Encode(text)), text);
});

test("utf8DecodeExact() gives the text back or refuses bytes that are no UTF-8", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => assert.equal(utf8DecodeExact(utf8Encode(text)), text)));
  assert.equal(utf8DecodeExact(Uint8Array.of(0x61, 0xff)), undefined);
  assert.equal(utf8DecodeExact(Uint8Array.of(0xe2, 0x82)), undefined);
});

test("the one-byte codecs keep, mark or replace what is not ASCII", () => {
  const bytes = Uint8Array.of(0x41, 0x7f, 0x80, 0xff);
  assert.equal(latin1Decode(bytes), "A\u007f\u0080\u00ff");
  assert.equal(asciiDecode(bytes), "A\u007f\ufffd\ufffd");
  assert.deepEqual(asciiEncode("Aé€"), Uint8Array.of(0x41, 0x3f, 0x3f));
  assert.equal(latin1Decode(new Uint8Array(20_000).fill(0x62)), "b".repeat(20_000));
});

test("beforeNul() ends a field at its first NUL", () => {
  assert.deepEqual(beforeNul(Uint8Array.of(65, 0, 66)), Uint8Array.of(65));
  assert.deepEqual(beforeNul(Uint8Array.of(65, 66)), Uint8Array.of(65, 66));
});
