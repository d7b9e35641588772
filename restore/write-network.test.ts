// Configurations of every kind get the new addresses; what they were stands beside, where nothing reads it.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { originalsOf } from "./keep-original.ts";
import { writeNetwork } from "./write-network.ts";

const root = await mkdtemp(join(tmpdir(), "lifeboat-network-"));
after(() => rm(root, { recursive: true }));

const OLD = "52:54:00:00:00:aa";
const FILES: Readonly<Record<string, string>> = {
  "/etc/network/interfaces": `iface ens3 inet dhcp\n  hwaddress ${OLD}\n`,
  "/etc/netplan/01.yaml": `macaddress: "${OLD}"\n`,
  "/etc/systemd/network/lan.network": `[Match]\nMACAddress=${OLD.toUpperCase()}\n`,
  "/etc/NetworkManager/system-connections/lan.nmconnection": `mac-address=${OLD}\n`,
  "/etc/systemd/network/lan.network.d/match.conf": `[Match]\nPermanentMACAddress=${OLD}\n`,
  "/etc/NetworkManager/conf.d/unmanaged.conf": `unmanaged-devices=mac:${OLD}\n`,
  "/etc/sysconfig/network-scripts/ifcfg-ens3": `HWADDR=${OLD}\n# \xe9\n`,
  "/etc/systemd/network/other.network": "[Match]\nName=ens4\n",
};

test("writeNetwork() changes addresses, keeps the originals, and pins the name", async () => {
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text, { encoding: "latin1", mode: 0o600 });
  }
  await symlink("/etc/passwd", join(root, "/etc/netplan/link.yaml"));
  const step = { kind: "write-network", changes: [{ name: "ens3", fromMac: OLD, toMac: "52:54:00:00:00:0b" }] } as const;
  const changed = await writeNetwork(step, root, originalsOf("set"));
  const read = (path: string) => readFile(join(root, path), "latin1");
  for (const path of Object.keys(FILES).filter((name) => !name.endsWith("other.network"))) {
    const original = path.replace(/\/([^/]+)$/, "/.$1.before-set");
    assert.equal(await read(original), FILES[path]);
    assert.match(await read(path), /52:54:00:00:00:0b/i);
    assert.doesNotMatch(await read(path), /00:aa/i);
    assert.equal((await stat(join(root, original))).mode & 0o777, 0o600, "no more than before may read it");
    assert.ok(changed.includes(path) && changed.includes(original));
  }
  assert.match(await read("/etc/udev/rules.d/70-lifeboat-net.rules"), /ATTR\{address\}=="52:54:00:00:00:0b", NAME="ens3"/);
  assert.equal(changed.length, 15);
  // Again, as after a power cut: the originals stay what they were.
  await writeNetwork(step, root, originalsOf("set"));
  assert.equal(await read("/etc/netplan/.01.yaml.before-set"), FILES["/etc/netplan/01.yaml"]);
});
