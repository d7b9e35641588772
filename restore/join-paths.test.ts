// Paths that lead to one disk are one disk, and never two of equal identity; what only looks so is not written to.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { joinPaths, type PathFacts } from "./join-paths.ts";
import { matchDisks, namesOf } from "./match-disks.ts";
import { presentDisk } from "./present-disks-for-tests.ts";

const WWID = "naa.600508b400105df70000e00000ac0000";
const PATHS = ["sda", "sdb"];
const on = (id: string, more: Partial<Parameters<typeof presentDisk>[0]> = {}, lock?: string) =>
  presentDisk({ id, wwid: WWID, serial: "S1", driver: "qla2xxx", ...more }, [], lock);
const head = (byte: number): PathFacts => ({ head: new Uint8Array(512).fill(byte), accessState: undefined });
const facts = (...states: readonly PathFacts[]) => new Map(states.map((state, index) => [`sd${"abc"[index] ?? ""}`, state]));
const brief = (present: ReturnType<typeof joinPaths>) =>
  present.map(({ disk, lockedBecause }) => [disk.id, disk.multipath?.paths.join(" "), lockedBecause]);

describe("joinPaths()", () => {
  test("makes one disk of two paths, which is known by the names of both", () => {
    const joined = joinPaths([on("sda"), on("sdb"), presentDisk({ id: "sdc" })], facts(head(1), head(1)));
    assert.deepEqual(brief(joined), [
      ["sda", "sda sdb", undefined],
      ["sdc", undefined, undefined],
    ]);
    assert.equal(joined[0]!.disk.multipath?.wwid, "3600508b400105df70000e00000ac0000");
    for (const name of [...PATHS, "/dev/sdb", "S1", WWID]) assert.ok(namesOf(joined[0]!.disk).includes(name), name);
  });

  test("so that the machine's disk is found, and no second one is asked for", () => {
    const wanted = [{ ...on("sdq").disk, id: "mpatha" }];
    const options = { map: new Map(), excluded: [], neededBytes: () => 0 };
    assert.ok(!matchDisks(wanted, [on("sda"), on("sdb")], options).isMatched);
    const matching = matchDisks(wanted, joinPaths([on("sda"), on("sdb")], facts(head(1), head(1))), options);
    assert.deepEqual(matching.isMatched && matching.pairs.map(({ to, reason }) => [to.disk.id, reason]), [["sda", "same wwid"]]);
  });

  test("writes through the path that is optimized, and through none that cannot be read", () => {
    const state = (accessState: string, byte: number | undefined): PathFacts => ({
      ...head(byte ?? 0),
      accessState,
      ...(byte === undefined ? { head: undefined } : {}),
    });
    for (const [states, expected] of [
      [[state("active/non-optimized", 1), state("active/optimized", 1)], "sdb"],
      [[state("standby", undefined), state("active/non-optimized", 1)], "sdb"],
      [[state("active/optimized", undefined), state("standby", 1)], "sdb"],
      [[state("standby", undefined), state("unavailable", undefined)], "sda"],
    ] as const) {
      assert.deepEqual(brief(joinPaths([on("sda"), on("sdb")], facts(...states)))[0]?.[0], expected);
    }
  });

  test("locks the disk when one of its paths is locked", () => {
    const joined = joinPaths([on("sda"), on("sdb", {}, "it holds the set")], facts(head(1), head(1)));
    assert.deepEqual(brief(joined), [["sda", "sda sdb", "it holds the set"]]);
  });

  test("locks all of them when what they hold differs", () => {
    const why = "sda and sdb have one wwid and differ in what they hold: whether they are one disk is not known";
    assert.deepEqual(brief(joinPaths([on("sda"), on("sdb")], facts(head(1), head(2)))), [
      ["sda", undefined, why],
      ["sdb", undefined, why],
    ]);
  });

  const others: readonly (readonly [what: string, second: ReturnType<typeof on>])[] = [
    ["another size", on("sdb", { sizeBytes: 5 * 2 ** 30 })],
    ["another serial", on("sdb", { serial: "S2" })],
    ["other sectors", on("sdb", { logicalSectorBytes: 4096 })],
    ["another wwid", on("sdb", { wwid: "naa.600508b400105df70000e00000ac0001" })],
  ];
  for (const [what, second] of others) {
    test(`leaves disks apart that have ${what}`, () => {
      assert.deepEqual(
        brief(joinPaths([on("sda"), second], facts(head(1), head(1)))).map(([id]) => id),
        PATHS,
      );
    });
  }

  test("leaves disks apart that share a name which need not be unique, or have none", () => {
    for (const wwid of ["t10.ATA     QEMU HARDDISK                           QM00001", undefined]) {
      const twins = PATHS.map((id) => presentDisk({ id, serial: "S1", ...(wwid === undefined ? {} : { wwid }) }));
      assert.deepEqual(
        brief(joinPaths(twins, facts(head(0), head(0)))).map(([id]) => id),
        PATHS,
      );
    }
  });
});
