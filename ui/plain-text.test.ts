import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { plainLine, shownLine, shownText, wrapLine } from "./plain-text.ts";

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

test("shownText() leaves lines and letters, and nothing that a terminal could obey; shownLine() is one line", () => {
  const evil = "größe\t1\n\u001b[2J\r\u0007\u007f\u009b31m\u0085";
  const shown = "\\u001b[2J\\u000d\\u0007\\u007f\\u009b31m\\u0085";
  assert.deepEqual([shownText(evil), shownLine(evil)], [`größe\t1\n${shown}`, `größe\\u00091\\u000a${shown}`]);
  const record = JSON.stringify({ evil });
  assert.deepEqual(JSON.parse(shownText(record)), { evil }, "JSON stays what it is");
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
