// Network boot to the end: the kernel line of MondoRescue's papers, and machines that boot from `lifeboat serve` and restore themselves.

import assert from "node:assert/strict";
import { join } from "node:path";
import { digestOf } from "#os/digest";
import { run } from "#os/exec";
import { makeDirectory, readText, writeFile } from "#os/files";
import { networkEfiFiles } from "../../bootloaders/efi-files.ts";
import { utf8Encode } from "../../formats/text.ts";
import { parseMachine } from "../../machine/parse-machine.ts";
import { startMachine } from "../../qemu/machine.ts";
import type { DiskSpec, MachineSpec } from "../../qemu/machine-spec.ts";
import { guestMachine } from "../guest/guest-machine.ts";
import { copyOutOfStore } from "../guest/store-disk.ts";
import { makeNetworkLab } from "../network-lab.ts";
import { serveNfs } from "../nfs-server.ts";
import type { Scenario } from "../scenario.ts";
import { rateText, readAtOnce, serveIn } from "../served.ts";
import { formatManifest, parseManifest } from "../../set/set-manifest.ts";
import { binaryPath } from "../world.ts";
import { CARD } from "./network.ts";
import { blank, RESTORE_MS, setStage, type Stage } from "./restore-stage.ts";
import { assertBoots, assertSameFiles, expectRestored } from "./round-trip.ts";

const BOOT_MS = 240_000;

/** Word for word, the addresses too. */
const PAPERS_LINE = "pxe prefix=m1 ipconf=eth1:192.168.0.1:255.255.255.0:192.168.0.255:192.168.0.254 nfsmount=192.168.0.10:/mondo ping=5";

