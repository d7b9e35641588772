// --compress.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readCompression } from "./compression-option.ts";

test("readCompression() knows each codec, its usual level and its limits", () => {
  const good = {
    zstd: ["zstd", 3],
    "zstd:1": ["zstd", 1],
    "zstd:19": ["zstd", 19],
    gzip: ["gzip", 6],
    "gzip:9": ["gzip", 9],
    none: ["none", 0],
  };
  for (const [text, [codec, level]] of Object.entries(good)) assert.deepEqual(readCompression(text), { codec, level });
  assert.deepEqual(readCompression(undefined), { codec: "zstd", level: 3 });
});

test("readCompression() refuses anything else", () => {
  for (const text of [
    "",
    "lz4",
    "zstd:",
    "zstd:0",
    "zstd:20",
    "zstd:-1",
    "zstd:3.5",
    "gzip:10",
    "none:1",
    "ZSTD",
    "zstd:3 ",
    "constructor",
  ]) {
    const message = `Cannot use --compress as it must be zstd[:1-19], gzip[:1-9] or none: "${text}"`;
    assert.throws(() => readCompression(text), { name: "LifeboatError", exitCode: 2, message }, text);
  }
});
