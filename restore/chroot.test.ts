// Programs of another root directory: found by its own links, run with what they look at, and nothing stays mounted.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readText } from "#os/files";
import { openChroot } from "./chroot.ts";
import { makeFakeMachine, noChroot } from "./fake-machine-for-tests.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-chroot-"));
after(() => rm(scratch, { recursive: true }));
const root = join(scratch, "root");
const skip = await noChroot();

before(async () => {
  await makeFakeMachine(root, {
    programs: {
      // Reads from a descriptor, as bash's <(…) makes programs do.
      "/usr/sbin/look": `busybox ls -d /proc/self/status /sys/class /dev/null; echo PATH=$PATH; echo through | busybox cat /dev/fd/0; busybox touch /run/x`,
      "/usr/sbin/vgs": "busybox grep backup $LVM_SYSTEM_DIR/lvm.conf",
      "/usr/lib/grub.real": "echo grub $1",
      "/usr/bin/fails": "echo it broke >&2; exit 3",
    },
    links: {
      "/sbin": "/usr/sbin",
      "/usr/sbin/busybox": "/bin/busybox",
      "/usr/sbin/grub-install": "/etc/alternatives/grub",
      "/etc/alternatives/grub": "../../usr/lib/grub.real",
      // It is there in the system that looks, and not in this one.
      "/usr/bin/sh": "/bin/sh",
    },
  });
});

const mountsBelow = async () => (await readText("/proc/self/mounts")).split("\n").filter((line) => line.includes(` ${root}`));

test("openChroot() mounts what programs look at, and unmounts it when it is closed", { skip }, async () => {
  {
    await using chroot = await openChroot(root);
    assert.equal((await mountsBelow()).length, 4);
    const { stdout } = await chroot.run(["look"]);
    const path = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";
    assert.equal(stdout, `/dev/null\n/proc/self/status\n/sys/class\nPATH=${path}\nthrough\n`);
    assert.equal((await chroot.run(["vgs"])).stdout, "backup {\n backup = 0\n", "LVM writes nothing into the machine");
    await assert.rejects(chroot.run(["fails"]), { name: "LifeboatError", message: /exit code 3, saying "it broke"$/ });
  }
  assert.deepEqual(await mountsBelow(), []);
});

test("openChroot() mounts nothing on what is no directory of the machine", { skip }, async () => {
  const bare = join(scratch, "bare");
  await makeFakeMachine(bare, {});
  for (const name of ["proc", "sys", "dev"]) await rm(join(bare, name), { recursive: true });
  await using _ = await openChroot(bare);
  const mounted = (await readText("/proc/self/mounts")).split("\n").filter((line) => line.includes(` ${bare}`));
  assert.deepEqual(
    mounted.map((line) => line.split(" ")[1]),
    [join(bare, "run")],
  );
});

test("find() follows links inside the machine, and finds none that lead to nothing there", { skip }, async () => {
  await using chroot = await openChroot(root);
  assert.equal(await chroot.find(["grub2-install", "grub-install"]), "grub-install");
  assert.equal((await chroot.run(["grub-install", "here"])).stdout, "grub here\n");
  assert.equal(await chroot.find(["sh"]), undefined);
});

test("openChroot() runs a command with our own input and output, and tells its exit code", { skip }, async () => {
  await using chroot = await openChroot(root);
  assert.deepEqual([await chroot.runAttached(["fails"]), await chroot.runAttached(["busybox", "true"])], [3, 0]);
});
