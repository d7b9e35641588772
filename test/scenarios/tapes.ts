// Sets on tape, in a drive that a SCSI tape target gives to the guest: tapes come to their end, are changed, and are read from.

import assert from "node:assert/strict";
import { startMachine, type VirtualMachine } from "../../qemu/machine.ts";
import type { MachineSpec } from "../../qemu/machine-spec.ts";
import { createDiskImage } from "../../qemu/disks.ts";
import { join } from "node:path";
import { expectShell, inShell, PC } from "../boot-checks.ts";
import type { Scenario } from "../scenario.ts";
import { makeTape, serveTape, tapePath, tapeRecords, type TapeTarget } from "../tape-target.ts";

const TAPE_MS = 10 * 60_000;
const FILES = "/mnt/files";

interface Tapes {
  readonly target: TapeTarget;
  readonly directory: string;
  /** The number of the last one. */
  readonly last: number;
}

/** Runs a command in the rescue shell, and puts in each tape that it asks for. Returns all that was said. */
async function withTapes(vm: VirtualMachine, { target, directory, last }: Tapes, command: string): Promise<string> {
  vm.sendLine(`echo begin''mark; ${command}; echo end''mark=$?`);
  await vm.expect(/beginmark\r?\n/, { timeoutMs: TAPE_MS });
  for (let said = ""; ; ) {
    const next = await vm.expect(/endmark=\d+|Put (?:an empty tape, to become )?(?:the last tape|tape (\d+)) of /, { timeoutMs: TAPE_MS });
    said += next.before + next.text;
    if (next.text.startsWith("endmark")) return said.replace(/\r/g, "");
    await target.change(tapePath(directory, Number(next.groups[0] ?? last)));
  }
}

const files: Scenario = {
  name: "tape-files",
  tier: "matrix",
  proves:
    "in the rescue shell files go onto two small tapes, the change asked for, are listed, verified and restored from them, also one alone; what is on a tape is not overwritten untold",
  async run(world) {
    const { path } = await world.iso();
    const directory = await world.workDirectory("tape-files");
    const disk = join(directory, "files.img");
    await createDiskImage(disk, 400 * 1024 * 1024);
    await makeTape(tapePath(directory, 1), 48);
    await makeTape(tapePath(directory, 2), 64);
    await using target = await serveTape(tapePath(directory, 1));
    const tapes: Tapes = { target, directory, last: 2 };
    const machine: MachineSpec = {
      ...PC,
      memoryMb: 2048,
      disks: [{ file: disk, bus: "virtio-blk", serial: "FILES" }],
      cds: [{ file: path, bus: "ide", bootIndex: 0 }],
      extraArguments: target.qemuArguments,
    };
    await using vm = await startMachine(machine, { workDirectory: directory, timeLimitMs: 2 * TAPE_MS });
    await expectShell(vm, world);
    await inShell(vm, `blockdev --setrw /dev/vda; mkfs.ext4 -q /dev/vda; mkdir -p ${FILES} /spool; mount /dev/vda ${FILES}`);
    const made = await inShell(
      vm,
      `mkdir -p ${FILES}/data; for n in 1 2 3 4 5 6 7 8; do head -c 8000000 /dev/urandom > ${FILES}/data/file-$n; done; cd ${FILES}; sha256sum data/* > /sums; cd /; ls -l /dev/nst0; wc -l /sums`,
      TAPE_MS,
    );
    assert.match(made, /8 \/sums/, made);
    const tape = "tape:/dev/nst0?volume=16M&spool=/spool";
    const archived = await withTapes(vm, tapes, `lifeboat archive -I ${FILES} --compress none '${tape}'`);
    console.log(archived.replace(/^/gm, "    "));
    assert.match(archived, /endmark=0/);
    assert.match(archived, /an empty tape, to become tape 2 of/);
    const listed = await withTapes(vm, tapes, "lifeboat list tape:/dev/nst0; lifeboat list --files tape:/dev/nst0");
    assert.match(listed, /file-8/, listed);
    const verified = await withTapes(vm, tapes, "lifeboat verify tape:/dev/nst0");
    assert.match(verified, /no damage[^]*endmark=0/, verified);
    const one = await withTapes(vm, tapes, `lifeboat restore --only ${FILES}/data/file-2 --to /out tape:/dev/nst0; sha256sum /out${FILES}/data/file-2 /out/data/file-2; grep file-2 /sums`);
    console.log(one.replace(/^/gm, "    "));
    const refused = await withTapes(vm, tapes, `lifeboat archive -I ${FILES}/data/file-1 '${tape}'`);
    assert.match(refused, /it is tape \d of [^]*endmark=3/, refused);
    vm.sendLine("poweroff");
    await vm.waitForExit({ timeoutMs: 60_000 });
    const [label, ...sections] = await tapeRecords(tapePath(directory, 1));
    assert.deepEqual([label!.length, label![0]!.length], [1, 32 * 1024]);
    assert.deepEqual([...new Set(sections.flat().map(({ length }) => length))], [256 * 1024]);
  },
};

export const TAPES: readonly Scenario[] = [files];
