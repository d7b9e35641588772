// A journal is followed when it is of this set, of this plan, and of disks that are as the plan would have made them; else it is said why not.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BIOS_MACHINE, UEFI_MACHINE } from "../machine/machine-for-tests.ts";
import type { Machine } from "../machine/model.ts";
import type { PlacedFrame } from "../set/open-set.ts";
import { journalSubject, type Journal } from "./journal.ts";
import { planRestore } from "./plan-restore.ts";
import { journalProblem, layoutProblem, type FoundTraces } from "./plan-resume.ts";
import type { FoundContent, PresentDisk } from "./present-disk.ts";
import { ownDisk, presentDisk, type DiskFacts } from "./present-disks-for-tests.ts";

const NEW: DiskFacts = { serial: "NEW" };

function planFor(machine: Machine, facts: DiskFacts = NEW, id = "web1-20261121T194500Z") {
  const totals = { paths: 1, contentBytes: 1, frames: 3, volumes: 1, streamBytes: 1, storedBytes: 1 };
  const present = [presentDisk({ id: "vda", ...facts })];
  const options = { map: new Map(), excluded: [], wipe: [] };
  return planRestore({ machine, manifest: { id, totals }, present, firmware: machine.firmware.kind, options });
}

function framesWith(...digests: readonly string[]): readonly PlacedFrame[] {
  return digests.map((digest, number) => {
    return { number, digest, offset: 0, storedBytes: 1, contentBytes: 1, firstMember: 0, firstPath: "/", volume: "v" };
  });
}

const FRAMES = framesWith("a", "b", "c");
const SUBJECT = journalSubject(planFor(BIOS_MACHINE), FRAMES);
const JOURNAL: Journal = { ...SUBJECT, frame: 2, writtenAt: "2026-11-22T00:00:00.000Z", changed: [] };

describe("journalProblem()", () => {
  const cases: readonly (readonly [what: string, traces: Partial<FoundTraces>, wanted: typeof SUBJECT, problem: string | undefined])[] = [
    ["has nothing against a journal of this very restore", {}, SUBJECT, undefined],
    ["nor against one whose extraction was complete", { journal: { ...JOURNAL, frame: 3 } }, SUBJECT, undefined],
    ["says that there is none", { journal: undefined }, SUBJECT, "it is gone"],
    ["says that it is another version's", { journal: "unreadable" }, SUBJECT, "it cannot be read, or another version has written it"],
    ["knows that the restore was finished", { mark: SUBJECT.set }, SUBJECT, "the restore that it tells of was finished"],
    ["has nothing against the mark of another set, which came with the files", { mark: "web0-20251121T194500Z" }, SUBJECT, undefined],
    [
      "names another set",
      {},
      journalSubject(planFor(BIOS_MACHINE, NEW, "web1-20261122T194500Z"), FRAMES),
      "it is of another set, web1-20261121T194500Z",
    ],
    [
      "knows the content of a set that has only the name",
      {},
      journalSubject(planFor(BIOS_MACHINE), framesWith("a", "b", "d")),
      "the set of that name had other content",
    ],
    [
      "knows another disk in the same place",
      {},
      journalSubject(planFor(BIOS_MACHINE, { serial: "OTHER" }), FRAMES),
      "it is of another plan: other disks, other names of theirs, or another layout",
    ],
    [
      "knows another disk that has the same serial",
      {},
      journalSubject(planFor(BIOS_MACHINE, { ...NEW, wwid: "naa.2" }), FRAMES),
      "it is of another plan: other disks, other names of theirs, or another layout",
    ],
    [
      "knows another layout",
      {},
      journalSubject(
        planFor({
          ...BIOS_MACHINE,
          layout: { ...BIOS_MACHINE.layout, swaps: BIOS_MACHINE.layout.swaps.map((one) => ({ ...one, label: "x" })) },
        }),
        FRAMES,
      ),
      "it is of another plan: other disks, other names of theirs, or another layout",
    ],
    ["knows that a frame is none of the set's", { journal: { ...JOURNAL, frame: 4 } }, SUBJECT, "it tells of frame 4, and the set has 3"],
  ];
  for (const [what, traces, wanted, problem] of cases) {
    test(what, () => assert.equal(journalProblem({ journal: JOURNAL, mark: undefined, ...traces }, wanted), problem));
  }
});

describe("layoutProblem()", () => {
  const own = ownDisk(BIOS_MACHINE, "vda");
  const withContents = (change: (content: FoundContent) => readonly FoundContent[]): PresentDisk => ({
    ...own,
    contents: own.contents.flatMap(change),
  });
  const table = own.disk.table!;
  const withTable = (change: Partial<typeof table>): PresentDisk => ({ ...own, disk: { ...own.disk, table: { ...table, ...change } } });
  const cases: readonly (readonly [what: string, disk: PresentDisk | undefined, problem: string | undefined])[] = [
    ["has nothing against what the plan would have made", own, undefined],
    ["nor against the number of an MBR in other letters", withTable({ id: "1A2B3C4D" }), undefined],
    ["knows that the disk is gone", undefined, "the partition table of /dev/vda is another"],
    ["knows another table", withTable({ id: "0xdeadbeef" }), "the partition table of /dev/vda is another"],
    [
      "knows a partition that was moved",
      withTable({ partitions: table.partitions.map((one) => (one.number === 3 ? { ...one, startSector: one.startSector + 8 } : one)) }),
      "the partition table of /dev/vda is another",
    ],
    ["knows a partition that is gone", withTable({ partitions: table.partitions.slice(1) }), "the partition table of /dev/vda is another"],
    [
      "names a file system that was made again",
      withContents((one) => [one.type === "xfs" ? { ...one, uuid: "11111111-2222-3333-4444-555555555555" } : one]),
      "/dev/vda3 should hold xfs b4946635-dd96-462a-a002-414401064400, and holds xfs 11111111-2222-3333-4444-555555555555",
    ],
    [
      "names one of another type with the same UUID",
      withContents((one) => [one.type === "xfs" ? { ...one, type: "ext4" } : one]),
      "/dev/vda3 should hold xfs b4946635-dd96-462a-a002-414401064400, and holds ext4 B4946635-DD96-462A-A002-414401064400",
    ],
    [
      "names swap that is gone",
      withContents((one) => (one.type === "swap" ? [] : [one])),
      "/dev/vda4 should hold swap 249e68a9-c50c-45e4-9da8-d3d7d7f62d63, and holds nothing",
    ],
  ];
  for (const [what, disk, problem] of cases) {
    test(what, () => assert.equal(layoutProblem(planFor(BIOS_MACHINE), disk === undefined ? [] : [disk]), problem));
  }

  test("has nothing against a GPT with FAT as it was made", () => {
    assert.equal(layoutProblem(planFor(UEFI_MACHINE), [ownDisk(UEFI_MACHINE, "vda")]), undefined);
  });
});
