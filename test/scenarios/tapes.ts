// Sets on tape, in a drive that a SCSI tape target gives to the guest: tapes come to their end, are changed, and are read from.

import assert from "node:assert/strict";
import { join } from "node:path";
import { writeFile } from "#os/files";
import { createDiskImage } from "../../qemu/disks.ts";
import { startMachine, type VirtualMachine } from "../../qemu/machine.ts";
import type { DiskSpec, MachineSpec } from "../../qemu/machine-spec.ts";
import { parseSection } from "../../set/tape-format.ts";
import { answerPrompt, expectShell, inShell, PC } from "../boot-checks.ts";
import { guestMachine } from "../guest/guest-machine.ts";
import type { Scenario, World } from "../scenario.ts";
import { attendTapes } from "../tape-attendant.ts";
import { makeTape, serveTape, tapePath, tapeRecords, writeCdOf } from "../tape-target.ts";
import { archiveInGuest, assertBoots, assertSameFiles, expectRestored, type Archived } from "./round-trip.ts";

const TAPE_MS = 10 * 60_000;
const RESTORE_MS = 25 * 60_000;
const FILES = "/mnt/files";
/** tgt does not say of a tape that it is blank: it has to be told. */
const BLANK = "overwrite=anything";
const TAPE = "tape:/dev/nst0?volume=16M&spool=/spool";

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
    const machine: MachineSpec = {
      ...PC,
      memoryMb: 2048,
      disks: [{ file: disk, bus: "virtio-blk", serial: "FILES" }],
      cds: [{ file: path, bus: "ide", bootIndex: 0 }],
      extraArguments: target.qemuArguments,
    };
    await using vm = await startMachine(machine, { workDirectory: directory, timeLimitMs: 3 * TAPE_MS });
    await using attendants = new AsyncDisposableStack();
    attendants.use(attendTapes(vm, { target, directory, last: 2 }, 1));
    await expectShell(vm, world);
    await makeFiles(vm);
    const archived = await shell(vm, `lifeboat archive -I ${FILES} --compress none '${TAPE}&${BLANK}'`);
    assert.match(archived, /an empty tape, to become tape 2 of[^]*no damage[^]*ends with 0/, archived);
    const listed = await shell(vm, "lifeboat list tape:/dev/nst0; lifeboat list --files tape:/dev/nst0");
    assert.match(listed, /file-8/, listed);
    assert.match(await shell(vm, "lifeboat verify tape:/dev/nst0"), /no damage[^]*ends with 0/);
    const one = await shell(
      vm,
      `lifeboat restore --only ${FILES}/data/file-2 --to /out tape:/dev/nst0 && cmp ${FILES}/data/file-2 /out${FILES}/data/file-2`,
    );
    assert.match(one, /ends with 0/, one);
    const refused = await shell(vm, `lifeboat archive -I ${FILES}/data/file-1 '${TAPE}'`);
    assert.match(refused, /it is tape \d of [^]*ends with 3/, refused);
    vm.sendLine("poweroff");
    await vm.waitForExit({ timeoutMs: 60_000 });
    const [label, ...sections] = await tapeRecords(tapePath(directory, 1));
    assert.deepEqual(
      label!.map(({ length }) => length),
      [32 * 1024],
    );
    assert.deepEqual([...new Set(sections.flat().map(({ length }) => length))], [256 * 1024]);
  },
};

async function makeFiles(vm: VirtualMachine): Promise<void> {
  await inShell(vm, `blockdev --setrw /dev/vda; mkfs.ext4 -q /dev/vda; mkdir -p ${FILES} /spool; mount /dev/vda ${FILES}`);
  const make = `head -c 8000000 /dev/urandom > ${FILES}/data/file-$n`;
  const made = await inShell(vm, `mkdir ${FILES}/data; for n in 1 2 3 4 5 6 7 8; do ${make}; done; ls ${FILES}/data`, TAPE_MS);
  assert.match(made, /file-8/, made);
}

/** What a command says, and how it ends. */
async function shell(vm: VirtualMachine, command: string): Promise<string> {
  const said = await inShell(vm, `${command}; echo ends with $?`, TAPE_MS);
  console.log(`    ${command}\n${said.replace(/^/gm, "      ")}`);
  return said;
}

/** Less than the set of a guest needs, and more than its rescue image. */
const FIRST_TAPE_MB = 80;
const TAPE_MB = 1000;

