// Which disk is written to: the worst mistake that a restore can make.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { matchDisks, type Matching } from "./match-disks.ts";
import { GIB, presentDisk, testDisk, type DiskFacts } from "./present-disks-for-tests.ts";
import type { PresentDisk } from "./present-disk.ts";

interface Case {
  readonly wanted: readonly DiskFacts[];
  readonly present: readonly (DiskFacts & { readonly locked?: string })[];
  readonly map?: readonly (readonly [string, string])[];
  readonly excluded?: readonly string[];
  /** By the wanted disk's id; all of it when nothing is said. */
  readonly needed?: Readonly<Record<string, number>>;
}

function match({ wanted, present, map = [], excluded = [], needed = {} }: Case): Matching {
  const here = present.map(({ locked, ...facts }): PresentDisk => presentDisk(facts, [], locked));
  const neededBytes = (disk: { id: string; sizeBytes: number }) => needed[disk.id] ?? disk.sizeBytes;
  return matchDisks(wanted.map(testDisk), here, { map: new Map(map), excluded, neededBytes });
}

/** `FROM>TO REASON`, or the problems. */
function outcome(matching: Matching): readonly string[] {
  if (!matching.isMatched) return matching.problems;
  return matching.pairs.map(({ from, to, reason }) => `${from.id}>${to.disk.id} ${reason}`).sort();
}

describe("matchDisks() finds", () => {
  const cases: Readonly<Record<string, Case & { readonly expected: readonly string[] }>> = {
    "the disks by wwid though their names are swapped": {
      wanted: [
        { id: "sda", wwid: "naa.1" },
        { id: "sdb", wwid: "naa.2" },
      ],
      present: [
        { id: "sda", wwid: "naa.2" },
        { id: "sdb", wwid: "naa.1" },
      ],
      expected: ["sda>sdb same wwid", "sdb>sda same wwid"],
    },
    "the disk by serial on another controller, where there is no wwid": {
      wanted: [{ id: "sda", wwid: "t10.ATA QEMU X1", serial: "X1" }],
      present: [
        { id: "nvme0n1", serial: "X2", driver: "nvme" },
        { id: "vdb", serial: "X1", driver: "virtio_blk" },
      ],
      expected: ["sda>vdb same serial"],
    },
    "of two disks of equal size the one with the serial, and the new one for the disk that is gone": {
      wanted: [
        { id: "sda", serial: "A" },
        { id: "sdb", serial: "B" },
      ],
      present: [
        { id: "sda", serial: "NEW" },
        { id: "sdb", serial: "A" },
      ],
      expected: ["sda>sdb same serial", "sdb>sda same size and driver"],
    },
    "wwid before serial": {
      wanted: [{ id: "sda", wwid: "naa.1", serial: "A" }],
      present: [
        { id: "sda", wwid: "naa.2", serial: "A" },
        { id: "sdb", wwid: "naa.1", serial: "B" },
      ],
      expected: ["sda>sdb same wwid"],
    },
    "the one of equal size on the same driver before the others": {
      wanted: [{ id: "sda" }],
      present: [{ id: "sdb", driver: "usb-storage" }, { id: "sdc" }, { id: "sdd", sizeBytes: 5 * GIB }],
      expected: ["sda>sdc same size and driver"],
    },
    "the one of equal size before a larger one": {
      wanted: [{ id: "sda" }],
      present: [
        { id: "sdb", sizeBytes: 5 * GIB },
        { id: "nvme0n1", driver: "nvme" },
      ],
      expected: ["sda>nvme0n1 same size"],
    },
    "the only one that is large enough, and nothing too small by a byte": {
      wanted: [{ id: "sda", sizeBytes: 4 * GIB }],
      present: [
        { id: "sdb", sizeBytes: 3 * GIB - 1 },
        { id: "sdc", sizeBytes: 3 * GIB },
      ],
      needed: { sda: 3 * GIB },
      expected: ["sda>sdc the only one that is large enough"],
    },
    "what is left when another disk had to go to the only one for it": {
      wanted: [
        { id: "sda", sizeBytes: 2 * GIB },
        { id: "sdb", sizeBytes: 6 * GIB },
      ],
      present: [
        { id: "sdx", sizeBytes: 7 * GIB },
        { id: "sdy", sizeBytes: 3 * GIB },
      ],
      expected: ["sda>sdy the only one that is large enough", "sdb>sdx the only one that is large enough"],
    },
    "what a person names, whatever the identities say": {
      wanted: [
        { id: "sda", serial: "A" },
        { id: "sdb", serial: "B" },
      ],
      present: [
        { id: "sdc", serial: "A" },
        { id: "sdd", serial: "B" },
      ],
      map: [
        ["A", "/dev/sdd"],
        ["sdb", "A"],
      ],
      expected: ["sda>sdd named by you", "sdb>sdc named by you"],
    },
    "nothing for a machine without disks": { wanted: [], present: [{ id: "sda" }], expected: [] },
  };
  for (const [what, { expected, ...given }] of Object.entries(cases)) {
    test(what, () => assert.deepEqual(outcome(match(given)), expected));
  }
});

