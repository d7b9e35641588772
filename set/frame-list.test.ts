// Frame lists: lines come back; lengths that would cost memory are refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatFrame, FRAME_LIMIT_BYTES, parseFrameList, type Frame } from "./frame-list.ts";

const FRAME: Frame = {
  number: 7,
  offset: 100,
  storedBytes: 50,
  contentBytes: 4096,
  digest: "0f".repeat(64),
  firstMember: 0,
  firstPath: "/a",
};

test("parseFrameList() gives back what formatFrame() wrote, frames without a member of their own too", () => {
  const frames = [FRAME, { ...FRAME, number: 8, firstMember: undefined, firstPath: "/b\\n" }];
  assert.deepEqual(parseFrameList(frames.map(formatFrame).join(""), "x"), frames);
  assert.deepEqual(parseFrameList("", "x"), []);
});

const LIES: readonly (readonly [what: string, lie: Partial<Record<keyof Frame, unknown>>])[] = [
  ["a content that would fill memory", { contentBytes: FRAME_LIMIT_BYTES + 1 }],
  ["stored bytes that would fill memory", { storedBytes: FRAME_LIMIT_BYTES + (1 << 20) + 1 }],
  ["a negative offset", { offset: -1 }],
  ["an offset beyond 53 bits", { offset: 2 ** 53 }],
  ["a first member outside its content", { firstMember: 4096 }],
  ["a digest of another kind", { digest: "0f" }],
  ["no path", { firstPath: undefined }],
];

for (const [what, lie] of LIES) {
  test(`parseFrameList() refuses ${what}`, () => {
    const text = formatFrame({ ...FRAME, ...lie } as Frame);
    const message = /Cannot read the frame list "x" as each line must describe one frame: "\{/;
    assert.throws(() => parseFrameList(text, "x"), { name: "LifeboatError", exitCode: 5, message });
  });
}
