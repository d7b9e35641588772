// The gate's table: whatever is wrong is refused by name before the first write, and no disk has changed by a byte.

import assert from "node:assert/strict";
import { join } from "node:path";
import { digestFile } from "#os/digest";
import { run } from "#os/exec";
import { copyFile } from "#os/files";
import { createDiskImage } from "../../qemu/disks.ts";
import { startMachine, type VirtualMachine } from "../../qemu/machine.ts";
import type { DiskSpec, MachineSpec } from "../../qemu/machine-spec.ts";
import { inShell } from "../boot-checks.ts";
import { guestMachine } from "../guest/guest-machine.ts";
import { changeStore, copyOutOfStore, storeDisk } from "../guest/store-disk.ts";
import type { Scenario, World } from "../scenario.ts";
import { archivedOnce, type Archived } from "./round-trip.ts";

const BOOT_MS = 240_000;
const REFUSAL_MS = 180_000;
const MOUNT = "/run/store";

interface Refusal {
  readonly name: string;
  /** Below the store: a copy of the set that something was done to; unless given, the set itself. */
  readonly set?: string;
  readonly words: string;
  readonly exitCode: number;
  readonly says: RegExp;
}

/** The blank disk that fits is the target unless another is mapped; all others are left alone. */
const OTHERS = "--exclude-disk TOO-SMALL --exclude-disk DIRTY";

const REFUSALS: readonly Refusal[] = [
  {
    name: "a flipped byte",
    set: "flipped",
    words: OTHERS,
    exitCode: 5,
    says: /frame \d+ in data-0001\.tar\.zst \(its digest is another\)/,
  },
  { name: "a missing volume", set: "no-volume", words: OTHERS, exitCode: 5, says: /volume data-0001\.tar\.zst is missing/ },
  { name: "no manifest", set: "no-manifest", words: OTHERS, exitCode: 5, says: /there is no set\.json/ },
  { name: "a damaged catalogue", set: "catalogue", words: OTHERS, exitCode: 5, says: /catalogue\.ndjson\.zst.*digest/ },
  { name: "too few inodes", set: "inodes", words: OTHERS, exitCode: 3, says: /has \d+ inodes, and its files need \d+: \d+ are missing/ },
  {
    name: "a disk that is too small",
    words: "--map vda=TOO-SMALL --exclude-disk DIRTY",
    exitCode: 3,
    says: /the machine's vda cannot go to vda \(0\.5 GiB, serial TOO-SMALL; named by you\): \d+ bytes are missing/,
  },
  { name: "the set's own disk", words: "--map vda=LIFEBOAT-STORE", exitCode: 3, says: /may not be written to: it is in use at/ },
  {
    name: "somebody else's data",
    words: "--map vda=DIRTY --exclude-disk TOO-SMALL",
    exitCode: 3,
    says: /holds data that is not this machine's.*lifeboat\.wipe=DIRTY allows it/,
  },
];

const TWIN: Refusal = {
  name: "the old disk still attached",
  words: "--map vda=NEW-DISK --exclude-disk TOO-SMALL --exclude-disk DIRTY",
  exitCode: 3,
  says: /disk \S+ \(serial LIFEBOAT-U\) carries what the plan will create/,
};

const gateTable: Scenario = {
  name: "gate-table",
  tier: "guard",
  proves:
    "damage, small disks, the set's own disk, twins and foreign data are refused by name; dirty journals and all disks stay as they are",
  async run(world: World) {
    const directory = await world.workDirectory("gate-table");
    const archived = await archivedOnce(world, "uefi");
    const store = join(directory, "store.img");
    await copyFile(archived.store, store);
    const iso = join(directory, "rescue.iso");
    await copyOutOfStore(store, `/sets/${archived.setId}/boot/rescue.iso`, iso);
    await spoilCopies(store, archived.setId);
    const disks = await makeDisks(archived, directory);
    const all = [...disks, storeDisk(store)];
    const before = await digests(all);
    const machine: MachineSpec = {
      ...guestMachine("uefi", { file: disks[0]!.file, uefiVariables: join(directory, "variables.fd") }),
      disks: all,
      cds: [{ file: iso, bus: "ahci", bootIndex: 0 }],
    };
    await using vm = await startMachine(machine, { workDirectory: directory, timeLimitMs: BOOT_MS + REFUSALS.length * REFUSAL_MS });
    await enterShell(vm);
    // A twin is refused whatever else is wrong: it is not there yet.
    await inShell(
      vm,
      'old=$(readlink -f /dev/disk/by-id/virtio-LIFEBOAT-U); echo 1 >"$(readlink -f /sys/block/${old##*/}/device)/../remove"',
    );
    for (const refusal of REFUSALS) await expectRefusal(vm, refusal, archived.setId);
    await inShell(vm, "echo 1 >/sys/bus/pci/rescan; sleep 5");
    await expectRefusal(vm, TWIN, archived.setId);
    vm.sendLine("poweroff");
    await vm.waitForExit({ timeoutMs: 60_000 });
    assert.deepEqual(await digests(all), before);
  },
};