const S4 = "4.0 GiB, QEMU HARDDISK";

describe("matchDisks() refuses", () => {
  const cases: Readonly<Record<string, Case & { readonly problems: readonly string[] }>> = {
    "to choose between two disks of equal size": {
      wanted: [{ id: "sda", serial: "GONE" }],
      present: [
        { id: "sda", serial: "X" },
        { id: "sdb", serial: "Y" },
      ],
      problems: [
        `disk sda (${S4}, serial GONE) may go to any of sda (${S4}, serial X), sdb (${S4}, serial Y): say which, with --map sda=SERIAL`,
      ],
    },
    "a serial that two disks here have": {
      wanted: [{ id: "sda", serial: "SAME" }],
      present: [
        { id: "sda", serial: "SAME" },
        { id: "sdb", serial: "SAME" },
      ],
      problems: [
        `disk sda (${S4}, serial SAME) may go to any of sda (${S4}, serial SAME), sdb (${S4}, serial SAME): say which, with --map sda=SERIAL`,
      ],
    },
    "a serial that is shared with a locked disk: the locked one may be the machine's": {
      wanted: [{ id: "sda", serial: "SAME", sizeBytes: 2 * GIB }],
      present: [
        { id: "sda", serial: "SAME", locked: "it holds the set" },
        { id: "sdb", serial: "SAME" },
        { id: "sdc", serial: "OTHER" },
      ],
      problems: [
        `disk sda (2.0 GiB, QEMU HARDDISK, serial SAME) may go to any of sdb (${S4}, serial SAME), sdc (${S4}, serial OTHER): say which, with --map sda=SERIAL`,
      ],
    },
    "a serial that two disks of the machine had": {
      wanted: [
        { id: "sda", serial: "SAME" },
        { id: "sdb", serial: "SAME" },
      ],
      present: [{ id: "sda", serial: "SAME" }],
      problems: ["sda", "sdb"].map((id) => {
        const other = id === "sda" ? "sdb" : "sda";
        return `disk ${id} (${S4}, serial SAME) may go to sda (${S4}, serial SAME), and so may ${other}: say which, with --map ${id}=SERIAL`;
      }),
    },
    "one disk that fits two": {
      wanted: [{ id: "sda" }, { id: "sdb" }],
      present: [{ id: "vda", driver: "virtio_blk" }],
      problems: [
        `disk sda (${S4}, no serial) may go to vda (${S4}, no serial), and so may sdb: say which, with --map sda=SERIAL`,
        `disk sdb (${S4}, no serial) may go to vda (${S4}, no serial), and so may sda: say which, with --map sdb=SERIAL`,
      ],
    },
    "to say which of two new disks takes which of two that are gone": {
      wanted: [{ id: "sda" }, { id: "sdb" }],
      present: [{ id: "vda" }, { id: "vdb", sizeBytes: 5 * GIB }],
      problems: [
        `disk sda (${S4}, no serial) may go to any of vda (${S4}, no serial), vdb (5.0 GiB, QEMU HARDDISK, no serial), and so may sdb: say which, with --map sda=SERIAL`,
        `disk sdb (${S4}, no serial) may go to any of vda (${S4}, no serial), vdb (5.0 GiB, QEMU HARDDISK, no serial), and so may sda: say which, with --map sdb=SERIAL`,
      ],
    },
    "the disk that holds the set, though it is the machine's own": {
      wanted: [{ id: "sda", serial: "A" }],
      present: [{ id: "sda", serial: "A", locked: "it holds the set" }],
      problems: [`disk sda (${S4}, serial A) needs 4294967296 bytes, and there is no disk that may be written to`],
    },
    "an excluded disk by each of its names": {
      wanted: [{ id: "sda", serial: "A" }],
      present: [
        { id: "sda", serial: "A" },
        { id: "sdb", serial: "B" },
        { id: "sdc", wwid: "naa.c" },
      ],
      excluded: ["A", "/dev/sdb", "naa.c"],
      problems: [`disk sda (${S4}, serial A) needs 4294967296 bytes, and there is no disk that may be written to`],
    },
    "a disk that is too small by one byte": {
      wanted: [{ id: "sda" }],
      present: [
        { id: "sdb", sizeBytes: 4 * GIB - 1 },
        { id: "sdc", sizeBytes: GIB },
      ],
      problems: [`disk sda (${S4}, no serial) needs 4294967296 bytes, and the largest, sdb, has 4294967295: 1 bytes are missing`],
    },
    "the same disk when it has become too small": {
      wanted: [{ id: "sda", wwid: "naa.1" }],
      present: [{ id: "sda", wwid: "naa.1", sizeBytes: 4 * GIB - 512 }],
      problems: ["the machine's sda cannot go to sda (4.0 GiB, QEMU HARDDISK, no serial; same wwid): 512 bytes are missing"],
    },
  };
  for (const [what, { problems, ...given }] of Object.entries(cases)) {
    const isForRoom = problems.every((problem) => /needs \d+ bytes|bytes are missing/.test(problem));
    test(what, () => assert.deepEqual(match(given), { isMatched: false, problems, isForRoom }));
  }
});

