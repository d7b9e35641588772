// LVM's list of devices on other disks, as LVM itself writes it, and what becomes of one that it cannot write.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { run } from "#os/exec";
import { GROUP } from "../machine/stack-for-tests.ts";
import { attachDisk, detachDisk, skipsWithoutDisk } from "./disk-for-tests.ts";
import { originalsOf } from "./keep-original.ts";
import type { Step } from "./plan.ts";
import { runStackStep } from "./run-stack.ts";
import { writeLvmDevices } from "./write-lvm-devices.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-lvm-devices-"));
let device: string | undefined;

before(async () => {
  device = await attachDisk(join(scratch, "disk.img"), 64);
  if (device !== undefined) await runStackStep({ kind: "create-volume-group", group: GROUP, devices: [device] }, {});
});
after(async () => {
  await detachDisk(device);
  await rm(scratch, { recursive: true });
});

const FILE = "/etc/lvm/devices/own.devices";
const ID = GROUP.physicalVolumes[0]!.uuid!.replace(/-/g, "");
const STALE = `IDTYPE=sys_wwid IDNAME=naa.5000c500a1b2c3d4 DEVNAME=/dev/sda3 PVID=${ID} PART=3`;
const GONE = "IDTYPE=devname IDNAME=/dev/sdb DEVNAME=/dev/sdb PVID=gone";
const OTHER = "IDTYPE=sys_wwid IDNAME=naa.5000c500ffffffff DEVNAME=/dev/sdc PVID=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const HEAD = "# LVM uses devices listed in this file.\n# \xe9\nVERSION=1.1.3";

let roots = 0;

async function write(text: string | undefined, step: Partial<Extract<Step, { kind: "write-lvm-devices" }>> = {}) {
  const root = join(scratch, `root${(roots += 1)}`);
  const directory = join(root, "etc/lvm/devices");
  await mkdir(directory, { recursive: true });
  if (text !== undefined) await writeFile(join(root, FILE), text, { encoding: "latin1", mode: 0o600 });
  const remarks: string[] = [];
  const place = { root, originals: originalsOf("set"), remark: (line: string) => void remarks.push(line) };
  const groups = [{ group: GROUP, devices: [device!] }];
  const writeNow = () => writeLvmDevices({ kind: "write-lvm-devices", file: FILE, stale: [ID, "gone"], groups, ...step }, place);
  const changed = await writeNow();
  const read = (name: string) => readFile(join(directory, name), "latin1");
  return { changed: changed.map(({ path }) => path), remarks, read, writeNow, root, names: (await readdir(directory)).sort() };
}

const KEPT = "/etc/lvm/devices/.own.devices.before-set";
const entries = (text: string) => text.split("\n").filter((line) => line.startsWith("IDTYPE"));
const whyNot = (context: TestContext) => skipsWithoutDisk(context, device);

describe("writeLvmDevices()", () => {
  test("puts the disk that is here in the place of those that are gone, keeps others', and does so once", async (context) => {
    if (whyNot(context)) return;
    const before = [HEAD, STALE, OTHER, GONE, ""].join("\n");
    const { changed, remarks, read, writeNow, root } = await write(before);
    assert.deepEqual([changed, remarks], [[FILE, KEPT], []]);
    for (const time of ["first", "again, after a power cut"]) {
      const [other, own, ...more] = entries(await read("own.devices"));
      assert.deepEqual([other, more], [OTHER, []], time);
      assert.match(own!, new RegExp(`^IDTYPE=loop_file IDNAME=\\S+ DEVNAME=${device} PVID=${ID}$`));
      assert.equal(await read(".own.devices.before-set"), before);
      assert.equal((await writeNow()).length, 2);
    }
    assert.equal((await stat(join(root, FILE))).mode & 0o777, 0o600);
    const seen = ["pvs", "--noheadings", "--options", "pv_name", "--config", "devices{use_devicesfile=1 devicesfile=own.devices}"] as const;
    const told = await run(["lvm", ...seen], { env: { LVM_SYSTEM_DIR: join(root, "etc/lvm"), LVM_SUPPRESS_FD_WARNINGS: "1" } });
    assert.equal(told.stdout.trim(), device);
  });

  test("leaves a list alone that says what is", async (context) => {
    if (whyNot(context)) return;
    const { read } = await write([HEAD, STALE, ""].join("\n"));
    const { changed, names } = await write(await read("own.devices"));
    assert.deepEqual([changed, names], [[], ["own.devices"]]);
  });

  test("moves it aside, and says so, when LVM cannot list what a group is on", async (context) => {
    if (whyNot(context)) return;
    const lost = { ...GROUP, physicalVolumes: [...GROUP.physicalVolumes, { ...GROUP.physicalVolumes[0]!, uuid: "another-one" }] };
    for (const [group, why] of [
      [lost, /LVM did not list anotherone$/],
      [{ ...GROUP, id: "none" }, /Volume group "none" not found/],
    ] as const) {
      const { changed, remarks, names, writeNow } = await write([HEAD, STALE].join("\n"), { groups: [{ group, devices: [device!] }] });
      assert.deepEqual([changed, names], [[FILE, KEPT], [".own.devices.before-set"]]);
      assert.match(remarks.join(), /^\/etc\/lvm\/devices\/own\.devices was moved to \S+, and LVM looks at all devices: Cannot /);
      assert.match(remarks.join(), why);
      assert.equal((await writeNow()).length, 2, "again, after a power cut");
    }
  });

  test("makes none where the set had none", async () => {
    const { changed, remarks, names } = await write(undefined);
    assert.deepEqual([changed, remarks, names], [[], [], []]);
  });
});