const tape: Scenario = {
  name: "tape",
  tier: "matrix",
  proves:
    "a running machine goes onto two tapes; booted from the rescue image at their head, it is restored from them with each change asked for, and starts",
  async run(world) {
    const directory = await world.workDirectory("tape");
    const archived = await archiveToTape(world, directory, {
      url: `tape:/dev/nst0?volume=8M&spool=/run/store&${BLANK}`,
      tapesMb: [FIRST_TAPE_MB, TAPE_MB],
    });
    const iso = join(directory, "rescue.iso");
    await writeHeadFile(tapePath(directory, 1), "boot/rescue.iso", iso);
    const { machine, said } = await restoreFromTape({ directory, archived, iso, last: 2 });
    assert.match(said, /Put the last tape of /);
    await assertBoots(archived, { directory, machine: { disks: machine.disks! } });
  },
};

const obdr: Scenario = {
  name: "obdr",
  tier: "matrix",
  proves: "a running machine goes onto an OBDR tape; booted from what the drive shows of it as a CD, it is restored from the rest",
  async run(world) {
    const directory = await world.workDirectory("obdr");
    const archived = await archiveToTape(world, directory, {
      url: `obdr:/dev/nst0?volume=64M&spool=/run/store&${BLANK}`,
      tapesMb: [TAPE_MB],
    });
    const iso = join(directory, "cd.iso");
    await writeCdOf(tapePath(directory, 1), iso);
    const [boot = []] = await tapeRecords(tapePath(directory, 1));
    assert.equal(Buffer.from(Buffer.concat(boot.slice(0, 100)).subarray(45_063, 45_086)).toString("latin1"), "EL TORITO SPECIFICATION");
    await restoreFromTape({ directory, archived, iso, last: 1 });
  },
};

interface TapeOrder {
  readonly url: string;
  /** Of each tape. */
  readonly tapesMb: readonly number[];
}

async function archiveToTape(world: World, directory: string, { url, tapesMb }: TapeOrder): Promise<Archived> {
  for (const [index, sizeMb] of tapesMb.entries()) await makeTape(tapePath(directory, index + 1), sizeMb);
  await using target = await serveTape(tapePath(directory, 1));
  return archiveInGuest({
    guest: await world.guest("bios"),
    directory,
    words: `'${url}'`,
    extraArguments: target.qemuArguments,
    attend: (vm) => attendTapes(vm, { target, directory, last: tapesMb.length }, 1),
  });
}

interface TapeRestore {
  readonly directory: string;
  readonly archived: Archived;
  readonly iso: string;
  readonly last: number;
}

/** With the first tape in. */
async function restoreFromTape({ directory, archived, iso, last }: TapeRestore) {
  await using target = await serveTape(tapePath(directory, 1));
  const file = join(directory, "new-disk.img");
  await createDiskImage(file, archived.guest.disk.sizeBytes);
  const disks: readonly DiskSpec[] = [{ file, bus: "virtio-blk", serial: "NEW-DISK", bootIndex: 1 }];
  const machine: MachineSpec = {
    ...guestMachine("bios", { file }),
    memoryMb: 2048,
    disks,
    cds: [{ file: iso, bus: "ide", bootIndex: 0 }],
    extraArguments: target.qemuArguments,
  };
  await using vm = await startMachine(machine, { workDirectory: join(directory, "restore"), timeLimitMs: RESTORE_MS });
  await using attendants = new AsyncDisposableStack();
  attendants.use(attendTapes(vm, { target, directory, last }, 1));
  await answerPrompt(vm, "nuke");
  const restored = await expectRestored(vm, archived.setId);
  assert.equal(await vm.waitForExit({ timeoutMs: 120_000 }), "guest-reset");
  console.log(`  restored in ${restored.seconds} s`);
  await assertSameFiles(archived, file);
  return { machine, said: vm.text };
}

/** A file of the first section of a tape, as its head tells where it is. */
async function writeHeadFile(image: string, name: string, path: string): Promise<void> {
  const [, records = []] = await tapeRecords(image);
  const entry = parseSection(records[0]!)?.entries.find((candidate) => candidate.name === name);
  assert.ok(entry !== undefined);
  await writeFile(path, Buffer.concat(records.slice(entry.record)).subarray(0, entry.sizeBytes));
}

export const TAPES: readonly Scenario[] = [files, tape, obdr];
