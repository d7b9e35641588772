// The tools layer over the network: from HTTP, NFS and boot servers, with the addresses and words that MondoRescue's papers use.

import assert from "node:assert/strict";
import { join } from "node:path";
import { makeDirectory, writeFile } from "#os/files";
import { answerGrub, expectReady, inShell, PC, powerOff, READY_TIMEOUT_MS, start, UEFI } from "../boot-checks.ts";
import { treeBoot } from "../direct-boot.ts";
import { serveDirectory } from "../http-server.ts";
import { serveNfs } from "../nfs-server.ts";
import type { VirtualMachine } from "../../qemu/machine.ts";
import type { MachineSpec, NicSpec } from "../../qemu/machine-spec.ts";
import type { BuiltImage, Scenario, World } from "../scenario.ts";

const MAC = "52:54:00:4c:42:01";
const OTHER_MAC = "52:54:00:4c:42:02";
/** Where QEMU's own network puts the host. */
export const HOST = "10.0.2.2";

export const CARD: NicSpec = { model: "virtio-net-pci", mac: MAC, network: { kind: "user" }, romfile: "" };
/** Its network is 10.21.0.0/24, where the host is 10.21.0.2. */
const OTHER_CARD: NicSpec = { ...CARD, mac: OTHER_MAC };
const ON_NO_NETWORK: NicSpec = { ...CARD, network: { kind: "none" } };

interface Case {
  readonly name: string;
  readonly tier?: Scenario["tier"];
  readonly proves: string;
  /** Starts what serves, and says the boot words and cards of the guest. Ended when the scenario ends. */
  serve(
    tree: BuiltImage,
    world: World,
    ended: AsyncDisposableStack,
  ): Promise<{ readonly words: string; readonly nics: readonly NicSpec[] }>;
  /** What else the machine has. */
  readonly extraArguments?: readonly string[];
  /** Looks at what the agent said up to its ready line. */
  check(said: string): void;
  /** Looks around in a shell of the guest. */
  look?(vm: VirtualMachine): Promise<void>;
}

async function http(tree: BuiltImage, ended: AsyncDisposableStack, replaced: Readonly<Record<string, string>> = {}): Promise<number> {
  return ended.use(await serveDirectory(tree.path, replaced)).port;
}

async function nfs(world: World, tree: BuiltImage, { ended, version }: { ended: AsyncDisposableStack; version: 3 | 4 }) {
  const workDirectory = await world.workDirectory(`nfs-server-${version}`);
  return ended.use(await serveNfs({ directory: tree.path, workDirectory, version }));
}

const CASES: readonly Case[] = [
  {
    name: "net-nfs4",
    tier: "guard",
    proves: "the tools layer comes from an NFS 4 export as nfsmount= names it, after ping=",
    async serve(tree, world, ended) {
      const { port } = await nfs(world, tree, { ended, version: 4 });
      return { words: `pxe nfsmount=${HOST}:/export nfsopt=port=${port} ping=2 ipconf=eth0:dhcp`, nics: [CARD] };
    },
    check(said) {
      assert.match(said, /lifeboat: network eth0 has 10\.0\.2\.15\/24 by DHCP/);
      assert.match(said, /lifeboat: network 10\.0\.2\.2 answers/);
      assert.match(said, /lifeboat: medium nfs:\/\/10\.0\.2\.2\/export/);
    },
  },
  {
    name: "net-nfs3",
    proves: "the same with NFS 3, from the second card, which ipconf= names by its MAC and gives a fixed address",
    async serve(tree, world, ended) {
      const { port, mountPort } = await nfs(world, tree, { ended, version: 3 });
      const options = `nfsopt=vers=3,port=${port},mountport=${mountPort}`;
      const address = `ipconf=${OTHER_MAC.toUpperCase()}:10.21.0.77:255.255.255.0:10.21.0.255:10.21.0.2`;
      return { words: `nfsmount=10.21.0.2:/export ${options} ${address}`, nics: [ON_NO_NETWORK, OTHER_CARD] };
    },
    check(said) {
      assert.match(said, /lifeboat: network eth1 has 10\.21\.0\.77\/24 as ipconf= says/);
      assert.doesNotMatch(said, /eth0 has/);
      assert.match(said, /lifeboat: medium nfs:\/\/10\.21\.0\.2\/export/);
    },
  },
  {
    name: "net-http",
    proves:
      "the tools layer comes from a web server, with a fixed address that ipconf= gives to the card of that name, and so does the time where the machine's clock has stopped",
    extraArguments: ["-rtc", "base=1999-01-01T00:00:00"],
    async serve(tree, _world, ended) {
      const port = await http(tree, ended);
      const address = `ipconf=eth0:10.0.2.99:255.255.255.0:10.0.2.255:${HOST}`;
      return { words: `lifeboat.medium=http://${HOST}:${port}/lifeboat ${address}`, nics: [CARD] };
    },
    check(said) {
      assert.match(said, /lifeboat: network eth0 has 10\.0\.2\.99\/24 as ipconf= says/);
      assert.match(said, /lifeboat: medium http:\/\/10\.0\.2\.2:\d+\/lifeboat\n/);
      assert.match(said, /lifeboat: clock set to 20\d\d-\d\d-\d\dT[\d:]+Z, as http:\/\/10\.0\.2\.2:\d+\/lifeboat says/);
    },
    async look(vm) {
      const answer = await inShell(vm, "ip -4 -o addr show eth0; ip route");
      assert.match(answer, /10\.0\.2\.99\/24 brd 10\.0\.2\.255[^]*default via 10\.0\.2\.2 dev eth0/);
    },
  },
  {
    name: "net-hwaddr",
    proves: "hwaddr= chooses the card by its MAC and DHCP is asked on that card alone; the URL names the directory above lifeboat/",
    async serve(tree, _world, ended) {
      const port = await http(tree, ended);
      return { words: `lifeboat.medium=http://10.21.0.2:${port}/ hwaddr=${OTHER_MAC}`, nics: [CARD, OTHER_CARD] };
    },
    check(said) {
      assert.match(said, /lifeboat: network eth1 has 10\.21\.0\.15\/24 by DHCP/);
      assert.doesNotMatch(said, /eth0 has/);
    },
  },
];

