// Serials in boot words come back as they were, whatever is in them, and typed ones as they are.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { readSerialWord, serialWord, wipeWord } from "./serial-word.ts";

test("serialWord() leaves what most serials are made of, and writes everything else as %XX", () => {
  const cases = [
    ["WX1-2.3_4", "WX1-2.3_4"],
    ["WD 123", "WD%20123"],
    ["A,B", "A%2CB"],
    ["50%", "50%25"],
    ["t10.\"it's\\$*~(!)", "t10.%22it%27s%5C%24%2A%7E%28%21%29"],
    ["ä", "%C3%A4"],
  ] as const;
  for (const [serial, word] of cases) assert.deepEqual([serialWord(serial), readSerialWord(word)], [word, serial]);
});

test("readSerialWord() takes what was typed as it is, and what is no escape", () => {
  for (const typed of ["WX1", "naa.5000c500a1b2c3d4", "QM 00 1", "50%", "%zz", "%", "eui.00:25", "%FF"])
    assert.equal(readSerialWord(typed), typed);
  assert.equal(readSerialWord("WD%20123%2c4"), "WD 123,4");
});

test("a serial of any characters makes a word without blanks, commas, quotes and what scripts expand, and comes back", () => {
  const serial = fc.string({ unit: "grapheme" });
  fc.assert(
    fc.property(serial, (text) => {
      assert.match(serialWord(text), /^[A-Za-z0-9._%-]*$/);
      assert.equal(readSerialWord(serialWord(text)), text);
    }),
  );
});

test("wipeWord() is one word for all", () => {
  assert.equal(wipeWord(["S1", "WD 2", "A,B"]), "lifeboat.wipe=S1,WD%202,A%2CB");
});
