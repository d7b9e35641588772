// Joining pieces into blocks changes nothing but where one ends and the next begins.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { inBlocks } from "./in-blocks.ts";

async function* each(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

test("inBlocks() keeps every byte, and all blocks but the last are full", async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(pieces, fc.integer({ min: 1, max: 16 }), async (given, blockBytes) => {
      const blocks: Buffer[] = [];
      for await (const block of inBlocks(each(given), blockBytes)) blocks.push(Buffer.from(block));
      assert.deepEqual(Buffer.concat(blocks), Buffer.concat(given));
      assert.ok(blocks.slice(0, -1).every(({ length }) => length === blockBytes));
      assert.ok(blocks.every(({ length }) => length > 0 && length <= blockBytes));
    }),
  );
});
