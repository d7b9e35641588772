// What is said of a plan, a restore and restored files.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { planRestore } from "../restore/plan-restore.ts";
import { presentDisk } from "../restore/present-disks-for-tests.ts";
import type { Plan } from "../restore/plan.ts";
import type { RestoreReport } from "../restore/restore-machine.ts";
import { planText } from "./plan-text.ts";
import { filesReport, restoreDetails, restoredLine } from "./restore-text.ts";

const REPORT: RestoreReport = {
  set: "web1-20261121T194500Z",
  restoredAt: "2026-11-22T00:00:00.000Z",
  seconds: 93.6,
  gate: "full",
  steps: [
    { step: "wipe", seconds: 0.4 },
    { step: "extract", seconds: 60 },
  ],
  checked: 13618,
  differences: [],
  changed: [],
  remarks: [],
  lost: [],
  lostUnnamed: 0,
  wasChecked: true,
  wasResumed: false,
};

const WHY = "GRUB was installed again";

describe("restoredLine() says", () => {
  test("how long it took, what was checked and how much differs", () => {
    assert.equal(restoredLine(REPORT), "lifeboat: restored web1-20261121T194500Z in 94s, 13618 files checked, 0 differ");
  });

  test("how much damage has cost, with and without names", () => {
    const cases = [
      [["/a", "/b"], 0, "2"],
      [["/a", "/b"], 3, "5"],
      [[], 1, "1"],
      [["/a"], "unknown", "1 or more"],
    ] as const;
    for (const [lost, lostUnnamed, count] of cases) {
      const line = restoredLine({ ...REPORT, lost, lostUnnamed });
      assert.equal(line, `lifeboat: restored web1-20261121T194500Z in 94s, 13618 files checked, 0 differ, ${count} lost to damage`);
    }
  });

  test("that nothing was checked", () => {
    assert.match(restoredLine({ ...REPORT, wasChecked: false, checked: 0 }), /, files NOT checked, as you said$/);
  });
});

test("what tar could not do is said in its own words, and in the line that ends a restore whose files were not checked", () => {
  const report = { ...REPORT, wasChecked: false, differences: [{ path: "", what: "a: Cannot open: File exists" }] };
  assert.ok(restoreDetails(report).includes("  differs: a: Cannot open: File exists"));
  assert.match(restoredLine(report), /, files NOT checked, as you said, 1 not as they were$/);
});

test("restoreDetails() names a gate that has not read all", () => {
  assert.deepEqual(
    restoreDetails({ ...REPORT, gate: "quick" })[0],
    "gate=quick: samples of the set were read before the first write, not all of it",
  );
  assert.doesNotMatch(restoreDetails(REPORT).join(), /gate/);
});

test("restoreDetails() lists what differs, is lost, and was changed by Lifeboat, apart from each other", () => {
  const lines = restoreDetails({
    ...REPORT,
    wasResumed: true,
    differences: [{ path: "/a", what: "content" }],
    lost: Array.from({ length: 52 }, (_, index) => `/lost/${index}`),
    lostUnnamed: 7,
    remarks: ["/etc/x was moved aside"],
    changed: [
      { path: "/etc/fstab", why: "names of devices were changed", differs: true },
      ...Array.from({ length: 8 }, (_, index) => ({ path: `/boot/grub/i386-pc/${index}.mod`, why: WHY, differs: true })),
      { path: "/boot/grub/grubenv", why: WHY, differs: false },
    ],
  });
  assert.deepEqual(lines.slice(0, 4), [
    "it went on where an earlier restore was broken off",
    "extract: 60.0s",
    "  differs: /a: content",
    "  lost: /lost/0",
  ]);
  assert.deepEqual(lines.slice(-7), [
    "  lost: /lost/49",
    "  … and 2 more",
    "  lost: 7 paths whose names the damage took",
    "  note: /etc/x was moved aside",
    "  changed by Lifeboat: /etc/fstab: names of devices were changed",
    "  changed by Lifeboat: /boot/grub/i386-pc: GRUB was installed again (8 files: 0.mod, 1.mod, 2.mod, …)",
    "  changed by Lifeboat: /boot/grub/grubenv: GRUB was installed again",
  ]);
});