/** Copies of the set in the store, each with one thing wrong; what is not touched is linked. */
async function spoilCopies(store: string, id: string): Promise<void> {
  const script = `
    for name in flipped no-volume no-manifest catalogue inodes; do
      mkdir -p "spoilt/$name"
      cp -al "sets/$1" "spoilt/$name/$1"
    done
    own() { cp "$1" "$1.own"; mv "$1.own" "$1"; }
    cd spoilt
    own "flipped/$1/data-0001.tar.zst"
    printf 'X' | dd of="flipped/$1/data-0001.tar.zst" bs=1 seek=20000000 conv=notrunc status=none
    rm "no-volume/$1/data-0001.tar.zst" "no-manifest/$1/set.json"
    own "catalogue/$1/catalogue.ndjson.zst"
    printf 'X' | dd of="catalogue/$1/catalogue.ndjson.zst" bs=1 seek=5000 conv=notrunc status=none
    own "inodes/$1/machine.json"
    own "inodes/$1/set.json"
    perl -0pi -e 's/("inodeCount": )\\d+/\${1}64/g' "inodes/$1/machine.json"
    digest=$(b2sum "inodes/$1/machine.json" | cut -d' ' -f1)
    size=$(stat -c %s "inodes/$1/machine.json")
    perl -0pi -e 's/("name": "machine.json",\\s*"sizeBytes": )\\d+(,\\s*"digest": ")[0-9a-f]+/\${1}'$size'\${2}'$digest'/' "inodes/$1/set.json"
    head -n -2 "inodes/$1/set.json" > lines
    digest=$(b2sum lines | cut -d' ' -f1)
    { cat lines; printf ' "digest": "%s"\\n}\\n' "$digest"; } > "inodes/$1/set.json"
    rm lines
  `;
  await changeStore(store, script, [id]);
}

/** A blank disk that fits, one that does not, one with the dirty journals of somebody else, and the machine's old disk. */
async function makeDisks({ guest }: Archived, directory: string): Promise<readonly DiskSpec[]> {
  const path = (name: string) => join(directory, `${name}.img`);
  await createDiskImage(path("new"), guest.disk.sizeBytes);
  await createDiskImage(path("small"), 512 * 1024 * 1024);
  await createDiskImage(path("dirty"), guest.disk.sizeBytes);
  await makeDirty(path("dirty"), directory);
  await copyFile(guest.image, path("old"));
  return [
    { file: path("new"), bus: "nvme", serial: "NEW-DISK", bootIndex: 1 },
    { file: path("small"), bus: "virtio-blk", serial: "TOO-SMALL" },
    { file: path("dirty"), bus: "virtio-blk", serial: "DIRTY" },
    { file: path("old"), bus: "virtio-blk", serial: guest.disk.serial },
  ];
}

/** Copied while mounted: ext4's and XFS's journals want to be replayed. */
async function makeDirty(image: string, directory: string): Promise<void> {
  const script = `
    set -e
    work=$(mktemp -d)
    live="$2/live.img"
    cp --sparse=always "$1" "$live"
    printf '2048,2000000,L\\n2100000,2000000,L\\n' | sfdisk --quiet --label gpt "$live"
    a=$(losetup -f --show -o $((2048*512)) --sizelimit $((2000000*512)) "$live")
    b=$(losetup -f --show -o $((2100000*512)) --sizelimit $((2000000*512)) "$live")
    mkfs.ext4 -q "$a"; mkfs.xfs -q "$b"
    mkdir "$work/a" "$work/b"
    mount "$a" "$work/a"; mount "$b" "$work/b"
    for i in 1 2 3; do dd if=/dev/urandom of="$work/a/$i" bs=64k count=4 status=none; dd if=/dev/urandom of="$work/b/$i" bs=64k count=4 status=none; done
    sync
    cp --sparse=always "$live" "$1"
    umount "$work/a" "$work/b"
    losetup -d "$a"; losetup -d "$b"
    rm -r "$work" "$live"
  `;
  await run(["sh", "-c", script, "sh", image, directory]);
}

async function digests(disks: readonly DiskSpec[]): Promise<readonly string[]> {
  return Promise.all(disks.map(({ file }) => digestFile(file)));
}

async function enterShell(vm: VirtualMachine): Promise<void> {
  await vm.expect(/interactive/, { timeoutMs: 90_000 });
  // The fourth entry: expert.
  vm.send("\u001b[B\u001b[B\u001b[B\r");
  await vm.expect(/lifeboat: ready mode=expert/, { timeoutMs: BOOT_MS });
  await vm.expect("lifeboat# ", { timeoutMs: 30_000 });
  assert.match(await inShell(vm, `mkdir -p ${MOUNT} && mount -o ro,noload /dev/disk/by-label/STORE ${MOUNT} && ls ${MOUNT}`), /sets/);
}

async function expectRefusal(vm: VirtualMachine, { name, set, words, exitCode, says }: Refusal, id: string): Promise<void> {
  const path = `${MOUNT}/${set === undefined ? "sets" : `spoilt/${set}`}/${id}`;
  vm.sendLine(`lifeboat restore ${path} --nuke ${words} 2>&1; echo refusal-ended=$?`);
  const { before, groups } = await vm.expect(/refusal-ended=(\d+)/, { timeoutMs: REFUSAL_MS });
  assert.match(before.replace(/\r?\n/g, " "), says, name);
  assert.equal(Number(groups[0]), exitCode, `${name}: ${before}`);
  console.log(`  refused: ${name}`);
}

export const GATE: readonly Scenario[] = [gateTable];