const papersLine: Scenario = {
  name: "nfs-papers-line",
  tier: "matrix",
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

interface Watched {
  readonly networkNamespace?: string;
  /** Called when the agent has begun. */
  meanwhile?(): Promise<void>;
}

/** No key is pressed. Returns what the console said. */
async function restoreByItself({ directory, archived }: Stage, machine: MachineSpec, watched: Watched = {}): Promise<string> {
  const { meanwhile = async () => undefined, ...place } = watched;
  await using vm = await startMachine(machine, { workDirectory: join(directory, "restore"), timeLimitMs: RESTORE_MS, ...place });
  await vm.expect(/lifeboat: stage essential-modules: ok/, { timeoutMs: BOOT_MS });
  await meanwhile();
  const { said, seconds } = await expectRestored(vm, archived.setId);
  console.log(`  restored in ${seconds} s`);
  assert.equal(await vm.waitForExit({ timeoutMs: 120_000 }), "guest-reset");
  return said;
}

const SERVED_MAC = "52:54:00:4c:42:01";
/** Each reads the tools layer so many times. */
const READERS = 10;
const TIMES = 3;

interface ServedCase {
  readonly name: string;
  readonly kind: "bios" | "uefi";
  readonly proves: string;
  /** After `lifeboat serve STORE`. */
  readonly words: readonly string[];
  /** What the agent and the server must have said. */
  readonly agentSays: readonly RegExp[];
  readonly serverSays: readonly RegExp[];
}

const CASES: readonly ServedCase[] = [
  {
    name: "serve-pxe",
    kind: "bios",
    proves:
      "a BIOS machine boots by PXE from `lifeboat serve` of a store, finds its own menu by its MAC, and restores itself over HTTP while ten machines read from the same server",
    words: ["--tftp-only"],
    agentSays: [/lifeboat: medium http:\/\/10\.77\.0\.1:8080\//, /lifeboat: set http:\/\/10\.77\.0\.1:8080\//],
    serverSays: [/has fetched pxelinux\.0 by TFTP/, /\/lifeboat\/initramfs\.img by TFTP/, /reads \S+\/data-0001\.tar\.zst over HTTP/],
  },
  {
    name: "serve-uefi",
    kind: "uefi",
    proves:
      "a UEFI machine boots over the network from `lifeboat serve` of a store, finds its own menu by its MAC, and restores itself over HTTP while ten machines read from the same server",
    words: [],
    agentSays: [/lifeboat: medium http:\/\/10\.77\.0\.1:8080\//, /lifeboat: set http:\/\/10\.77\.0\.1:8080\//],
    serverSays: [/has fetched \w+x64\.efi by TFTP/, /\/lifeboat\/initramfs\.img by TFTP/, /reads \S+\/data-0001\.tar\.zst over HTTP/],
  },
];

const served = CASES.map(({ name, kind, proves, words, agentSays, serverSays }): Scenario => ({
  name,
  tier: "matrix",
  proves,
  async run(world) {
    const stage = await setStage(world, name, kind);
    const { archived, directory } = stage;
    const store = await makeServedStore(stage);
    await using lab = await makeNetworkLab({ readers: READERS });
    await lab.addTap("tap0");
    const options = ["-i", lab.bridge, "--dhcp", "10.77.0.50-10.77.0.90", "--sets", "-H", archived.guest.hostname, "--timeout", "3"];
    const server = ["--append", "panic=-1 norandmaps", "--console", "ttyS0,115200n8", ...words];
    await using serving = await serveIn(lab, [await binaryPath()], [store, ...options, ...server]);
    const uefiVariables = join(directory, "variables.fd");
    const disks: readonly DiskSpec[] = [{ file: await blank(stage, "new"), bus: "virtio-blk", serial: "NEW-DISK", bootIndex: 1 }];
    const own = kind === "uefi" ? { uefiVariables } : {};
    const { romfile: _, ...card } = CARD;
    const rom = kind === "uefi" ? { romfile: "" as const } : {};
    const machine: MachineSpec = {
      ...guestMachine(kind, { file: disks[0]!.file, ...own }),
      memoryMb: 2048,
      disks,
      nics: [{ ...card, ...rom, mac: SERVED_MAC, network: { kind: "tap", name: "tap0" }, bootIndex: 0 }],
    };
    const url = `http://${lab.address}:8080/${archived.setId}/lifeboat/tools.squashfs`;
    const meanwhile = async () => console.log(`  ten readers beside the guest: ${rateText(await readAtOnce(lab, url, TIMES))}`);
    const said = await restoreByItself(stage, machine, { networkNamespace: lab.server, meanwhile });
    console.log(serving.said().replace(/^/gm, "    "));
    for (const pattern of agentSays) assert.match(said, pattern);
    for (const pattern of serverSays) assert.match(serving.said(), pattern);
    await assertSameFiles(archived, disks[0]!.file);
    await assertBoots(archived, { directory, machine: { disks }, ...own });
  },
}));

/** The guest was archived without a network card; its set gets the one that it has when it boots over the network. */
async function makeServedStore({ archived, directory }: Stage): Promise<string> {
  const store = join(directory, "store");
  await makeDirectory(store);
  await copyOutOfStore(archived.store, `/sets/${archived.setId}`, store);
  await copyOutOfStore(archived.store, "/sets/.lifeboat-store", join(store, ".lifeboat-store"));
  const path = (name: string) => join(store, archived.setId, name);
  const machine = parseMachine(JSON.parse(await readText(path("machine.json"))), "machine.json");
  const card = { name: "eth0", mac: SERVED_MAC, driver: "virtio_net", addresses: [], gateway: undefined };
  const text = `${JSON.stringify({ ...machine, network: [card] })}\n`;
  const manifest = parseManifest(await readText(path("set.json")), "set.json");
  const files = manifest.files.map((file) =>
    file.name === "machine.json" ? { ...file, sizeBytes: utf8Encode(text).length, digest: digestOf(utf8Encode(text)) } : file,
  );
  await writeFile(path("machine.json"), text);
  await writeFile(path("set.json"), formatManifest({ ...manifest, files }));
  return store;
}

export const SERVE: readonly Scenario[] = [papersLine, ...served];
