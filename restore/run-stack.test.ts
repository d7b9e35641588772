// LVM's own programs on real devices. What needs the kernel's device mapper is shown in virtual machines.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "#os/exec";
import { GROUP } from "../machine/stack-for-tests.ts";
import { attachDisk, detachDisk, skipsWithoutDisk } from "./disk-for-tests.ts";
import { runStackStep } from "./run-stack.ts";

test("a group is made beside the machine's old disk, which has one of the same name and UUIDs, and stays as it is", async (context) => {
  const scratch = await mkdtemp(join(tmpdir(), "lifeboat-lvm-"));
  const [old, target] = [await attachDisk(join(scratch, "old.img"), 64), await attachDisk(join(scratch, "new.img"), 64)];
  try {
    if (skipsWithoutDisk(context, target)) return;
    const make = (device: string) => runStackStep({ kind: "create-volume-group", group: GROUP, devices: [device] }, {});
    await make(old!);
    const before = await digestOf(old!);
    await make(target!);
    assert.equal(await digestOf(old!), before);
    const found = await run(["wipefs", "--noheadings", "--output", "TYPE,UUID", target!]);
    assert.equal(found.stdout.trim().replace(/\s+/, " "), `LVM2_member ${GROUP.physicalVolumes[0]!.uuid}`);
  } finally {
    await detachDisk(old);
    await detachDisk(target);
    await rm(scratch, { recursive: true });
  }
});

async function digestOf(device: string): Promise<string> {
  return (await run(["sha256sum", device])).stdout.slice(0, 64);
}
