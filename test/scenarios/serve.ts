// Network boot to the end: the kernel line of MondoRescue's papers, and machines that boot from `lifeboat serve` and restore themselves.

import assert from "node:assert/strict";
import { join } from "node:path";
import { run } from "#os/exec";
import { makeDirectory, writeFile } from "#os/files";
import { networkEfiFiles } from "../../bootloaders/efi-files.ts";
import { startMachine } from "../../qemu/machine.ts";
import type { DiskSpec, MachineSpec } from "../../qemu/machine-spec.ts";
import { guestMachine } from "../guest/guest-machine.ts";
import { copyOutOfStore } from "../guest/store-disk.ts";
import { serveNfs } from "../nfs-server.ts";
import type { Scenario } from "../scenario.ts";
import { CARD } from "./network.ts";
import { blank, RESTORE_MS, setStage, type Stage } from "./restore-stage.ts";
import { assertBoots, assertSameFiles, expectRestored } from "./round-trip.ts";

/** Word for word, the addresses too. */
const PAPERS_LINE = "pxe prefix=m1 ipconf=eth1:192.168.0.1:255.255.255.0:192.168.0.255:192.168.0.254 nfsmount=192.168.0.10:/mondo ping=5";

const papersLine: Scenario = {
  name: "nfs-papers-line",
  tier: "guard",
  proves:
    "a machine boots over the network with the kernel line that MondoRescue's papers print, word for word, and is restored from the newest set of that name on the NFS share, whose rescue image gives the tools",
  async run(world) {
    const stage = await setStage(world, "nfs-papers-line", "uefi");
    const share = await makeShare(stage);
    const tftp = await makeTftpRoot(stage);
    await using ended = new AsyncDisposableStack();
    // The port is NFS's own, as the line names no other.
    ended.use(await serveNfs({ directory: share, workDirectory: join(stage.directory, "server"), version: 4, name: "/mondo", port: 2049 }));
    const uefiVariables = join(stage.directory, "variables.fd");
    const disks: readonly DiskSpec[] = [{ file: await blank(stage, "new"), bus: "virtio-blk", serial: "NEW-DISK", bootIndex: 1 }];
    const network = { kind: "user", subnet: "192.168.0.0/24", host: "192.168.0.10", tftp, bootfile: "grubx64.efi" } as const;
    const machine: MachineSpec = {
      ...guestMachine("uefi", { file: disks[0]!.file, uefiVariables }),
      memoryMb: 2048,
      disks,
      nics: [
        { ...CARD, network: { kind: "none" } },
        { ...CARD, mac: "52:54:00:4c:42:02", network, bootIndex: 0 },
      ],
    };
    const said = await restoreByItself(stage, machine);
    assert.match(said, /lifeboat: network eth1 has 192\.168\.0\.1\/24 as ipconf= says/);
    assert.match(said, /lifeboat: network 192\.168\.0\.10 answers/);
    assert.match(said, /lifeboat: medium nfs:\/\/192\.168\.0\.10\/mondo, m1-\d{8}T\d{6}Z\/boot\/rescue\.iso/);
    assert.match(said, /lifeboat: set NFS 192\.168\.0\.10:\/mondo\/m1-\d{8}T\d{6}Z/);
    await assertSameFiles(stage.archived, disks[0]!.file);
    await assertBoots(stage.archived, { directory: stage.directory, machine: { disks }, uefiVariables });
  },
};

/** The papers' machine is called m1, the guest is not: the set's directory gets that name. An older set of the name is there too, and no set at all. */
async function makeShare({ archived, directory }: Stage): Promise<string> {
  const share = join(directory, "share");
  await makeDirectory(join(share, "m1-20200101T000000Z"));
  await writeFile(join(share, "m1-20200101T000000Z/set.json"), "{}\n");
  await copyOutOfStore(archived.store, `/sets/${archived.setId}`, share);
  await copyOutOfStore(archived.store, "/sets/.lifeboat-store", join(share, ".lifeboat-store"));
  await run(["mv", join(share, archived.setId), join(share, archived.setId.replace(/^.*(?=-\d{8}T)/, "m1"))]);
  return share;
}

/** As an administrator makes it by hand: GRUB, kernel, initramfs, and the line. */
async function makeTftpRoot({ directory, iso }: Stage): Promise<string> {
  const root = join(directory, "tftp");
  await makeDirectory(join(root, "grub"));
  const extract = ["vmlinuz", "initramfs.img"].flatMap((name) => ["-extract", `/lifeboat/${name}`, join(root, name)]);
  await run(["xorriso", "-osirrox", "on", "-indev", iso, ...extract]);
  const { files } = await networkEfiFiles({ secureBoot: "unsigned" }, root);
  for (const { path, source } of files) await run(["cp", source, join(root, path)]);
  const words = `console=ttyS0,115200n8 panic=-1 quiet norandmaps ${PAPERS_LINE} nuke`;
  await writeFile(join(root, "grub/grub.cfg"), `linux /vmlinuz ${words}\ninitrd /initramfs.img\nboot\n`);
  return root;
}

/** No key is pressed. Returns what the console said. */
async function restoreByItself({ directory, archived }: Stage, machine: MachineSpec): Promise<string> {
  await using vm = await startMachine(machine, { workDirectory: join(directory, "restore"), timeLimitMs: RESTORE_MS });
  const { said, seconds } = await expectRestored(vm, archived.setId);
  console.log(`  restored in ${seconds} s`);
  assert.equal(await vm.waitForExit({ timeoutMs: 120_000 }), "guest-reset");
  return said;
}

export const SERVE: readonly Scenario[] = [papersLine];
