// What the command line says about disks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readPlanOptions } from "./plan-options.ts";

test("readPlanOptions() reads pairs, names and serials, of which each may come again", () => {
  assert.deepEqual(readPlanOptions({ map: ["sda=S1", "WX2=t10.a=b"], "exclude-disk": ["sdb", "WX3"], wipe: ["S1"], keep: ["/data"] }), {
    map: new Map([
      ["sda", "S1"],
      ["WX2", "t10.a=b"],
    ]),
    excluded: ["sdb", "WX3"],
    wipe: ["S1"],
    cards: new Map(),
    types: new Map(),
    groups: new Map(),
    cloneName: undefined,
    noResize: false,
    keep: ["/data"],
    noPartition: false,
    noArrays: false,
    noVolumes: false,
  });
  assert.deepEqual(readPlanOptions({}), {
    map: new Map(),
    excluded: [],
    wipe: [],
    cards: new Map(),
    types: new Map(),
    groups: new Map(),
    cloneName: undefined,
    noResize: false,
    keep: [],
    noPartition: false,
    noArrays: false,
    noVolumes: false,
  });
});

test("readPlanOptions() refuses what is no pair, and two places for one disk", () => {
  for (const pair of ["sda", "=sda", "sda=", ""]) {
    assert.throws(() => readPlanOptions({ map: [pair] }), { exitCode: 2, message: `Cannot use --map as it must be OLD=NEW: "${pair}"` });
  }
  const message = 'Cannot use --map as a disk goes to one place: "sda" was given "S1" and "S2"';
  assert.throws(() => readPlanOptions({ map: ["sda=S1", "sda=S2"] }), { exitCode: 2, message });
});

test("readPlanOptions() knows what a copy is called", () => {
  const nameOf = (options: Parameters<typeof readPlanOptions>[0]) => readPlanOptions(options).cloneName;
  assert.deepEqual(
    [nameOf({ identity: "clone" }), nameOf({ identity: "clone", "host-name": "test-%h.lan" }), nameOf({ identity: "original" })],
    ["%h-clone", "test-%h.lan", undefined],
  );
  assert.throws(() => nameOf({ "host-name": "x" }), { exitCode: 2, message: /as the same machine has the same name/ });
  assert.throws(() => nameOf({ identity: "clone", "host-name": "a b" }), { exitCode: 2, message: /: "a b"$/ });
});
