// Restores onto what is not the same: other controllers, larger disks, used disks, twins in size, a power cut, damage.

import assert from "node:assert/strict";
import { join } from "node:path";
import { digestFile } from "#os/digest";
import { run } from "#os/exec";
import { copyFile } from "#os/files";
import { startMachine, type VirtualMachine } from "../../qemu/machine.ts";
import type { DiskSpec, MachineSpec } from "../../qemu/machine-spec.ts";
import { answerPrompt, expectShell, inShell, PC } from "../boot-checks.ts";
import { changeStore, STORE_PATH } from "../guest/store-disk.ts";
import type { Scenario, World } from "../scenario.ts";
import { blank, machineOf, nuke, nukeAndCompare, RESTORE_MS, setStage, stageOf, type Stage } from "./restore-stage.ts";
import { archiveInGuest, assertBoots, assertSameFiles } from "./round-trip.ts";

const ontoAhci: Scenario = {
  name: "restore-onto-ahci",
  tier: "matrix",
  proves: "virtio to AHCI: the initramfs is made again with the new driver, and the machine starts",
  async run(world) {
    const stage = await setStage(world, "restore-onto-ahci");
    const said = await nukeAndCompare(stage, {
      disks: [{ file: await blank(stage, "new"), bus: "ahci", serial: "NEW-DISK", bootIndex: 1 }],
    });
    assert.match(said, /making it again/);
  },
};

/** One machine, moved twice; the second set is made where the first was restored to. */
const movedTwice: Scenario = {
  name: "restore-dracut-moved-twice",
  tier: "matrix",
  proves:
    "a machine with dracut goes from virtio to AHCI, is archived there, and goes on to NVMe: its initramfs is made again where dracut had not taken the driver in",
  async run(world) {
    const first = await setStage(world, "restore-onto-ahci-dracut", "dracut");
    const ahci: DiskSpec = { file: await blank(first, "ahci"), bus: "ahci", serial: "AHCI-DISK", bootIndex: 1 };
    // dracut takes AHCI's driver into every initramfs.
    assert.doesNotMatch(await nukeAndCompare(first, { disks: [ahci] }), /making it again/);
    const { guest } = first.archived;
    const directory = await world.workDirectory("restore-onto-nvme-dracut");
    const archived = await archiveInGuest({ guest, disk: ahci, directory, words: `${STORE_PATH}/sets` });
    const second = await stageOf(archived, directory);
    const nvme: DiskSpec = { file: await blank(second, "nvme"), bus: "nvme", serial: "NVME-DISK", bootIndex: 1 };
    assert.match(await nukeAndCompare(second, { disks: [nvme] }), /making it again/);
  },
};

const ontoLarger: Scenario = {
  name: "restore-onto-larger",
  tier: "matrix",
  proves:
    "a disk twice as large: /boot and swap keep their size, / and /home share what there is, logical partitions among them, and it starts",
  async run(world) {
    const stage = await setStage(world, "restore-onto-larger");
    const file = await blank(stage, "new", 2 * stage.archived.guest.disk.sizeBytes);
    const said = await nukeAndCompare(stage, { disks: [{ file, bus: "virtio-blk", serial: "NEW-DISK", bootIndex: 1 }] });
    const grown = [...said.matchAll(/changed +(vda\d): \S+ \wiB becomes (\S+) GiB/g)].map(([, id, size]) => `${id} ${size}`);
    assert.deepEqual(grown, ["vda5 4.0", "vda7 1.7"], said);
  },
};

/** Signatures that a disk had in earlier lives, made by the rescue system's own tools. */
const LEFTOVERS = [
  "blockdev --setrw /dev/vda",
  "printf 'label: gpt\\nsize=500M\\nsize=500M\\nsize=500M\\n' | sfdisk -q /dev/vda",
  // The agent protects new partitions too, when it has seen them.
  "n=0; until [ \"$(cat /sys/class/block/vda[123]/ro | tr -d '\\n')\" = 111 ] || [ $n = 100 ]; do n=$((n + 1)); sleep 0.2; done",
  "for part in /dev/vda1 /dev/vda2 /dev/vda3; do blockdev --setrw $part; done",
  "pvcreate -ff -y /dev/vda1",
  "mdadm --create /dev/md0 --run --level=1 --raid-devices=2 --metadata=1.2 /dev/vda2 /dev/vda3",
  "mdadm --stop /dev/md0",
  "sync",
].join("; ");

