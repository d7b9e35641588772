// Whose data is on a disk.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { foreignContents } from "./foreign-data.ts";
import type { FoundContent } from "./present-disk.ts";

const [disk] = BIOS_MACHINE.layout.disks;
const [root, data] = BIOS_MACHINE.layout.fileSystems;

function found(uuid: string | undefined, type: string): FoundContent {
  return { device: "sda9", type, uuid, label: undefined };
}

test("a file system of the machine that was not mounted is in no set, so it is not lost unasked", () => {
  const contents = [found(root!.uuid, "ext4"), found(data!.uuid, "xfs")];
  const present = { disk: disk!, contents, lockedBecause: undefined };
  assert.deepEqual(foreignContents(present, BIOS_MACHINE), []);
  const layout = { ...BIOS_MACHINE.layout, mounts: BIOS_MACHINE.layout.mounts.filter(({ path }) => path === "/") };
  assert.deepEqual(foreignContents(present, { ...BIOS_MACHINE, layout }), [`xfs ${data!.uuid} on sda9`]);
});
