// Room is shared out: nobody gets less than the least, together never more than there is, and the rest by what each had.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { shareOut, sum, type Claim } from "./share-out.ts";

test("shareOut() gives what is left by what each had", () => {
  const claim = (leastBytes: number, weight: number): Claim => ({ leastBytes, weight });
  assert.deepEqual(shareOut([claim(10, 0), claim(10, 100), claim(10, 300)], 410, 10), [10, 100, 300]);
  assert.deepEqual(shareOut([claim(10, 0), claim(150, 100), claim(10, 300)], 210, 10), [10, 150, 50]);
  assert.deepEqual(shareOut([claim(15, 0)], 100, 10), [20]);
  assert.deepEqual(shareOut([], 100, 10), []);
  assert.equal(shareOut([claim(50, 1), claim(50, 1)], 99, 1), undefined);
});

test("shareOut() keeps to the room and to the least, and leaves no more than rounding does", () => {
  const claims = fc.array(
    fc.record({ leastBytes: fc.nat(1_000_000), weight: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1_000_000 })) }),
    {
      maxLength: 12,
    },
  );
  fc.assert(
    fc.property(claims, fc.nat(20_000_000), fc.constantFrom(1, 512, 4096), (wanted, room, unit) => {
      const sizes = shareOut(wanted, room, unit);
      const least = wanted.map(({ leastBytes }) => Math.ceil(leastBytes / unit) * unit);
      if (sizes === undefined) return assert.ok(sum(least) > Math.floor(room / unit) * unit);
      assert.ok(sum(sizes) <= room, `${sum(sizes)} of ${room}`);
      assert.ok(sizes.every((size, index) => size >= least[index]! && size % unit === 0));
      if (wanted.some(({ weight }) => weight > 0)) assert.ok(sum(sizes) > room - unit * (wanted.length + 1), `${sum(sizes)} of ${room}`);
    }),
  );
});
