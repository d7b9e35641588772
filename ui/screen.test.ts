import assert from "node:assert/strict";
import { test } from "node:test";
import { drawBlock, EMPTY_SCREEN, leaveBlock, printAbove, type ScreenState } from "./screen.ts";

const ESCAPE = "\u001b";

/** The least of a VT100: what stands on an endless screen after the text was written. */
function rowsAfter(text: string): readonly string[] {
  const rows = [""];
  let row = 0;
  for (const token of text.match(new RegExp(`${ESCAPE}\\[\\d*[A-Z]|[^]`, "gu")) ?? []) {
    const up = /\[(\d+)A$/.exec(token)?.[1];
    if (up !== undefined) row -= Number(up);
    else if (token.endsWith("[J")) rows.splice(row, Infinity, "");
    else if (token === "\n") rows[++row] ??= "";
    else if (token !== "\r") rows[row] += token;
  }
  return rows;
}

test("a block stays below the lines that are printed, and takes the place of the one before", () => {
  let state: ScreenState = EMPTY_SCREEN;
  let text = "";
  const take = (step: { state: ScreenState; text: string }) => {
    state = step.state;
    text += step.text;
  };
  take(printAbove(state, "first"));
  take(drawBlock(state, ["menu", " > one"]));
  take(printAbove(state, "second"));
  take(drawBlock(state, ["menu", " > two", "page"]));
  assert.deepEqual(rowsAfter(text), ["first", "second", "menu", " > two", "page", ""]);
  state = leaveBlock();
  take(printAbove(state, "of a shell"));
  take(drawBlock(state, ["menu"]));
  assert.deepEqual(rowsAfter(text).slice(-4), ["page", "of a shell", "menu", ""]);
});

test("a block that has not changed is not drawn again: a serial line is slow", () => {
  const { state } = drawBlock(EMPTY_SCREEN, ["menu"]);
  assert.equal(drawBlock(state, ["menu"]).text, "");
});
