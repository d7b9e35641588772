// Images of devices in a plan: their steps, their place in it, and what a person should know of where they go.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withImages, type DeviceImage } from "../machine/device-image.ts";
import { UEFI_MACHINE, withLayout } from "../machine/machine-for-tests.ts";
import type { Machine } from "../machine/model.ts";
import { deviceBytes } from "../machine/own-layout.ts";
import { describeStep } from "./describe-step.ts";
import { neededPrograms, programProblems } from "./needed-programs.ts";
import { planRestore, type PlanOptions } from "./plan-restore.ts";
import { ownDisk, presentDisk, GIB } from "./present-disks-for-tests.ts";
import { restorableReasons } from "./restorable.ts";

/** `/srv` of UEFI_MACHINE is a Windows instead. */
const SIZE_BYTES = deviceBytes(UEFI_MACHINE.layout, "sda3")!;
const IMAGE: DeviceImage = { device: "sda3", method: "ntfsclone", tool: "ntfsclone v2022", sizeBytes: SIZE_BYTES, file: "images/sda3" };

function machineWith(images: readonly DeviceImage[]): Machine {
  const { layout } = UEFI_MACHINE;
  const mounts = layout.mounts.filter(({ device }) => device !== "sda3");
  const fileSystems = layout.fileSystems.map((one) => (one.device === "sda3" ? { ...one, type: "ntfs", uuid: "0123456789ABCDEF" } : one));
  const fstab = layout.fstab.filter(({ path }) => path !== "/srv");
  return withLayout(UEFI_MACHINE, withImages({ ...layout, mounts, fileSystems, fstab }, images));
}

const MACHINE = machineWith([IMAGE]);
const totals = { paths: 3, contentBytes: 1, frames: 1, volumes: 1, streamBytes: 1, storedBytes: 1 };

function plan(machine: Machine, present = presentDisk({ id: "sdz", serial: "Z" }), options: Partial<PlanOptions> = {}) {
  return planRestore({
    machine,
    manifest: { id: "test-20261121T194500Z", totals },
    present: [present],
    firmware: "uefi",
    options: { map: new Map(), excluded: [], wipe: [], ...options },
  });
}

const ntfsLines = (lines: readonly string[]) => lines.filter((line) => /ntfs|image/.test(line));

describe("planRestore()", () => {
  test("writes the image after the partitions are there and before anything is mounted, and makes no file system in its place", () => {
    const { steps, warnings } = plan(MACHINE);
    const kinds = steps.map(({ kind }) => kind);
    assert.deepEqual(kinds.slice(0, 3), ["wipe", "partition", "restore-image"]);
    assert.equal(describeStep(steps[2]!), "write the image of sda3 onto /dev/sdz3 (ntfsclone): 500 MiB");
    assert.ok(!steps.some((step) => step.kind === "make-filesystem" && step.devices.some(({ path }) => path === "/dev/sdz3")));
    assert.deepEqual(ntfsLines(warnings), []);
  });

  test("says that the files are lost where there is no image", () => {
    assert.match(ntfsLines(plan(machineWith([])).warnings).join(), /^sda3 held ntfs.*not in the set/);
  });

  test("takes what the image was made of for the machine's own, and not without an image", () => {
    assert.ok(plan(MACHINE, ownDisk(MACHINE, "sdx")).steps.some(({ kind }) => kind === "restore-image"));
    const without = machineWith([]);
    assert.throws(() => plan(without, ownDisk(without, "sdx")), { exitCode: 3, message: /data that is not this machine's, ntfs/ });
  });

  test("takes unknown data on the very partition that is imaged for the machine's own, and not without an image", () => {
    const planWith = (images: readonly DeviceImage[]) => {
      const { layout } = machineWith(images);
      const machine = withLayout(UEFI_MACHINE, { ...layout, fileSystems: layout.fileSystems.filter(({ device }) => device !== "sda3") });
      const own = ownDisk(machine, "sdx");
      const data = { device: "sdx3", type: "data of an unknown kind", uuid: undefined, label: undefined };
      return plan(machine, { ...own, contents: [...own.contents, data] });
    };
    assert.ok(planWith([{ ...IMAGE, method: "raw" }]).steps.length > 0);
    assert.throws(() => planWith([]), { exitCode: 3, message: /not this machine's, data of an unknown kind on sdx3/ });
  });

  test("keeps the size of what is imaged on a larger disk, and says that it begins in another place", () => {
    const { layout, warnings } = plan(MACHINE, presentDisk({ id: "sdz", serial: "Z", sizeBytes: 16 * GIB }));
    const sizes = layout.disks[0]?.table?.partitions.map(({ id, sizeSectors }) => [id, sizeSectors * 512]);
    assert.equal(new Map(sizes as [string, number][]).get("sda3"), SIZE_BYTES);
    assert.match(ntfsLines(warnings).join(), /^sda3 comes back as an image, in another place: a Windows on it may not start by BIOS/);
  });

  test("warns of sectors of another size, and refuses a disk that has no room for the whole image", () => {
    const large = presentDisk({ id: "sdz", serial: "Z", logicalSectorBytes: 4096 });
    assert.match(ntfsLines(plan(MACHINE, large).warnings).join(), /^sda3 .*sectors of 4096 bytes instead of 512/);
    assert.throws(() => plan(MACHINE, presentDisk({ id: "sdz", serial: "Z", sizeBytes: GIB })), { exitCode: 3, message: /bytes/ });
    const more = machineWith([{ ...IMAGE, sizeBytes: SIZE_BYTES + 512 }]);
    assert.throws(() => plan(more), {
      message: "Cannot plan the restore as /dev/sdz3 must have room for the image of sda3: 512 bytes are missing",
    });
  });

  test("leaves a kept file system as it is", () => {
    const { steps } = plan(MACHINE, ownDisk(MACHINE, "sdx"), { noPartition: true, keep: ["/dev/sda3"] });
    assert.ok(!steps.some(({ kind }) => kind === "restore-image"));
  });
});

test("neededPrograms() has ntfsclone where there is an image for it, and programProblems() names it when the rescue image has not", () => {
  const missing = new Map([["ntfsclone", "not installed (package ntfs-3g)"]]);
  assert.deepEqual(programProblems(MACHINE, missing), ["ntfsclone, which writes images of NTFS back: not installed (package ntfs-3g)"]);
  assert.deepEqual(programProblems(machineWith([{ ...IMAGE, method: "raw" }]), missing), []);
  assert.ok(!neededPrograms(machineWith([])).some(({ name }) => name === "ntfsclone"));
});

test("restorableReasons() names an image of what stands on something that cannot be made again", () => {
  const stack = [{ kind: "other", id: "cache0", type: "bcache", on: ["sda3"], sizeBytes: 1 }] as const;
  const machine = withLayout(machineWith([{ ...IMAGE, device: "cache0" }]), { stack });
  assert.deepEqual(restorableReasons(machine), [
    'the content of "cache0", which is imaged, is on "cache0" of type bcache: that is not rebuilt',
  ]);
});
