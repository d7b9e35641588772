// What damage costs: the files with bytes in it, their hard links, and nothing else.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CatalogueEntry } from "../set/catalogue.ts";
import { framesOf, lossFinder } from "./lost-paths.ts";
import { entryOf } from "./entries-for-tests.ts";

/** Four frames of 100 bytes; /big spans the second and third and ends in the fourth. */
const STARTS = [0, 100, 200, 300, 400];
const at = (path: string, frame: number, offset: number, streamBytes: number): CatalogueEntry =>
  entryOf({ path, frame, offset, streamBytes });
const ENTRIES: readonly CatalogueEntry[] = [
  at("/", 0, 0, 10),
  at("/a", 0, 10, 90),
  at("/big", 1, 0, 250),
  at("/edge", 3, 50, 20),
  { ...at("/link", 3, 70, 10), type: "hard-link", hardlinkOf: "/big" },
  { ...at("/link2", 3, 80, 10), type: "hard-link", hardlinkOf: "/a" },
  at("/z", 3, 90, 10),
];

describe("lossFinder() names", () => {
  const cases: readonly (readonly [what: string, damaged: readonly number[], lost: readonly string[]])[] = [
    ["nothing without damage", [], []],
    ["what is in the first frame, and links to it", [0], ["/", "/a", "/link2"]],
    ["a file that begins there", [1], ["/big", "/link"]],
    ["a file that goes through", [2], ["/big", "/link"]],
    ["what ends and what begins there", [3], ["/big", "/edge", "/link", "/link2", "/z"]],
    ["each once when several frames are damaged", [0, 1, 2], ["/", "/a", "/big", "/link", "/link2"]],
  ];
  for (const [what, damaged, lost] of cases) {
    test(what, () =>
      assert.deepEqual(
        ENTRIES.filter(lossFinder(damaged, STARTS)).map(({ path }) => path),
        lost,
      ),
    );
  }

  test("what is said to be in a frame that the set does not have, and links to it", () => {
    const entries = [
      at("/gone", 9, 0, 10),
      { ...at("/link", 0, 0, 10), type: "hard-link", hardlinkOf: "/gone" } as const,
      at("/x", 0, 10, 10),
    ];
    assert.deepEqual(
      entries.filter(lossFinder([], STARTS)).map(({ path }) => path),
      ["/gone", "/link"],
    );
  });

  test("what begins or ends in the first frame behind those that are known", () => {
    const entries = [at("/whole", 3, 0, 50), at("/spans", 3, 50, 51), at("/behind", 4, 0, 10)];
    assert.deepEqual(
      entries.filter(lossFinder([], STARTS)).map(({ path }) => path),
      ["/spans", "/behind"],
    );
  });
});

test("framesOf() has each frame with a byte of the file, header included, and no other", () => {
  assert.deepEqual(
    [at("/a", 0, 10, 90), at("/big", 1, 0, 250), at("/one", 0, 99, 1), at("/two", 0, 99, 2), at("/gone", 9, 0, 5)].map((entry) =>
      framesOf(entry, STARTS),
    ),
    [[0], [1, 2, 3], [0], [0, 1], []],
  );
});
