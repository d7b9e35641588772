import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { loadPlan } from "./load-plan.ts";
import { coldplugModules, matchModalias } from "./match-modalias.ts";
import { formatModuleTable, parseModuleTable } from "./module-table-text.ts";
import { makeModuleTable } from "./module-table.ts";
import { parseModuleTree } from "./module-tree.ts";
import { KmodParseError } from "./parse-error.ts";
import { selectModules } from "./select.ts";

const TREE = parseModuleTree(
  {
    "modules.dep": [
      "kernel/drivers/ata/ahci.ko.xz: kernel/drivers/ata/libata.ko.xz kernel/lib/crc.ko.xz",
      "kernel/drivers/ata/libata.ko.xz: kernel/lib/crc.ko.xz",
      "kernel/lib/crc.ko.xz:",
      "kernel/lib/crc-fast.ko.xz:",
      "kernel/drivers/usb/host/ohci.ko.xz:",
      "kernel/drivers/usb/host/ehci.ko.xz:",
      "kernel/drivers/gpu/drm/gpu.ko.xz:",
      "kernel/drivers/md/raid.ko.xz:",
      "kernel/drivers/md/after.ko.xz:",
    ].join("\n"),
    "modules.alias": "alias pci:v1* ohci\nalias pci:v1* ehci\nalias pci:v2* gpu\nalias crc crc_fast\nalias pci:v2* ahci\nalias md-* raid\n",
    "modules.softdep": "softdep crc pre: crc-fast ghost\nsoftdep ohci pre: ehci\nsoftdep raid post: after\n",
    "modules.builtin": "kernel/ext4.ko\n",
    "modules.devname": "raid md0 b9:0\n",
  },
  [{ name: "a.conf", directory: "/etc/modprobe.d", text: "options ahci a=1\noptions ahci b=2\nalias md-special after\n" }],
);
const TABLE = makeModuleTable({
  release: "6.1.0",
  tree: TREE,
  selection: selectModules(TREE),
  firmware: new Map([["ehci", ["e/*.bin"]]]),
  pathOf: (path) => path.replace(/\.xz$/, ""),
});
const BOTH = ["initramfs", "tools"] as const;

test("the table holds dependencies in load order, options, firmware and layers", () => {
  const names = (ids: readonly number[]) => ids.map((id) => TABLE.modules[id]?.name);
  const [ahci] = TABLE.modules;
  assert.deepEqual(names(ahci?.needs ?? []), ["crc", "libata"]);
  assert.deepEqual(
    { ...ahci, needs: [] },
    {
      name: "ahci",
      path: "kernel/drivers/ata/ahci.ko",
      layer: "initramfs",
      needs: [],
      pre: [],
      post: [],
      firmware: [],
      options: "a=1 b=2",
      heldBecause: undefined,
    },
  );
  assert.deepEqual(names(TABLE.modules[2]?.pre ?? []), ["crc_fast"]);
  assert.deepEqual(TABLE.modules[5]?.firmware, ["e/*.bin"]);
  assert.equal(TABLE.modules[7]?.layer, "tools");
});

test("the table comes back from its text as it was, and the text is always the same", () => {
  const text = formatModuleTable(TABLE);
  assert.deepEqual(parseModuleTable(text), TABLE);
  assert.equal(formatModuleTable(parseModuleTable(text)), text);
});

test("modaliases find modules in the tree's order, configured aliases first", () => {
  const found = ["pci:v1x", "pci:v2", "md-special", "md-0", "ahci", "crc", "nobody", "a[b"].map((modalias) =>
    matchModalias(TABLE, modalias),
  );
  assert.deepEqual(found, [["ohci", "ehci"], ["ahci", "gpu"], ["after"], ["raid"], ["ahci"], ["crc"], [], []]);
});

test("coldplug leaves out display drivers and what the boot words deny, and says so", () => {
  assert.deepEqual(coldplugModules(TABLE, "pci:v2", ["ah-ci"]), {
    load: ["ahci"],
    held: [{ name: "gpu", because: "a display driver: the rescue system stays on the firmware's console" }],
  });
  assert.deepEqual(coldplugModules(TABLE, "pci:v1", ["ehci"]), {
    load: ["ohci"],
    held: [{ name: "ehci", because: "denied by a boot word" }],
  });
});

test("a plan waits for what it needs and for softdeps, and nothing else", () => {
  const plan = loadPlan(TABLE, ["ahci", "ohci", "ext4", "zfs"], { loaded: [], layers: BOTH });
  assert.deepEqual(
    plan.steps.map(({ name, after, needs, options }) => ({ name, after, needs, options })),
    [
      { name: "crc_fast", after: [], needs: [], options: "" },
      { name: "crc", after: ["crc_fast"], needs: [], options: "" },
      { name: "libata", after: ["crc"], needs: ["crc"], options: "" },
      { name: "ahci", after: ["crc", "libata"], needs: ["crc", "libata"], options: "a=1 b=2" },
      { name: "ehci", after: [], needs: [], options: "" },
      { name: "ohci", after: ["ehci"], needs: [], options: "" },
    ],
  );
  assert.deepEqual([plan.waiting, plan.unknown], [[], ["zfs"]]);
});

