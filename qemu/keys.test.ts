import assert from "node:assert/strict";
import { test } from "node:test";
import { keyPresses } from "./keys.ts";

test("keyPresses() types text with Shift where a US keyboard needs it", () => {
  assert.deepEqual(keyPresses("aZ0 _-=<less>\n"), [
    ["a"],
    ["shift", "z"],
    ["0"],
    ["spc"],
    ["shift", "minus"],
    ["minus"],
    ["equal"],
    ["less"],
    ["ret"],
  ]);
});

test("keyPresses() knows every printable ASCII character", () => {
  for (let code = 0x20; code < 0x7f; code++) assert.equal(keyPresses(String.fromCharCode(code)).length, 1);
});

test("keyPresses() knows names and chords", () => {
  assert.deepEqual(keyPresses("<up><enter><f2><ctrl-alt-delete><a>"), [
    ["up"],
    ["ret"],
    ["f2"],
    ["ctrl", "alt", "delete"],
    ["shift", "comma"],
    ["a"],
    ["shift", "dot"],
  ]);
});

test("keyPresses() names a character that has no key", () => {
  assert.throws(() => keyPresses("é"), {
    name: "LifeboatError",
    message: 'Cannot type "é" as a US keyboard must have it: it has no such key',
  });
});
