// However a stream is cut into frames, what is taken of it is the members that were chosen, byte for byte.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { concat, handmade, paxHeader, TAR_END } from "../formats/tar-for-tests.ts";
import { renamedHeader } from "../formats/tar-rename.ts";
import type { PlacedFrame } from "../set/open-set.ts";
import { frameStarts } from "../set/stream-places.ts";
import { memberChooser } from "./member-chooser.ts";

type Choice = "left" | "taken" | "renamed";

interface Member {
  readonly header: Uint8Array;
  readonly rest: Uint8Array;
  readonly choice: Choice;
}

const Members = fc.array(
  fc.record({
    sizeBytes: fc.integer({ min: 0, max: 1600 }),
    hasPax: fc.boolean(),
    choice: fc.constantFrom<Choice>("left", "taken", "renamed"),
  }),
  { minLength: 1, maxLength: 8 },
);
/** Lengths of frames; sizes that are no multiple of a block cut headers and paddings in two. */
const Lengths = fc.array(fc.oneof(fc.constantFrom(512, 1024, 4096), fc.integer({ min: 1, max: 3000 })), { minLength: 1, maxLength: 40 });

test("memberChooser() gives each chosen member whole, whatever stands around it and wherever frames end", () => {
  fc.assert(
    fc.property(Members, Lengths, (facts, lengths) => {
      const members = facts.map(({ sizeBytes, hasPax, choice }, index): Member => {
        const whole = handmade({ name: `m${index}` }, new Uint8Array(sizeBytes).fill(65 + index));
        const extended = hasPax ? paxHeader({ comment: "x".repeat(200 * index) }) : new Uint8Array();
        return { header: concat(extended, whole.subarray(0, 512)), rest: whole.subarray(512), choice };
      });
      const choiceOf = (path: string): Choice => members[Number(path.slice(2))]!.choice;
      const chooser = memberChooser(starts(members, lengths), (path) => {
        const choice = choiceOf(path);
        return choice === "renamed" ? { path: `new${path.slice(1)}` } : choice === "taken";
      });
      const taken: Uint8Array[] = [];
      for (const { frame, content } of framesOf(members, lengths))
        for (const piece of chooser.take(frame, content)) taken.push(piece.slice());
      const expected = members.flatMap(({ header, rest, choice }, index) =>
        choice === "left" ? [] : [choice === "renamed" ? renamedHeader(header, { path: `newm${index}` }) : header, rest],
      );
      assert.deepEqual(concat(...taken), concat(...expected));
    }),
    { numRuns: 500 },
  );
});

function starts(members: readonly Member[], lengths: readonly number[]): readonly number[] {
  return frameStarts(framesOf(members, lengths).map(({ frame }) => frame));
}

/** The last of the lengths is that of all frames which follow. */
function framesOf(members: readonly Member[], lengths: readonly number[]) {
  const stream = concat(...members.flatMap(({ header, rest }) => [header, rest]), TAR_END);
  const begins = members.map((_, index) => concat(...members.slice(0, index).flatMap(({ header, rest }) => [header, rest])).length);
  const frames: { readonly frame: PlacedFrame; readonly content: Uint8Array }[] = [];
  for (let at = 0; at < stream.length;) {
    const content = stream.slice(at, at + (lengths[frames.length] ?? lengths.at(-1)!));
    const first = begins.find((begin) => begin >= at && begin < at + content.length);
    const firstMember = first === undefined ? undefined : first - at;
    const sizes = { offset: 0, storedBytes: 0, contentBytes: content.length };
    frames.push({ frame: { number: frames.length, ...sizes, digest: "", firstMember, firstPath: "", volume: "" }, content });
    at += content.length;
  }
  return frames;
}