const ontoUsed: Scenario = {
  name: "restore-onto-used",
  tier: "matrix",
  proves: "a disk with GPT, LVM and md of an earlier life is refused by name, and taken when lifeboat.wipe= names it",
  async run(world) {
    const stage = await setStage(world, "restore-onto-used");
    const disks: readonly DiskSpec[] = [{ file: await blank(stage, "used"), bus: "virtio-blk", serial: "USED-DISK", bootIndex: 1 }];
    await useUp(world, stage, disks);
    await expectRefused(
      stage,
      disks,
      /holds data that is not this machine's.*LVM2_member.*linux_raid_member.*lifeboat\.wipe=USED-DISK allows it/,
    );
    await nukeAndCompare(stage, { disks, words: "lifeboat.wipe=USED-DISK" });
  },
};

/** In a rescue system of the host, which has LVM's and md's tools. */
async function useUp(world: World, { directory }: Stage, disks: readonly DiskSpec[]): Promise<void> {
  const { path } = await world.iso();
  const machine: MachineSpec = { ...PC, disks, cds: [{ file: path, bus: "ide", bootIndex: 0 }] };
  await using vm = await startMachine(machine, { workDirectory: join(directory, "use"), timeLimitMs: RESTORE_MS });
  await expectShell(vm, world);
  const said = await inShell(vm, LEFTOVERS);
  assert.match(said, /successfully created[^]*array \/dev\/md0 started/, said);
  vm.sendLine("poweroff");
  await vm.waitForExit({ timeoutMs: 60_000 });
}

async function expectRefused(stage: Stage, disks: readonly DiskSpec[], says: RegExp): Promise<void> {
  const before = await digestFile(disks[0]!.file);
  {
    await using vm = await startMachine(machineOf(stage, disks), {
      workDirectory: join(stage.directory, "refused"),
      timeLimitMs: RESTORE_MS,
    });
    await answerPrompt(vm, "nuke");
    await vm.expect(says, { timeoutMs: RESTORE_MS });
    await expectMenuAndOff(vm);
  }
  assert.equal(await digestFile(disks[0]!.file), before);
}

async function expectMenuAndOff(vm: VirtualMachine): Promise<void> {
  await vm.expect("Power off", { timeoutMs: 120_000 });
  vm.send("p");
  await vm.waitForExit({ timeoutMs: 60_000 });
}

const oneOfTwo: Scenario = {
  name: "restore-one-of-two",
  tier: "matrix",
  proves: "of two disks of equal size the one with the machine's serial is taken, and the other stays as it is, byte for byte",
  async run(world) {
    const stage = await setStage(world, "restore-one-of-two");
    const { serial } = stage.archived.guest.disk;
    const other = await blank(stage, "other");
    const target = await blank(stage, "target");
    await run(["sh", "-c", 'yes "somebody else" | head -c 5000000 | dd of="$1" conv=notrunc status=none', "sh", other]);
    const before = await digestFile(other);
    // The other one comes first, so that its name is the one that the machine's disk had.
    const disks: readonly DiskSpec[] = [
      { file: other, bus: "virtio-blk", serial: "OTHER-DISK" },
      { file: target, bus: "virtio-blk", serial, bootIndex: 1 },
    ];
    const { said } = await nuke(stage, { disks });
    assert.match(said, /vda goes to \/dev\/vdb .*: same serial/);
    assert.equal(await digestFile(other), before);
    await assertSameFiles(stage.archived, target);
    await assertBoots(stage.archived, { directory: stage.directory, machine: { disks: [{ ...disks[1]! }] } });
  },
};

const powerCut: Scenario = {
  name: "restore-power-cut",
  tier: "matrix",
  proves: "a power cut in the middle of the extraction: the next nuke keeps the layout and goes on where it was",
  async run(world) {
    const stage = await setStage(world, "restore-power-cut");
    const disks: readonly DiskSpec[] = [{ file: await blank(stage, "new"), bus: "virtio-blk", serial: "NEW-DISK", bootIndex: 1 }];
    {
      await using vm = await startMachine(machineOf(stage, disks), {
        workDirectory: join(stage.directory, "cut"),
        timeLimitMs: RESTORE_MS,
      });
      await answerPrompt(vm, "nuke");
      await vm.expect(/lifeboat: extract /, { timeoutMs: RESTORE_MS });
      // The journal is written after 256 MiB at the latest, of about 360.
      await vm.expect(/extracting +[89]\d %/, { timeoutMs: RESTORE_MS });
    }
    const said = await nukeAndCompare(stage, { disks });
    assert.match(said, /an extraction was broken off: the layout is kept, and it goes on at frame [1-9]/);
    assert.doesNotMatch(said, /lifeboat: make ext4/);
  },
};