const sources = CASES.map(({ name, tier, proves, serve, extraArguments = [], check, look }): Scenario => ({
  name,
  tier: tier ?? "matrix",
  proves,
  async run(world) {
    const tree = await world.pxeTree();
    await using ended = new AsyncDisposableStack();
    const { words, nics } = await serve(tree, world, ended);
    const machine: MachineSpec = { ...PC, kernel: treeBoot(tree, `interactive ${words}`), nics, extraArguments };
    await using vm = await start({ world, name, machine });
    const { said } = await expectReady(vm, world);
    check(said);
    if (look !== undefined) await inMenuShell(vm, () => look(vm));
    else await powerOff(vm);
  },
}));

/** From the menu to a shell, and from there to the end. */
async function inMenuShell(vm: VirtualMachine, action: () => Promise<void>): Promise<void> {
  await vm.expect("Power off", { timeoutMs: 20_000 });
  vm.send("s");
  await vm.expect("lifeboat# ", { timeoutMs: 20_000 });
  await action();
  vm.sendLine("poweroff");
  assert.equal(await vm.waitForExit({ timeoutMs: 60_000 }), "guest-shutdown");
}

interface Failure {
  readonly name: string;
  readonly proves: string;
  serve: Case["serve"];
  /** What the stage says. */
  readonly says: RegExp;
}

const FAILURES: readonly Failure[] = [
  {
    name: "net-no-dhcp",
    proves: "no answer by DHCP ends in a line that says so and what to do, and in the menu",
    serve: async () => ({ words: `lifeboat.medium=http://${HOST}/lifeboat`, nics: [ON_NO_NETWORK] }),
    says: /lifeboat: stage media: failed Cannot get an address as DHCP must give one: no answer on eth0/,
  },
  {
    name: "net-no-server",
    proves: "a server that does not listen ends in a line that names it, and in the menu",
    serve: async () => ({ words: `nfsmount=${HOST}:/export nfsopt=port=1 lifeboat.nonsense=1`, nics: [CARD] }),
    says: /lifeboat: stage media: failed Cannot reach the NFS server "10\.0\.2\.2" as it must answer on port 1: /,
  },
  {
    name: "net-no-export",
    proves: "a missing export, and then a boot server that has another build, are both named, and the menu comes",
    async serve(tree, world, ended) {
      const { port } = await nfs(world, tree, { ended, version: 4 });
      const other = await makeOtherTree(world);
      const network = { kind: "user", tftp: other } as const;
      // As PXELINUX hands it over.
      const words = `nfsmount=${HOST}:/missing nfsopt=port=${port} pxe ip=10.0.2.15:${HOST}:${HOST}:255.255.255.0`;
      return { words, nics: [{ ...CARD, network }] };
    },
    says: /failed Cannot mount "10\.0\.2\.2:\/missing" as the NFS server must export it: .*No such file or directory.*; Cannot use tftp:\/\/10\.0\.2\.2\/ as it must hold build \w+: it holds build 00000000deadbeef/,
  },
  {
    name: "net-other-build",
    proves: "a web server with the files of another build is refused, with both builds named",
    async serve(tree, _world, ended) {
      const port = await http(tree, ended, { "lifeboat/build-id": "00000000deadbeef\n" });
      return { words: `lifeboat.medium=http://${HOST}:${port}/`, nics: [CARD] };
    },
    says: /failed Cannot use http:\/\/10\.0\.2\.2:\d+ as it must hold build \w+: it holds build 00000000deadbeef/,
  },
];

