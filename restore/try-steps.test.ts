// What mkfs is asked when a set is made: whether it knows the features that the machine's file systems have.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BIOS_MACHINE, UEFI_MACHINE } from "../machine/machine-for-tests.ts";
import type { FileSystem } from "../machine/model.ts";
import { featureProblems } from "./try-steps.ts";

const [EXT, XFS] = BIOS_MACHINE.layout.fileSystems as readonly [FileSystem, FileSystem];

test("featureProblems() has nothing to say of what mkfs makes, however large it was", async () => {
  const huge = [EXT, XFS].map((one) => ({ ...one, sizeBytes: 2 ** 57 }));
  assert.deepEqual(await featureProblems([...BIOS_MACHINE.layout.fileSystems, ...UEFI_MACHINE.layout.fileSystems, ...huge]), []);
});

test("featureProblems() names file systems with features that mkfs does not know, and goes on", async () => {
  assert.ok(EXT.parameters.kind === "ext" && XFS.parameters.kind === "xfs");
  const problems = await featureProblems([
    { ...EXT, parameters: { ...EXT.parameters, features: [...EXT.parameters.features, "FEATURE_I31"] } },
    // Reflinks need checksums.
    { ...XFS, parameters: { ...XFS.parameters, features: { ...XFS.parameters.features, crc: false, reflink: true } } },
    XFS,
  ]);
  assert.equal(problems.length, 2, problems.join("; "));
  assert.match(problems[0]!, /^"sda2", ext4: Cannot run "mke2fs/);
  assert.match(problems[1]!, /^"sda3", xfs: Cannot run/);
});
