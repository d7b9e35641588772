import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { plainText } from "./ansi.ts";

const table: readonly { readonly what: string; readonly input: string; readonly text: string; readonly rest?: string }[] = [
  { what: "plain text and tabs", input: "a\tb\nc", text: "a\tb\nc" },
  { what: "colours", input: "\x1b[1;31mred\x1b[0m", text: "red" },
  { what: "SeaBIOS clearing the screen", input: "\x1bc\x1b[?7l\x1b[2J\x1b[0mSeaBIOS", text: "SeaBIOS" },
  { what: "rows that a boot menu places", input: "one\x1b[04;05Htwo\x1b[5;1fthree", text: "one\ntwo\nthree" },
  { what: "line ends of serial lines", input: "a\r\nb\r\r\nc\rd", text: "a\nb\nc\nd" },
  { what: "window titles", input: "\x1b]0;title\x07x\x1b]0;title\x1b\\y", text: "xy" },
  { what: "character sets", input: "\x1b(0x\x1b)B", text: "x" },
  { what: "a question for the cursor's place", input: "# \x1b[6n", text: "# " },
  { what: "bells, NULs and backspaces", input: "a\x07\x00b\x08\x7f", text: "ab" },
  { what: "a sequence cut in its parameters", input: "a\x1b[1;3", text: "a", rest: "\x1b[1;3" },
  { what: "a lone escape at the end", input: "a\x1b", text: "a", rest: "\x1b" },
  { what: "a carriage return that may get its line feed", input: "a\r", text: "a", rest: "\r" },
];

for (const { what, input, text, rest } of table) {
  test(`plainText() understands ${what}`, () => assert.deepEqual(plainText(input), { text, rest: rest ?? "" }));
}

test("plainText() gives the same text wherever the stream is cut", () => {
  const token = fc.constantFrom(
    "word",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\x1b[2J",
    "\x1b[10;20H",
    "\x1b[0;1;37m",
    "\x1bc",
    "\x1b(B",
    "\x1b]0;t\x07",
    "é",
    "\x08",
  );
  fc.assert(
    fc.property(fc.array(token), fc.array(fc.nat({ max: 60 })), (tokens, cuts) => {
      const stream = tokens.join("");
      let unfinished = "";
      let text = "";
      for (const piece of cut(stream, cuts)) {
        const plain = plainText(unfinished + piece);
        text += plain.text;
        unfinished = plain.rest;
      }
      const whole = plainText(stream);
      assert.deepEqual({ text, rest: unfinished }, whole);
    }),
  );
});

test("plainText() never holds back more than a sequence's length of noise", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 600 }), (noise) =>
      assert.ok(plainText(noise).rest.length <= 260 || /^\r+$/.test(plainText(noise).rest)),
    ),
  );
});

function cut(text: string, sizes: readonly number[]): readonly string[] {
  let start = 0;
  const pieces = sizes.map((size) => text.slice(start, (start += size)));
  return [...pieces, text.slice(start)];
}
