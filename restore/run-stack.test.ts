// LVM's and btrfs's own programs on real devices. What needs the kernel's device mapper is shown in virtual machines.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "#os/exec";
import { GROUP } from "../machine/stack-for-tests.ts";
import { mountBriefly } from "./brief-mount.ts";
import { attachDisk, detachDisk, skipsWithoutDisk } from "./disk-for-tests.ts";
import { planOfSteps } from "./plan-for-tests.ts";
import { runStackStep, sealSubvolumes } from "./run-stack.ts";

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
    await runStackStep({ kind: "keep-volume-ids", group: GROUP, volumes: [], devices: [target!] }, {});
    assert.equal(await digestOf(old!), before);
    const filter = `devices{filter=["a|^${target}$|","r|.*|"]}`;
    const told = await run(["vgs", "--noheadings", "--config", filter, "--options", "vg_name,vg_uuid"]);
    assert.equal(told.stdout.trim(), `${GROUP.id} ${GROUP.uuid}`);
  } finally {
    await detachDisk(old);
    await detachDisk(target);
    await rm(scratch, { recursive: true });
  }
});

test("subvolumes are made with those that hold others first, and are read-only in the end where they were", async (context) => {
  const scratch = await mkdtemp(join(tmpdir(), "lifeboat-subvolumes-"));
  const device = await attachDisk(join(scratch, "btrfs.img"), 160);
  try {
    if (skipsWithoutDisk(context, device)) return;
    await run(["mkfs.btrfs", "--quiet", device!]);
    const subvolume = (path: string, isReadOnly: boolean) => ({ path, isReadOnly, isSnapshot: false });
    const subvolumes = [subvolume("@", false), subvolume("@/deep/sealed", true), subvolume("plain", false)];
    const step = { kind: "make-subvolumes", device: device!, subvolumes, defaultSubvolume: "@" } as const;
    await runStackStep(step, {});
    await sealSubvolumes(planOfSteps("set", [step]));
    await using place = await mountBriefly(device!, "btrfs", ["subvolid=5"]);
    const isSealed = async (path: string) => (await run(["btrfs", "property", "get", `${place.path}/${path}`, "ro"])).stdout.trim();
    assert.deepEqual([await isSealed("@"), await isSealed("@/deep/sealed"), await isSealed("plain")], ["ro=false", "ro=true", "ro=false"]);
    assert.match((await run(["btrfs", "subvolume", "get-default", place.path])).stdout, /path @$/m);
  } finally {
    await detachDisk(device);
    await rm(scratch, { recursive: true });
  }
});

async function digestOf(device: string): Promise<string> {
  return (await run(["sha256sum", device])).stdout.slice(0, 64);
}