const leftInDrive: Scenario = {
  name: "restore-left-in-drive",
  tier: "matrix",
  proves: "a medium that is left in the drive restores once; the second nuke is refused, and lifeboat.again= allows it",
  async run(world) {
    const stage = await setStage(world, "restore-left-in-drive");
    const disks: readonly DiskSpec[] = [{ file: await blank(stage, "new"), bus: "virtio-blk", serial: "NEW-DISK", bootIndex: 1 }];
    await nuke(stage, { disks });
    await expectRefused(stage, disks, /restore refused: these disks carry the mark that \S+ was restored to them/);
    await nuke(stage, {
      disks,
      words: `lifeboat.again=${stage.archived.setId} lifeboat.gate=quick lifeboat.check=none lifeboat.then=reboot`,
    }).catch((error: Error) => assert.match(error.message, /files NOT checked/));
  },
};

const damaged: Scenario = {
  name: "restore-damaged",
  tier: "matrix",
  proves: "a flipped byte in a frame of one file, in the middle of a spanning file and in the catalogue costs those files and nothing else",
  async run(world) {
    const stage = await setStage(world, "restore-damaged");
    // Two files, of one frame and of many, and no other names of theirs.
    const lost = await nukeDamaged(stage, flipBytes);
    assert.equal(lost.length, 2, lost.join("\n"));
  },
};

const damagedManifest: Scenario = {
  name: "restore-damaged-manifest",
  tier: "matrix",
  proves: "a flipped byte in set.json costs no file",
  async run(world) {
    const stage = await setStage(world, "restore-damaged-manifest");
    const lost = await nukeDamaged(stage, async (store, id) => {
      await changeStore(store, 'printf X | dd of="sets/$1/set.json" bs=1 seek=700 conv=notrunc status=none', [id]);
    });
    assert.deepEqual(lost, []);
  },
};

/** Restores from a copy of the store that `damage` has been at; every other file is as it was. Returns what was lost. */
async function nukeDamaged(stage: Stage, damage: (store: string, id: string) => Promise<void>): Promise<readonly string[]> {
  const { archived, directory } = stage;
  const store = join(directory, "store.img");
  await copyFile(archived.store, store);
  await damage(store, archived.setId);
  const disks: readonly DiskSpec[] = [{ file: await blank(stage, "new"), bus: "virtio-blk", serial: "NEW-DISK", bootIndex: 1 }];
  await nuke({ ...stage, archived: { ...archived, store } }, { disks, words: "lifeboat.damage=accept lifeboat.then=reboot" });
  const { lost } = await assertSameFiles(archived, disks[0]!.file);
  return lost;
}

/** In two frames of data, and in the catalogue. With set.json too the inode flags would be gone, which stand in both. */
async function flipBytes(store: string, id: string): Promise<void> {
  const script = `
    cd "sets/$1"
    flip() { printf 'X' | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }
    flip catalogue.ndjson.zst 5000
    # Of frames that hold whole members alone: "OFFSET LENGTH". Of the file that spans most frames: the middle of its middle frame.
    perl -0777 -ne '
      my @frames = map { +{ /"offset":(\\d+),"length":(\\d+)/ ? (at => "$1", length => "$2") : (), member => /"member":(\\d+)/ ? $1 : undef } } split /\\n/;
      my ($run, @longest) = (0);
      for my $i (0 .. $#frames) {
        my ($now, $next) = @frames[$i, $i + 1];
        print "$now->{at} $now->{length}\\n" if defined $now->{member} && $now->{member} == 0 && $next && defined $next->{member} && $next->{member} == 0;
        $run = defined $now->{member} ? 0 : $run + 1;
        @longest = ($run, $i - int($run / 2)) if $run > ($longest[0] // 0);
      }
      my $middle = $frames[$longest[1]];
      print "spanning ", $middle->{at} + int($middle->{length} / 2), "\\n";
    ' data-0001.frames >/tmp/frames.$$
    while read -r at length; do
      if [ "$at" = spanning ]; then flip data-0001.tar.zst "$length"; continue; fi
      [ -z "\${single:-}" ] || continue
      tail -c "+$((at + 1))" data-0001.tar.zst | head -c "$length" | zstd -dcq | tar -t >/tmp/names.$$
      [ "$(wc -l </tmp/names.$$)" = 1 ] && grep -q odd/sizes/ /tmp/names.$$ || continue
      single=$at
      flip data-0001.tar.zst "$((at + length / 2))"
    done </tmp/frames.$$
    rm /tmp/frames.$$ /tmp/names.$$
    [ -n "$single" ]
  `;
  await changeStore(store, script, [id]);
}

export const RESTORES: readonly Scenario[] = [
  damaged,
  damagedManifest,
  ontoAhci,
  ontoLarger,
  ontoUsed,
  movedTwice,
  oneOfTwo,
  powerCut,
  leftInDrive,
];
