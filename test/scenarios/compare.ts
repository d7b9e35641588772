// The mode compare: what was changed on the disks since the set was made is found from the rescue system, and no disk has changed by a byte.

import assert from "node:assert/strict";
import { join } from "node:path";
import { digestFile } from "#os/digest";
import { writeFile } from "#os/files";
import { createOverlay } from "../../qemu/disks.ts";
import type { DiskSpec } from "../../qemu/machine-spec.ts";
import { startMachine, type VirtualMachine } from "../../qemu/machine.ts";
import { answerPrompt, inShell } from "../boot-checks.ts";
import { copyOutOfStore, storeDisk, STORE_PATH } from "../guest/store-disk.ts";
import type { Scenario } from "../scenario.ts";
import { NESTED } from "../storage/recipes.ts";
import { archivedOnce, KEY_WORD, keyDisk } from "../storage/restore-storage.ts";
import { guestDisks, storageMachine } from "../storage/storage-guest.ts";
import type { StorageTree } from "../storage/tree.ts";
import { inWorkshop } from "../storage/workshop.ts";

const BOOT_MS = 240_000;
const SHELL_MS = 240_000;
const COMPARE_MS = 15 * 60_000;

/** One of each difference, on the root and on /boot. */
const CHANGES = `set -ex
  udevadm settle
  mdadm --assemble --scan || true
  udevadm settle
  printf lifeboat | cryptsetup open --key-file - UUID=3e57ed00-0000-4000-8000-0000000b0a70 safe
  udevadm settle
  vgchange --activate y boat
  udevadm settle
  mkdir -p /target
  mount /dev/boat/the-root /target
  mount LABEL=boat-boot /target/boot
  cd /target
  echo changed >> etc/hosts; rm etc/issue; chmod 0600 etc/fstab; chown 1:1 etc/hostname; setfattr -n user.boat -v 1 etc/profile
  touch -d "2001-02-03 UTC" etc/shells; ln -sfn nowhere etc/mtab; mkdir -p opt/new/deep; echo new > opt/new/deep/file; echo new > boot/new
  cd /
  umount /target/boot /target
  vgchange --activate n boat
  cryptsetup close safe
  mdadm --stop --scan`;

const EXPECTED: readonly RegExp[] = [
  /^serious +content,time +\/etc\/hosts: /m,
  /^serious +missing +\/etc\/issue$/m,
  /^serious +link,time +\/etc\/mtab: .*target nowhere instead of /m,
  /^notable +owner +\/etc\/hostname: owner 1:1 instead of 0:0$/m,
  /^notable +mode +\/etc\/fstab: mode 0600 instead of 0644$/m,
  /^notable +xattr +\/etc\/profile: /m,
  /^slight +time +\/etc\/shells: time of change 2001-02-03 00:00:00/m,
  /^slight +new +\/opt\/new: with 2 paths in it$/m,
  /^slight +new +\/boot\/new$/m,
];

const nested: Scenario = {
  name: "compare",
  tier: "matrix",
  proves:
    "the word compare opens RAID1, LUKS, LVM of a machine without writing, finds what was changed in its files by kind and severity, and tells it in words and in a file",
  async run(world) {
    const archived = await archivedOnce(world, NESTED);
    const { guest, store, setId } = archived;
    const directory = await world.workDirectory("compare");
    const files = guest.images.map((_, index) => join(directory, `changed${index + 1}.qcow2`));
    for (const [index, image] of guest.images.entries()) await createOverlay(files[index]!, { file: image, format: "raw" });
    const disks = guestDisks(NESTED, files, "qcow2");
    await changeFiles(guest.tree, disks, directory);
    const before = await digests(files);
    const iso = join(directory, "rescue.iso");
    await copyOutOfStore(store, `/sets/${setId}/boot/rescue.iso`, iso);
    const machine = {
      ...storageMachine(undefined),
      disks: [...disks, { ...storeDisk(store), snapshot: true }, ...(await keyDisk(NESTED, directory))],
      cds: [{ file: iso, bus: "ahci", bootIndex: 0 }] as const,
    };
    await using vm = await startMachine(machine, { workDirectory: directory, timeLimitMs: BOOT_MS + 2 * COMPARE_MS });
    await answerPrompt(vm, `compare ${KEY_WORD}`);
    const list = await comparedList(vm, setId);
    for (const line of EXPECTED) assert.match(list, line);
    // What is mounted there in a running system is not what is on the disk.
    assert.doesNotMatch(list, / \/(?:proc|sys|dev|run)(?::|$)/m);
    vm.send("p");
    await vm.waitForExit({ timeoutMs: 60_000 });
    assert.deepEqual(await digests(files), before);
  },
};

async function changeFiles(tree: StorageTree, disks: readonly DiskSpec[], directory: string): Promise<void> {
  const script = join(directory, "change.sh");
  await writeFile(script, CHANGES);
  const order = { tree, disks, files: { "change.sh": script }, workDirectory: join(directory, "change") };
  await inWorkshop(order, async ({ run }) => {
    await run(`unshare --mount --propagation private sh ${STORE_PATH}/change.sh 2>&1`);
  });
}

async function comparedList(vm: VirtualMachine, setId: string): Promise<string> {
  const end = await vm.expect(/lifeboat: (\S+) against the disks: (\d+) paths compared, (\d+) differ: (.*)|lifeboat: compare failed.*/, {
    timeoutMs: BOOT_MS + COMPARE_MS,
  });
  console.log(`    ${end.text}`);
  assert.equal(end.groups[0], setId, end.before + end.text);
  await vm.expect("Power off", { timeoutMs: 60_000 });
  vm.send("s");
  await vm.expect("lifeboat# ", { timeoutMs: 30_000 });
  const list = await inShell(vm, "cat /run/lifeboat/differences", SHELL_MS);
  await expectMount(vm);
  vm.sendLine("exit");
  await vm.expect("Power off", { timeoutMs: 60_000 });
  return list;
}

const SET = "/run/sets/sets";

/** By hand: a look at the machine, and all of it closed again; what was seen goes into an archive. */
async function expectMount(vm: VirtualMachine): Promise<void> {
  const mount = (label: string, place: string) => `mkdir -p ${place} && mount -o ro,noload /dev/disk/by-label/${label} ${place}`;
  const said = await inShell(
    vm,
    `${mount("STORE", "/run/sets")} && ${mount("KEYS", "/run/keys")}; lifeboat mount --luks-key /run/keys/boat.key ${SET}; echo mounted $?; ` +
      `tail -n 1 /mnt/lifeboat/etc/hosts; ls /mnt/lifeboat/boot/new; lifeboat logs /tmp/logs.tar.gz; lifeboat unmount; echo unmounted $?; cat /proc/mdstat; mount`,
    SHELL_MS,
  );
  console.log(said.replace(/^/gm, "    "));
  assert.match(said, /mounted \/mnt\/lifeboat read-only\n[^]*mounted 0\nchanged\n\/mnt\/lifeboat\/boot\/new\n/);
  assert.match(said, /logs\.tar\.gz: \d+ files\n[^]*unmounted 0\n/);
  assert.doesNotMatch(said.slice(said.indexOf("unmounted 0")), /active|\/mnt\/lifeboat/);
}

async function digests(files: readonly string[]): Promise<readonly string[]> {
  return Promise.all(files.map((file) => digestFile(file)));
}

export const COMPARE: readonly Scenario[] = [nested];
