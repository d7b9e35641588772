// `lifeboat serve` in a network of its own: real dnsmasq, and readers in namespaces that fetch all at once.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run, runBytes } from "#os/exec";
import { makeStore } from "../boot-server/store-for-tests.ts";
import { inNamespace, makeNetworkLab, type NetworkLab } from "../test/network-lab.ts";
import { rateText, readAtOnce, serveIn } from "../test/served.ts";
import { commandOf, lifeboat } from "./command-line-for-tests.ts";

const WEB1 = "web1-20260201T000000Z";
const DB1 = "db1-20260101T000000Z";
const MAC = "52:54:00:4c:42:01";
const TOOLS_MIB = 24;
const READERS = 10;

const programs = ["/usr/sbin/dnsmasq", "/usr/bin/xorriso", "/usr/bin/curl", "/usr/lib/PXELINUX/pxelinux.0", "/usr/lib/grub/x86_64-efi"];
const missing = programs.filter((path) => !existsSync(path));
const skip = process.getuid?.() !== 0 ? "needs root for namespaces" : missing.length > 0 ? `needs ${missing.join(", ")}` : false;

const root = mkdtempSync(join(tmpdir(), "lifeboat-serve-"));
const store = join(root, "store");
let lab: NetworkLab;

describe("lifeboat serve", { skip }, () => {
  before(async () => {
    await makeStore(
      store,
      [
        { id: WEB1, hostName: "web1", mac: MAC },
        { id: DB1, hostName: "db1" },
      ],
      new Uint8Array(TOOLS_MIB * 2 ** 20).fill(5),
    );
    lab = await makeNetworkLab({ readers: READERS });
    // Broadcasts of a machine without a gateway.
    await inReader(["ip", "route", "add", "255.255.255.255/32", "dev", "eth0"]);
  });
  after(async () => {
    await lab[Symbol.asyncDispose]();
    rmSync(root, { recursive: true });
  });

  const inReader = (command: readonly [string, ...string[]]) => run(inNamespace(lab.readers[0]!, command), { okCodes: [0, 22, 69, 78] });
  const serve = (...words: readonly string[]) => serveIn(lab, commandOf(), [store, "-i", lab.bridge, ...words]);
  const fetchText = async (url: string) => new TextDecoder().decode(await runBytes(inNamespace(lab.readers[0]!, ["curl", "-sSf", url])));
  const statusOf = async (path: string) =>
    (await inReader(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", `http://${lab.address}:8080/${path}`])).stdout;
  const ask = async (...words: readonly string[]) => {
    const { stdout } = await inReader([process.execPath, join(import.meta.dirname, "../test/pxe-question.ts"), ...words]);
    return (JSON.parse(stdout) as { file: string }).file;
  };

  const ANSWERS: readonly (readonly [name: string, words: readonly string[], file: RegExp])[] = [
    ["BIOS", ["0", MAC], /^pxelinux\.0$/],
    ["UEFI", ["7", MAC], /^(?:shim|grub)x64\.efi$/],
    ["iPXE", ["0", MAC, "iPXE"], /^http:\/\/10\.77\.0\.1:8080\/boot\.ipxe$/],
  ];

  test("ten machines fetch at once, by HTTP and TFTP, boot files alone, and it is said who fetched what", async (t) => {
    await using served = await serve("--dhcp", "10.77.0.50-10.77.0.90");
    const reading = await readAtOnce(lab, `http://${lab.address}:8080/${WEB1}/lifeboat/tools.squashfs`, 2);
    assert.equal(reading.bytes, 2 * READERS * TOOLS_MIB * 2 ** 20);
    t.diagnostic(`ten readers at once: ${rateText(reading)}`);
    assert.equal(await fetchText(`tftp://${lab.address}/${WEB1}/lifeboat/vmlinuz`), `kernel of ${WEB1}`);
    assert.match(await fetchText(`tftp://${lab.address}/pxelinux.cfg/01-52-54-00-4c-42-01`), /nfsmount=10\.77\.0\.1:\S+\/store /);
    const paths = [`${WEB1}/set.json`, `${WEB1}/data-0001.tar.zst`, "etc/shadow", `${WEB1}/lifeboat/build-id`];
    assert.deepEqual(await Promise.all(paths.map(statusOf)), ["404", "404", "404", "200"]);
    for (const [name, words, file] of ANSWERS) assert.match(await ask(...words), file, name);
    await served.expect(/10\.77\.0\.101 has fetched web1-20260201T000000Z\/lifeboat\/vmlinuz by TFTP/);
    const said = served.said();
    assert.equal(said.match(/has fetched web1-20260201T000000Z\/lifeboat\/tools\.squashfs over HTTP: 24 MiB in /g)?.length, 2 * READERS);
    assert.match(said, /web1: 52:54:00:4c:42:01, set web1-20260201T000000Z/);
    assert.match(said, /^ {2}\S+\/store 10\.77\.0\.0\/24\(ro,no_root_squash,no_subtree_check\)$/m);
    assert.match(said, /has asked for \/web1-20260201T000000Z\/set\.json, which is not served/);
  });

  test("sets are published when that is asked for, with a warning, beside another DHCP server; nothing is left when it is killed", async () => {
    await using served = await serve("--sets", "-H", MAC.toUpperCase(), "--timeout", "5");
    const paths = [`${WEB1}/set.json`, `${WEB1}/data-0001.tar.zst`, `${WEB1}/boot/rescue.iso`];
    assert.deepEqual(await Promise.all(paths.map(statusOf)), ["200", "200", "200"]);
    const outside = [`${WEB1}/../../etc/passwd`, `${WEB1}/boot/%2e%2e/%2e%2e/x`, ".lifeboat-store", `${WEB1}/writing.json`];
    assert.deepEqual(await Promise.all(outside.map(statusOf)), ["404", "404", "404", "404"]);
    assert.doesNotMatch(await fetchText(`tftp://${lab.address}/pxelinux.cfg/01-52-54-00-4c-42-01`), /nfsmount=/);
    assert.match(served.said(), /^WARNING: everybody in 10\.77\.0\.0\/24 can read the sets over HTTP now, \/etc\/shadow/m);
    const menus = [WEB1, DB1].map((name) => fetchText(`http://${lab.address}:8080/grub/${name}.cfg`));
    const defaults = (await Promise.all(menus)).map((text) => /^set default=.*$/m.exec(text)?.[0]);
    assert.deepEqual(defaults, ["set default=nuke", "set default=interactive"]);
    for (const [name, words, file] of ANSWERS) assert.match(await ask(...words), file, name);
    await served.expect(/52:54:00:4c:42:01 \(web1\) is told to boot pxelinux\.0/);
    await assert.rejects(serve("--port", "8081"), /Cannot answer machines that boot as port 69 of 10\.77\.0\.1, TFTP's, must be free/);
    served.process.kill("SIGKILL");
    const isLeft = async () => (await run(["ip", "netns", "pids", lab.server])).stdout.trim() !== "";
    for (let tries = 0; (await isLeft()) && tries < 100; tries += 1) await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(await isLeft(), false);
  });
});

const REFUSED: readonly (readonly [words: readonly string[], exitCode: number, message: RegExp])[] = [
  [["--interface", "none0"], 2, /^lifeboat: Cannot serve on a network as "none0" must be an interface that has an IPv4 address: /],
  [["--sets", "--nfs", "nas:/x"], 2, /^lifeboat: Cannot use --nfs as the sets are read from one place: --sets is given/],
  [["--append", "x://joe:pw@nas"], 2, /^lifeboat: Cannot make the medium as its boot words must carry no secrets/],
];
for (const [words, exitCode, message] of REFUSED) {
  test(`lifeboat serve refuses ${words.join(" ")}`, async () => {
    const result = await lifeboat(["serve", "/tmp", ...words]);
    assert.match(result.stderr, message);
    assert.equal(result.exitCode, exitCode);
  });
}
