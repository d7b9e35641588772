import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "#os/exec";
import { inspectMachine } from "./inspect.ts";

const NOW = new Date("2026-11-21T19:45:00Z");

test("inspectMachine() agrees with the programs that it asks on what this machine is", async () => {
  const machine = await inspectMachine({ now: NOW });
  const say = async (...command: readonly [string, ...string[]]) => (await run(command)).stdout.trim();
  assert.equal(machine.inspectedAt, "2026-11-21T19:45:00.000Z");
  assert.equal(machine.system.architecture, await say("uname", "-m"));
  assert.equal(machine.system.kernelRelease, await say("uname", "-r"));
  assert.equal(machine.hostName, await say("uname", "-n"));
  assert.equal(machine.hardware.processors, Number(await say("nproc", "--all")));
  assert.ok(machine.hardware.memoryBytes > 64 << 20);
});

test("inspectMachine() lists no mount twice, each on a file system that it knows, and nothing of the kernel's own", async () => {
  const { layout } = await inspectMachine({ now: NOW });
  const paths = layout.mounts.map(({ path }) => path);
  assert.equal(new Set(paths).size, paths.length);
  const known = new Set(layout.fileSystems.map(({ device }) => device));
  for (const mount of layout.mounts) {
    assert.ok(known.has(mount.device), `${mount.path} is on ${mount.device}`);
    assert.ok(!["proc", "sysfs", "tmpfs", "devtmpfs"].includes(mount.type), mount.path);
  }
});

test("inspectMachine() gives a value that survives JSON", async () => {
  const machine = await inspectMachine({ now: NOW });
  const plain = JSON.stringify(machine);
  assert.equal(JSON.stringify(JSON.parse(plain)), plain);
});

test("inspectMachine() of a directory without a system tells what little there is and does not fail", async () => {
  const machine = await inspectMachine({ now: NOW, root: "/proc/self/fdinfo" });
  assert.deepEqual([machine.layout.mounts, machine.layout.fstab, machine.system.id], [[], [], "linux"]);
  assert.equal(machine.bootLoader.kind, "unknown");
});
