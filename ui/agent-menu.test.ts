import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { updateMenu, viewMenu, withPage, type MenuState } from "./agent-menu.ts";

const START: MenuState = { title: "Lifeboat", status: "", selected: 0, page: [], pageTop: 0 };
const UP = "\u001b[A";
const DOWN = "\u001b[B";

test("a letter acts at once, in either case, and moves the mark to its line", () => {
  for (const [keys, action, selected] of [
    ["d", "report", 0],
    ["l", "log", 1],
    ["m", "medium", 2],
    ["s", "shell", 3],
    ["R", "reboot", 4],
    ["p", "poweroff", 5],
  ] as const) {
    assert.deepEqual(updateMenu(START, keys), { state: { ...START, selected }, action });
  }
});

test("arrows move the mark, as a VT100 sends them and as others do, and Enter takes the marked line", () => {
  for (const [keys, selected] of [
    [DOWN, 1],
    ["\u001bOB", 1],
    ["j", 1],
    [`${DOWN}${DOWN}${UP}`, 1],
    [UP, 0],
    ["\u001bOA", 0],
    ["k", 0],
  ] as const) {
    assert.deepEqual(updateMenu(START, keys), { state: { ...START, selected }, action: undefined }, JSON.stringify(keys));
  }
  const bottom = Array.from({ length: 20 }, () => DOWN).reduce((state, key) => updateMenu(state, key).state, START);
  assert.equal(updateMenu(bottom, "\r").action, "poweroff");
});

test("Ctrl-C, unknown keys, and a paste that has known letters in it change nothing", () => {
  for (const keys of ["\u0003", "\u0004", "\u001a", "\u001b", "\u001b[15~", "x", "\u0000", "reboot\n", "poweroff", "dx", "é", ""]) {
    assert.deepEqual(updateMenu(START, keys), { state: START, action: undefined }, JSON.stringify(keys));
  }
});

test("what is pasted never acts, whatever it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 5, maxLength: 300 }), (keys) => {
      const { action } = updateMenu(START, keys);
      if (action !== undefined) assert.ok(keys.length <= 4 * 4, JSON.stringify(keys));
    }),
  );
});

test("a page is read on with space and back with b, and never beyond its ends", () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`);
  const start = withPage(START, lines);
  assert.ok(viewMenu(start).includes("-- 1 to 11 of 30; space: on, b: back --"));
  const on = updateMenu(start, " ").state;
  assert.ok(viewMenu(on).includes("line 12") && !viewMenu(on).includes("line 11"));
  assert.equal(updateMenu(updateMenu(on, "b").state, "b").state.pageTop, 0);
  const end = withPage(START, lines, "end");
  assert.ok(viewMenu(end).includes("line 30"));
  assert.deepEqual(updateMenu(end, "\u001b[6~").state, end);
});

test("the view is at most 23 lines of 79 plain columns, so that the cursor has its own line, whatever it shows", () => {
  const texts = fc.string({ unit: "grapheme", maxLength: 200 });
  fc.assert(
    fc.property(texts, texts, fc.array(texts, { maxLength: 60 }), fc.nat(60), (title, status, page, spaces) => {
      let state = withPage({ ...START, title, status }, page);
      for (let pressed = 0; pressed < spaces; pressed++) state = updateMenu(state, " ").state;
      const lines = viewMenu(state);
      assert.ok(lines.length <= 23, `${lines.length} lines`);
      for (const line of lines) assert.match(line, /^[\x20-\x7e]{0,79}$/);
    }),
  );
});

test("the view shows title, status, every choice with its key, and the mark", () => {
  assert.deepEqual(viewMenu({ ...START, status: "Waiting for the CD", selected: 1 }), [
    "",
    "Lifeboat",
    "Waiting for the CD",
    "",
    "   d  Devices: disks, network, and what lacks a driver",
    " > l  Log of this boot",
    "   m  Medium: look for it again",
    "   s  Shell on this console",
    "   r  Reboot",
    "   p  Power off",
  ]);
});
