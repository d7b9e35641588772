import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { plainLine, wrapLine } from "./plain-text.ts";

test("plainLine() leaves nothing that a terminal could obey or not know", () => {
  for (const [given, expected] of [
    ["disk sda 1.0 GiB", "disk sda 1.0 GiB"],
    ["evil \u001b[2J\u0007model\r\n", "evil ?[2J?model??"],
    ["digest 1234…", "digest 1234..."],
    ["größe – 1\t2", "gr??e - 1  2"],
  ] as const) {
    assert.equal(plainLine(given), expected);
  }
});

test("wrapLine() loses no word, and no line is longer than it may be", () => {
  assert.deepEqual(wrapLine("aaa bbb ccc", 7), ["aaa bbb", "  ccc"]);
  assert.deepEqual(wrapLine("aaaaaaaaaa", 7), ["aaaaaaa", "  aaa"]);
  assert.deepEqual(wrapLine("", 7), [""]);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme-ascii", maxLength: 400 }), (text) => {
      const lines = wrapLine(text, 20);
      assert.ok(lines.every((line) => line.length <= 20));
      assert.equal(lines.join("").replaceAll(" ", ""), text.replaceAll(" ", ""));
    }),
  );
});