async function makeOtherTree(world: World): Promise<string> {
  const directory = await world.workDirectory("other-tree");
  await makeDirectory(join(directory, "lifeboat"));
  await writeFile(join(directory, "lifeboat/build-id"), "00000000deadbeef\n");
  return directory;
}

const failures = FAILURES.map(({ name, proves, serve, says }): Scenario => ({
  name,
  tier: "matrix",
  proves,
  async run(world) {
    const tree = await world.pxeTree();
    await using ended = new AsyncDisposableStack();
    const { words, nics } = await serve(tree, world, ended);
    const machine: MachineSpec = { ...PC, kernel: treeBoot(tree, `interactive ${words}`), nics };
    await using vm = await start({ world, name, machine });
    await vm.expect(says, { timeoutMs: READY_TIMEOUT_MS });
    await vm.expect(/lifeboat: stage additional-tools: fallback no medium/, { timeoutMs: 60_000 });
    await vm.expect(/lifeboat: ready mode=interactive/, { timeoutMs: 60_000 });
    await powerOff(vm);
  },
}));

interface BootServerCase {
  readonly name: string;
  readonly proves: string;
  readonly machine: MachineSpec;
  /** Below the tree for TFTP; an http URL is made of it where the server is one. */
  readonly bootfile: string;
  readonly server: "tftp" | "http";
  readonly romfile?: "";
  menu(vm: VirtualMachine): Promise<void>;
  readonly medium: RegExp;
}

const BOOT_SERVERS: readonly BootServerCase[] = [
  {
    name: "pxe-uefi",
    proves: "the PXE tree boots over TFTP on UEFI, and the tools layer comes from the boot server",
    machine: UEFI,
    bootfile: "grubx64.efi",
    server: "tftp",
    menu: answerGrub,
    medium: /lifeboat: medium tftp:\/\/10\.0\.2\.2/,
  },
  {
    name: "pxe-uefi-secure-boot",
    proves: "the same with Secure Boot, through shim",
    machine: { ...UEFI, firmware: { kind: "uefi", secureBoot: true } },
    bootfile: "shimx64.efi",
    server: "tftp",
    // With the card's iPXE shim ends in "Verification failed: (0x2) Invalid Parameter".
    romfile: "",
    menu: answerGrub,
    medium: /lifeboat: medium tftp:\/\/10\.0\.2\.2/,
  },
  {
    name: "http-boot",
    proves: "the PXE tree boots over HTTP with iPXE, and the tools layer comes from the web server",
    // iPXE speaks on the screen alone.
    machine: { ...PC, display: "vga" },
    bootfile: "boot.ipxe",
    server: "http",
    async menu(vm) {
      await vm.expectScreen(/interactive/, { timeoutMs: 90_000 });
      await vm.sendKeys("<enter>");
    },
    medium: /lifeboat: medium http:\/\/10\.0\.2\.2:\d+\n/,
  },
];

const bootServers = BOOT_SERVERS.map(({ name, proves, machine, bootfile, server, romfile, menu, medium }): Scenario => ({
  name,
  tier: "matrix",
  proves,
  async run(world) {
    const { path } = await world.pxeTree();
    await using web = await serveDirectory(path);
    const network =
      server === "tftp"
        ? ({ kind: "user", tftp: path, bootfile } as const)
        : ({ kind: "user", bootfile: `http://${HOST}:${web.port}/${bootfile}` } as const);
    const { romfile: _, ...card } = CARD;
    const nics: readonly NicSpec[] = [{ ...card, network, bootIndex: 0, ...(romfile === undefined ? {} : { romfile }) }];
    await using vm = await start({ world, name, machine: { ...machine, nics } });
    await menu(vm);
    const { said } = await expectReady(vm, world);
    assert.match(said, medium);
    await powerOff(vm);
  },
}));

export const NETWORK: readonly Scenario[] = [...sources, ...failures, ...bootServers];