describe("matchDisks() refuses what a person says", () => {
  const wanted = [
    { id: "sda", serial: "A" },
    { id: "sdb", serial: "B" },
  ];
  const present = [
    { id: "sda", serial: "A" },
    { id: "sdb", serial: "B" },
    { id: "sdc", serial: "TWIN" },
    { id: "sdd", serial: "TWIN" },
    { id: "sde", serial: "sda" },
    { id: "sdf", serial: "SMALL", sizeBytes: GIB },
    { id: "sdg", serial: "L", locked: "it is the medium" },
  ];
  const cases: Readonly<Record<string, { readonly map: Case["map"]; readonly excluded?: readonly string[]; readonly problem: string }>> = {
    "of a disk that the machine never had": { map: [["sdz", "A"]], problem: 'the machine has no disk "sdz"' },
    "of a disk that is not here": { map: [["sda", "Z"]], problem: 'there is no disk "Z" here' },
    "that is half a pair": { map: [["sda", ""]], problem: 'there is no disk "" here' },
    "by a serial that two disks have": { map: [["sda", "TWIN"]], problem: 'several disks here are called "TWIN": sdc, sdd' },
    "by the name of one disk that is the serial of another": {
      map: [["B", "sda"]],
      problem: 'several disks here are called "sda": sda, sde',
    },
    "of a locked disk": { map: [["sda", "L"]], problem: 'disk "L" may not be written to: it is the medium' },
    "of a disk that is excluded too, by another name": {
      map: [["sda", "sdb"]],
      excluded: ["B"],
      problem: 'disk "sdb" may not be written to: it is to be left alone',
    },
    "of one disk for two": {
      map: [
        ["sda", "sdc"],
        ["sdb", "/dev/sdc"],
      ],
      problem: 'disk "/dev/sdc" can take one disk only, and "sdb" is the second',
    },
    "of two disks for one": {
      map: [
        ["sda", "sdc"],
        ["A", "sdd"],
      ],
      problem: 'disk "A" can go to one disk only, and "sdd" is the second',
    },
    "of a disk that is too small": {
      map: [["sda", "SMALL"]],
      problem: `the machine's sda cannot go to sdf (1.0 GiB, QEMU HARDDISK, serial SMALL; named by you): ${3 * GIB} bytes are missing`,
    },
  };
  for (const [what, { map = [], excluded = [], problem }] of Object.entries(cases)) {
    test(what, () => {
      const matching = match({ wanted, present, map, excluded });
      assert.equal(matching.isMatched, false);
      assert.ok(!matching.isMatched && matching.problems.includes(problem), JSON.stringify(matching));
    });
  }
});

test("matchDisks() never takes a locked, excluded or too small disk, or one twice, whatever is here", () => {
  const name = fc.constantFrom("a", "b", "c", undefined);
  const facts = fc.record({
    serial: name,
    wwid: name,
    driver: fc.constantFrom("ahci", "nvme"),
    sizeBytes: fc.constantFrom(GIB, 2 * GIB, 3 * GIB),
    locked: fc.constantFrom(undefined, undefined, "locked"),
  });
  const someDisks = fc.array(facts, { maxLength: 4 });
  fc.assert(
    fc.property(someDisks, someDisks, fc.array(fc.tuple(name, name), { maxLength: 2 }), (then, now, pairs) => {
      const wanted = then.map((disk, index) => known({ ...disk, id: `sd${index}` }));
      const present = now.map(({ locked, ...disk }, index) => ({ ...known({ ...disk, id: `vd${index}` }), ...(locked && { locked }) }));
      const map = pairs.map(([old = "sd0", to = "vd0"]) => [old, to] as const);
      const matching = match({ wanted, present, map, excluded: ["vd1"] });
      if (!matching.isMatched) return assert.ok(matching.problems.length > 0);
      const targets = matching.pairs.map(({ to }) => to);
      assert.deepEqual(
        matching.pairs.map(({ from }) => from.id).sort(),
        wanted.map(({ id }) => id),
      );
      assert.equal(new Set(targets).size, targets.length);
      for (const { from, to } of matching.pairs)
        assert.ok(to.lockedBecause === undefined && to.disk.id !== "vd1" && to.disk.sizeBytes >= from.sizeBytes);
      // The order of what is here changes nothing.
      const turned = match({ wanted: [...wanted].reverse(), present: [...present].reverse(), map, excluded: ["vd1"] });
      assert.deepEqual(outcome(turned), outcome(matching));
    }),
    { numRuns: 2000 },
  );
});

type Draft = { readonly [K in keyof DiskFacts]: DiskFacts[K] | undefined } & { readonly locked?: string | undefined };

/** Without what is not known. */
function known(draft: Draft & { readonly id: string }): DiskFacts & { readonly id: string } {
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined)) as unknown as DiskFacts & {
    readonly id: string;
  };
}
