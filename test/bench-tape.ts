// Throughput of a tape drive beside dd on the same drive, in the rescue system: `npm run bench:tape`. The guest is emulated, so the ratio counts, not the rate.

import assert from "node:assert/strict";
import { join } from "node:path";
import { createDiskImage } from "../qemu/disks.ts";
import { startMachine, type VirtualMachine } from "../qemu/machine.ts";
import type { MachineSpec } from "../qemu/machine-spec.ts";
import { expectShell, inShell, PC } from "./boot-checks.ts";
import { makeTape, serveTape, tapePath } from "./tape-target.ts";
import { makeWorld } from "./world.ts";

const MIB = 2 ** 20;
const FILE_MIB = 256;
const LIMIT_MS = 15 * 60_000;
const URL = "tape:/dev/nst0?spool=/mnt/spool&overwrite=anything";

/** What is read and written is the same file, from one disk; the spool is on another. */
const STEPS: readonly (readonly [name: string, command: string])[] = [
  ["dd, write", "dd if=/mnt/files/file of=/dev/nst0 bs=256k"],
  ["dd, read", "mt -f /dev/nst0 rewind; dd if=/dev/nst0 of=/dev/null bs=256k"],
  ["lifeboat archive", `lifeboat archive -I /mnt/files --compress none --no-verify '${URL}'`],
  ["lifeboat verify", "lifeboat verify tape:/dev/nst0"],
];

async function main(): Promise<void> {
  const world = makeWorld();
  const { path } = await world.iso();
  const directory = await world.workDirectory("bench-tape");
  const disks = ["files", "spool"].map((name) => ({ file: join(directory, `${name}.img`), bus: "virtio-blk", serial: name }) as const);
  for (const { file } of disks) await createDiskImage(file, 4 * FILE_MIB * MIB);
  await makeTape(tapePath(directory, 1), 4 * FILE_MIB);
  await using target = await serveTape(tapePath(directory, 1));
  const machine: MachineSpec = {
    ...PC,
    memoryMb: 2048,
    disks,
    cds: [{ file: path, bus: "ide", bootIndex: 0 }],
    extraArguments: target.qemuArguments,
  };
  await using vm = await startMachine(machine, { workDirectory: directory, timeLimitMs: LIMIT_MS });
  await expectShell(vm, world);
  const prepare = ["vda /mnt/files", "vdb /mnt/spool"].map((words) => {
    const [disk, place] = words.split(" ");
    return `blockdev --setrw /dev/${disk}; mkfs.ext4 -q /dev/${disk}; mkdir -p ${place}; mount /dev/${disk} ${place}`;
  });
  await inShell(vm, `${prepare.join("; ")}; dd if=/dev/urandom of=/mnt/files/file bs=1M count=${FILE_MIB}; sync`, LIMIT_MS);
  console.log("| step | s | MiB/s |\n| --- | --: | --: |");
  for (const [name, command] of STEPS) console.log(`| ${name} | ${await measured(vm, command)} |`);
}

async function measured(vm: VirtualMachine, command: string): Promise<string> {
  await inShell(vm, "echo 3 > /proc/sys/vm/drop_caches");
  const said = await inShell(
    vm,
    `cut -d' ' -f1 /proc/uptime; { ${command}; } > /said 2>&1; echo ends with $?; cut -d' ' -f1 /proc/uptime; cat /said`,
    LIMIT_MS,
  );
  const [, from, to] = /^(\d+\.\d+)\nends with 0\n(\d+\.\d+)$/m.exec(said) ?? [];
  assert.ok(from !== undefined && to !== undefined, said);
  const seconds = Number(to) - Number(from);
  return `${seconds.toFixed(1)} | ${(FILE_MIB / seconds).toFixed(0)}`;
}

await main();