test("filesReport() escapes names that would break a line", () => {
  const outcome = {
    wasChecked: true,
    restored: 2,
    framesRead: 1,
    differences: [
      { path: "/a\nb", what: "missing" },
      { path: "", what: "said by tar" },
    ],
    lost: ["/\xff"],
    lostUnnamed: 3,
  };
  assert.deepEqual(filesReport("web1", outcome).split("\n"), [
    "web1: 2 paths restored, read back and compared; 1 frames read",
    "  lost: /\\377",
    "  lost: 3 paths whose names the damage took",
    "  differs: /a\\nb: missing",
    "  differs: said by tar",
  ]);
});

test("planText() keeps each thing on a line of its own, with nothing that a terminal could obey, whatever disks and sets call themselves", () => {
  const evil = "X\u001b[2J\n  kept      all\u009b1m";
  const disk = {
    name: "sdb",
    path: "/dev/sdb",
    wwid: undefined,
    serial: evil,
    model: evil,
    driver: "ahci",
    drivers: [],
    sizeBytes: 1,
    logicalSectorBytes: 512,
  };
  const plan: Plan = {
    setId: evil,
    layout: BIOS_MACHINE.layout,
    replaced: [],
    changes: [],
    openCards: [],
    keptPaths: [],
    matches: [{ from: evil, disk, reason: "named by you" }],
    steps: [{ kind: "mount", device: evil, path: evil, type: "ext4", options: [], fsRoot: "/" }],
    lost: [evil],
    kept: [evil],
    warnings: [evil],
  };
  const machine = { ...BIOS_MACHINE, hostName: evil, system: { ...BIOS_MACHINE.system, prettyName: evil } };
  const text = planText({ plan, machine, resumeAt: undefined, notResumed: evil, isDone: false });
  assert.equal(text.split("\n").length, 8);
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  assert.ok(text.includes("  lost      X\\u001b[2J\\u000a  kept      all\\u009b1m\n"), text);
});

test("planText() shows disks, what is lost, kept and to be known, then the steps", () => {
  const totals = { paths: 1, contentBytes: 1, frames: 1, volumes: 1, streamBytes: 1, storedBytes: 1 };
  const plan = planRestore({
    machine: BIOS_MACHINE,
    manifest: { id: "web1-20261121T194500Z", totals },
    present: [
      presentDisk({ id: "vda", serial: "NEW", driver: "virtio_blk", sizeBytes: 5 * 2 ** 30 }),
      presentDisk({ id: "sdb" }, [], "it holds the set"),
    ],
    firmware: "bios",
    options: { map: new Map(), excluded: [], wipe: [] },
  });
  const lines = planText({ plan, machine: BIOS_MACHINE, resumeAt: 7, notResumed: undefined, isDone: true }).split("\n");
  assert.deepEqual(lines.slice(0, 10), [
    "web1-20261121T194500Z: web1, Debian GNU/Linux 12 (bookworm), as of 2026-11-21T19:45:00.000Z",
    "  disk      sda goes to /dev/vda (5.0 GiB, QEMU HARDDISK, serial NEW): the only one that is large enough",
    "  changed   sda2: 3.0 GiB becomes 3.8 GiB",
    "  changed   sda3: 500 MiB becomes 633 MiB",
    "  lost      vda (serial NEW): nothing was found on it",
    "  kept      sdb (4.0 GiB, QEMU HARDDISK, no serial): it holds the set",
    "  warning   this set was restored to these disks already",
    "  resumed   an extraction was broken off: the layout is kept, and it goes on at frame 7",
    "  steps",
    "    1  wipe /dev/vda: clear its old signatures",
  ]);
  assert.equal(lines.length, 9 + plan.steps.length);
  const anew = planText({ plan, machine: BIOS_MACHINE, resumeAt: undefined, notResumed: "it is of another set, web2", isDone: false });
  assert.equal(
    anew.split("\n")[6],
    "  anew      a restore was broken off here, and its journal is not followed: it is of another set, web2",
  );
});

test("filesReport() leaves out the middle of long names, and no half of a character", () => {
  const path = `/${"\xf0\x9f\x9a\x91".repeat(1023)}.end`;
  const outcome = { wasChecked: true, restored: 1, framesRead: 1, differences: [{ path, what: "missing" }], lost: [path], lostUnnamed: 0 };
  for (const line of filesReport("web1", outcome).split("\n").slice(1)) {
    assert.match(line, /^ {2}(?:lost|differs): \/\p{Extended_Pictographic}+…\p{Extended_Pictographic}+\.end(?:: missing)?$/u);
    assert.ok(line.length < 250, line);
  }
});