test("what is loaded gives no step, and what comes post waits for the module before it", () => {
  const plan = loadPlan(TABLE, ["ahci", "raid"], { loaded: ["crc", "libata"], layers: BOTH });
  assert.deepEqual(
    plan.steps.map(({ name, after }) => [name, after]),
    [
      ["crc_fast", []],
      ["ahci", []],
      ["raid", []],
      ["after", ["raid"]],
    ],
  );
  assert.deepEqual(loadPlan(TABLE, ["ahci"], { loaded: ["ahci"], layers: BOTH }).steps, []);
});

test("modules that serve one device are loaded one after the other, best first", () => {
  const names = ["gpu", "ahci", "raid"];
  const plan = loadPlan(TABLE, names, { loaded: ["crc", "libata"], layers: BOTH, rivals: [["ahci", "gpu"], ["raid"]] });
  const waits = new Map(plan.steps.map(({ name, after, needs }) => [name, { after, needs }]));
  // The order that was asked for goes first: no step waits for a later one.
  assert.deepEqual([waits.get("gpu")?.after, waits.get("ahci")?.after, waits.get("raid")?.after], [[], [], []]);
  const inOrder = loadPlan(TABLE, ["ahci", "gpu"], { loaded: ["crc", "libata"], layers: BOTH, rivals: [["ahci", "gpu"]] });
  assert.deepEqual(
    inOrder.steps.filter(({ name }) => name === "gpu").map(({ after, needs }) => ({ after, needs })),
    [{ after: ["ahci"], needs: [] }],
  );
});

test("modules of a layer that is not there yet wait", () => {
  const plan = loadPlan(TABLE, ["raid", "ohci"], { loaded: [], layers: ["initramfs"] });
  assert.deepEqual(plan.waiting, ["raid"]);
  assert.deepEqual(
    plan.steps.map((step) => step.name),
    ["ehci", "ohci"],
  );
});

test("softdep loops end, and no step waits for a later one", () => {
  const tree = parseModuleTree({
    "modules.dep": "a.ko:\nb.ko: a.ko\nc.ko: b.ko a.ko\n",
    "modules.softdep": "softdep a pre: c post: b\nsoftdep b pre: c\nsoftdep c pre: a post: a\n",
  });
  const table = makeModuleTable({ release: "1", tree, selection: selectModules(tree), firmware: new Map() });
  for (const names of [["a"], ["b"], ["c"], ["c", "a"]]) {
    const { steps } = loadPlan(table, names, { loaded: [], layers: BOTH });
    steps.forEach((step, index) => {
      const before = steps.slice(0, index).map((earlier) => earlier.name);
      assert.deepEqual(
        step.after.filter((name) => !before.includes(name)),
        [],
      );
    });
    assert.deepEqual(steps.map((step) => step.name).sort(), ["a", "b", "c"]);
  }
});

test("a damaged table is told by its field", () => {
  const wire = JSON.parse(formatModuleTable(TABLE)) as Record<string, unknown>;
  const cases: readonly [change: object, message: string][] = [
    [{ version: 2 }, "Cannot read the module table as version is 1: 2"],
    [{ release: 7 }, "Cannot read the module table as release is text: 7"],
    [{ modules: {} }, "Cannot read the module table as modules is a list: {}"],
    [{ modules: [{ path: "a.ko", needs: [1] }] }, "Cannot read the module table as modules[0].needs[0] is a whole number below 1: 1"],
    [{ builtins: [1] }, "Cannot read the module table as builtins[0] is text: 1"],
    [{ aliases: 1 }, "Cannot read the module table as aliases is an object: 1"],
    [
      { aliases: { lengths: [], tails: [""], entries: { x: [0] } } },
      "Cannot read the module table as aliases.entries[\"x\"] is pairs of a tail's and a module's number: [0]",
    ],
    [
      { devices: [{ module: "a", node: "n", type: "pipe", major: 1, minor: 1 }] },
      'Cannot read the module table as devices[0].type is "character" or "block": "pipe"',
    ],
  ];
  for (const [change, message] of cases) {
    assert.throws(() => parseModuleTable(JSON.stringify({ ...wire, ...change })), { name: "KmodParseError", message });
  }
  assert.throws(() => parseModuleTable("{"), /Cannot read the module table as it is one JSON value/);
});

test("no cut and no changed character makes the reader throw anything but a KmodParseError", () => {
  const text = formatModuleTable(TABLE);
  fc.assert(
    fc.property(
      fc.nat(text.length - 1),
      fc.constantFrom("", '"', "9", "-1", "[", "}", "null", "true"),
      fc.boolean(),
      (at, piece, isCut) => {
        try {
          parseModuleTable(text.slice(0, at) + piece + (isCut ? "" : text.slice(at + 1)));
        } catch (error) {
          assert.ok(error instanceof KmodParseError, String(error));
        }
      },
    ),
    { numRuns: 500 },
  );
});
