// A copy of a machine has a machine-id, host keys and a name of its own, and nothing else of it changes.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { LifeboatError } from "#os/error";
import type { Chroot } from "./chroot.ts";
import { writeIdentity } from "./write-identity.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-identity-"));
after(() => rm(scratch, { recursive: true }));

async function newRoot(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const root = join(scratch, name);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

/** ssh-keygen, as far as it matters. */
const chrootOf = (root: string, fails = false): Chroot => ({
  async run(command) {
    assert.deepEqual(command, ["ssh-keygen", "-A"]);
    if (fails) throw new LifeboatError("no such program");
    await writeFile(join(root, "etc/ssh/ssh_host_ed25519_key"), "new");
    return { stdout: "", stderr: "", exitCode: 0 };
  },
  find: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
});

const STEP = { kind: "write-identity", hostName: "web1-clone", oldHostName: "web1" } as const;

test("writeIdentity() changes what a machine is known by", async () => {
  const root = await newRoot("whole", {
    "etc/machine-id": "b0a7\n",
    "var/lib/dbus/machine-id": "b0a7\n",
    "etc/ssh/ssh_host_ed25519_key": "old",
    "etc/ssh/ssh_host_rsa_key.pub": "old",
    "etc/ssh/sshd_config": "kept",
    "etc/hostname": "web1\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1\tweb1.lan web1\n10.0.0.5 web10 xweb1 web1-other\n",
  });
  const said: string[] = [];
  const changed = await writeIdentity(STEP, { root, chroot: chrootOf(root), say: (line) => void said.push(line) });
  const read = (path: string) => readFile(join(root, path), "utf8");
  assert.deepEqual([await read("etc/machine-id"), await read("etc/hostname")], ["", "web1-clone\n"]);
  assert.equal(await read("etc/hosts"), "127.0.0.1 localhost\n127.0.1.1\tweb1-clone.lan web1-clone\n10.0.0.5 web10 xweb1 web1-other\n");
  assert.deepEqual((await readdir(join(root, "etc/ssh"))).sort(), ["ssh_host_ed25519_key", "sshd_config"]);
  assert.equal(await read("etc/ssh/ssh_host_ed25519_key"), "new");
  assert.deepEqual(changed, [
    "/etc/machine-id",
    "/var/lib/dbus/machine-id",
    "/etc/ssh/ssh_host_ed25519_key",
    "/etc/ssh/ssh_host_rsa_key.pub",
    "/etc/hostname",
    "/etc/hosts",
  ]);
  assert.deepEqual(said, []);
});

test("writeIdentity() does with what is there, and says what it could not make", async () => {
  const root = await newRoot("poor", { "etc/ssh/ssh_host_rsa_key": "old" });
  await symlink("/etc/machine-id", join(root, "etc/machine-id-link"));
  const said: string[] = [];
  const changed = await writeIdentity(
    { ...STEP, hostName: "web1" },
    { root, chroot: chrootOf(root, true), say: (line) => void said.push(line) },
  );
  assert.deepEqual(changed, ["/etc/ssh/ssh_host_rsa_key"]);
  assert.match(said.join(), /no new ones could be made: no such program/);
});
