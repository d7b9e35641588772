import assert from "node:assert/strict";
import { test } from "node:test";
import { textRows } from "./vga-text.ts";

/** 32 KiB of text memory with `text` from `cell` on, in light grey. */
function memoryWith(text: string, cell: number): Uint8Array {
  const memory = new Uint8Array(0x8000);
  for (const [index, code] of new TextEncoder().encode(text).entries()) memory.set([code, 0x07], ((cell + index) * 2) % memory.length);
  return memory;
}

test("textRows() gives 25 rows without trailing spaces", () => {
  const rows = textRows(memoryWith("boot: linux   ", 80), 0);
  assert.deepEqual(rows, ["", "boot: linux", ...Array.from({ length: 23 }, () => "")]);
});

test("textRows() follows the start address, past the end of the memory too", () => {
  const start = 0x4000 - 80;
  assert.deepEqual(textRows(memoryWith("last".padEnd(80) + "first", start), start).slice(0, 2), ["last", "first"]);
});

test("textRows() reads frames and accents in code page 437", () => {
  const memory = new Uint8Array(0x8000);
  for (const [index, code] of [0xc9, 0xcd, 0xbb, 0x82, 0xb0, 0x1e, 0x7f, 0xff, 0xfe].entries()) memory[index * 2] = code;
  assert.equal(textRows(memory, 0)[0], "╔═╗é░▲⌂ ■");
});
