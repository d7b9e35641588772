// The initramfs of the restored machine, made again by its own program when it lacks the new disk's driver or is out of date.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import type { BootLoader } from "../machine/model.ts";
import { openChroot } from "./chroot.ts";
import { quietEnvironment } from "./environment-for-tests.ts";
import { makeFakeMachine, noChroot, type FakeMachine } from "./fake-machine-for-tests.ts";
import { checkInitramfs } from "./make-initramfs.ts";
import { NOTHING_GONE, type GoneNames } from "./plan-gone-words.ts";
import type { InitramfsCopy } from "./plan.ts";
import { runStep, type LayoutStep } from "./run-step.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-initramfs-"));
after(() => rm(scratch, { recursive: true }));
const skip = await noChroot();

const IMAGE = "/boot/initrd.img-6.1.0-13-amd64";
const MODULES = "/lib/modules/6.1.0-13-amd64";
const OLD = "kernel/drivers/ata/ahci.ko\n";
const NVME = "kernel/drivers/nvme/host/nvme.ko.xz\n";

/** An image is the list of what is in it; what stands in the configuration comes to it. */
const UPDATE_INITRAMFS = {
  "/usr/sbin/update-initramfs": `echo "update-initramfs $*" >> /calls; for m in $(busybox cat /etc/initramfs-tools/modules); do echo kernel/$m.ko >> /boot/initrd.img-$3; done`,
  "/usr/bin/lsinitramfs": `busybox cat "$1"`,
};
const DRACUT = {
  "/usr/bin/dracut": `echo "dracut $*" >> /calls; for m in $(busybox sed -n 's/^add_drivers+="\\(.*\\)"$/\\1/p' /etc/dracut.conf.d/*.conf); do echo kernel/$m.ko >> $2; done`,
  "/usr/bin/lsinitrd": `busybox cat "$1"`,
};

let roots = 0;

interface Checked {
  readonly drivers?: readonly string[];
  readonly family?: string;
  readonly bootLoader?: BootLoader;
  readonly stale?: readonly string[];
  readonly gone?: GoneNames;
}

async function check(fake: FakeMachine, checked: Checked = {}) {
  const { drivers = ["nvme"], family = "debian", bootLoader = BIOS_MACHINE.bootLoader, stale = [], gone = NOTHING_GONE } = checked;
  const root = join(scratch, `root${(roots += 1)}`);
  await makeFakeMachine(root, { ...fake, links: { "/usr/bin/busybox": "/bin/busybox", ...fake.links } });
  await using chroot = await openChroot(root);
  const [said, remarks]: string[][] = [[], []];
  const say = (line: string) => void said!.push(line);
  const environment = { root, say, note: say, remark: (line: string) => void remarks!.push(line) };
  const machine = { ...BIOS_MACHINE, machineId: "b0a7", system: { ...BIOS_MACHINE.system, family }, bootLoader };
  const { changed, remaining } = await checkInitramfs({ machine, drivers, stale, gone, chroot }, environment);
  const read = (path: string) => readFile(join(root, path), "utf8").catch(() => undefined);
  return { changed, remaining, said: said!, remarks: remarks!, read, calls: await read("/calls") };
}

describe("checkInitramfs()", { skip }, () => {
  test("leaves an image alone that has the driver, whatever its module is compressed with", async () => {
    const { changed, calls } = await check({ files: { [`${MODULES}/`]: "", [IMAGE]: OLD + NVME }, programs: UPDATE_INITRAMFS });
    assert.deepEqual([changed, calls], [[], undefined]);
  });

  test("makes an image again that may have old names, whatever it has", async () => {
    const { changed, calls } = await check(
      { files: { [`${MODULES}/`]: "", [IMAGE]: OLD }, programs: UPDATE_INITRAMFS },
      { drivers: [], stale: ["the names of volumes"] },
    );
    assert.deepEqual([changed, calls], [[IMAGE], "update-initramfs -u -k 6.1.0-13-amd64\n"]);
  });

  test("leaves an image alone when the driver is in the kernel itself", async () => {
    const files = { [`${MODULES}/modules.builtin`]: "kernel/drivers/nvme/host/nvme.ko\n", [IMAGE]: OLD };
    assert.deepEqual((await check({ files, programs: UPDATE_INITRAMFS })).changed, []);
  });

  test("adds the driver to the tool's configuration, and makes every kernel's image again", async () => {
    const files = {
      [`${MODULES}/`]: "",
      "/lib/modules/6.1.0-12-amd64/": "",
      "/lib/modules/5.0-without-image/": "",
      [IMAGE]: OLD,
      "/boot/initrd.img-6.1.0-12-amd64": OLD + NVME,
      "/etc/initramfs-tools/modules": "# a line without an end",
    };
    const { changed, said, read, calls } = await check({ files, programs: UPDATE_INITRAMFS });
    assert.deepEqual(changed, ["/etc/initramfs-tools/modules", "/boot/initrd.img-6.1.0-12-amd64", IMAGE]);
    assert.equal(calls, "update-initramfs -u -k 6.1.0-12-amd64\nupdate-initramfs -u -k 6.1.0-13-amd64\n");
    assert.equal(await read("/etc/initramfs-tools/modules"), "# a line without an end\nnvme\n");
    assert.equal(said[0], "lifeboat: the initramfs of kernel 6.1.0-13-amd64 lacks nvme: making it again");
  });

  test("takes dracut on a Debian machine that has it", async () => {
    const { changed, read, calls } = await check({ files: { [`${MODULES}/`]: "", [IMAGE]: OLD }, programs: DRACUT });
    assert.deepEqual(changed, ["/etc/dracut.conf.d/90-lifeboat.conf", IMAGE]);
    assert.equal(await read("/etc/dracut.conf.d/90-lifeboat.conf"), 'add_drivers+=" nvme "\n');
    assert.equal(calls, `dracut --force ${IMAGE} 6.1.0-13-amd64\n`);
  });

  test("adds a driver once, though the step was broken off and is done again", async () => {
    const files = { [`${MODULES}/`]: "", [IMAGE]: OLD, "/etc/dracut.conf.d/90-lifeboat.conf": 'add_drivers+=" nvme "\n' };
    const { read } = await check({ files, programs: DRACUT });
    assert.equal(await read("/etc/dracut.conf.d/90-lifeboat.conf"), 'add_drivers+=" nvme "\n');
  });

  test("follows the machine's links, and never into the system that restores it", async () => {
    const links = { "/lib": "/usr/lib", "/boot": "/data/boot", "/etc/initramfs-tools": "/data/etc" };
    const files = { "/usr/lib/modules/6.1.0-13-amd64/": "", "/data/boot/initrd.img-6.1.0-13-amd64": OLD, "/data/etc/": "" };
    const { changed, read } = await check({ files, links, programs: UPDATE_INITRAMFS });
    assert.deepEqual(changed, ["/data/etc/modules", "/data/boot/initrd.img-6.1.0-13-amd64"]);
    assert.equal(await read("/data/etc/modules"), "nvme\n");
  });

  test("lists the indexes of modules that a hook has written again", async () => {
    const files = { [`${MODULES}/modules.dep`]: "x", [`${MODULES}/modules.builtin`]: "", [`${MODULES}/kernel/x.ko`]: "x", [IMAGE]: OLD };
    const make = UPDATE_INITRAMFS["/usr/sbin/update-initramfs"];
    const depmod = `busybox rm ${MODULES}/modules.dep; echo x >${MODULES}/modules.dep`;
    const { changed } = await check({ files, programs: { ...UPDATE_INITRAMFS, "/usr/sbin/update-initramfs": `${make}; ${depmod}` } });
    assert.deepEqual(changed, ["/etc/initramfs-tools/modules", IMAGE, `${MODULES}/modules.dep`]);
  });

  test("makes an image again when nothing can tell what is in it", async () => {
    const unlisted = { "/usr/bin/dracut": DRACUT["/usr/bin/dracut"] };
    const { changed, said } = await check({ files: { [`${MODULES}/`]: "", [IMAGE]: OLD }, programs: unlisted });
    assert.deepEqual(changed.at(-1), IMAGE);
    assert.equal(said.at(-1), `nothing can list ${IMAGE}: whether it has nvme is not known`);
    const damaged = { ...DRACUT, "/usr/bin/lsinitrd": "exit 1" };
    assert.deepEqual((await check({ files: { [`${MODULES}/`]: "", [IMAGE]: OLD }, programs: damaged })).changed.at(-1), IMAGE);
  });

  const stale = ["mdadm.conf", "/etc/crypttab"];

  test("makes every image again that has what it needs, when what it holds of the configuration is out of date", async () => {
    const files = { [`${MODULES}/`]: "", "/lib/modules/6.1.0-12-amd64/": "", [IMAGE]: OLD + NVME, "/boot/initrd.img-6.1.0-12-amd64": NVME };
    for (const drivers of [["nvme"], []]) {
      const { changed, said, remarks, read, calls } = await check({ files, programs: UPDATE_INITRAMFS }, { stale, drivers });
      assert.deepEqual([changed, remarks], [["/boot/initrd.img-6.1.0-12-amd64", IMAGE], []]);
      assert.equal(calls, "update-initramfs -u -k 6.1.0-12-amd64\nupdate-initramfs -u -k 6.1.0-13-amd64\n");
      assert.match(said[0]!, /6\.1\.0-12-amd64 is out of date for mdadm\.conf, \/etc\/crypttab: making it again$/);
      assert.deepEqual([await read("/etc/initramfs-tools/modules"), await read("/.lifeboat/initramfs")], [undefined, undefined]);
    }
  });

  test("leaves the image that was there, and says so, when it is out of date and the tool fails", async () => {
    const files = { [`${MODULES}/`]: "", [IMAGE]: OLD + NVME };
    const failing = { ...UPDATE_INITRAMFS, "/usr/sbin/update-initramfs": "echo half > /boot/initrd.img-$3; echo no room >&2; exit 1" };
    for (const programs of [failing, {}]) {
      const { changed, remarks, read } = await check(
        { files, programs: { ...programs, "/usr/bin/lsinitramfs": 'busybox cat "$1"' } },
        { stale },
      );
      assert.deepEqual([changed, await read(IMAGE)], [[], OLD + NVME]);
      assert.match(
        remarks.join(),
        /^\/boot\/initrd\.img-6\.1\.0-13-amd64 is as it was, and is out of date for mdadm\.conf, \/etc\/crypttab: make it/,
      );
    }
  });

  test("adds the driver when an image that was out of date had it, and the new one has not", async () => {
    const forgetful = `echo kernel/ahci.ko > /boot/initrd.img-$3; ${UPDATE_INITRAMFS["/usr/sbin/update-initramfs"]}`;
    const programs = { ...UPDATE_INITRAMFS, "/usr/sbin/update-initramfs": forgetful };
    const files = { [`${MODULES}/`]: "", [IMAGE]: OLD + NVME, "/etc/initramfs-tools/modules": "" };
    const { changed, read } = await check({ files, programs }, { stale });
    assert.deepEqual(changed, [IMAGE, "/etc/initramfs-tools/modules"]);
    assert.match((await read(IMAGE))!, /nvme/);
  });

  test("is asked for by runStep() for copies of what was changed, and for those alone", async () => {
    const root = join(scratch, `root${(roots += 1)}`);
    const files = { [`${MODULES}/`]: "", [IMAGE]: OLD };
    await makeFakeMachine(root, { files, programs: UPDATE_INITRAMFS, links: { "/usr/bin/busybox": "/bin/busybox" } });
    const environment = quietEnvironment(root);
    const changed = new Map([["write-command-line", ["/boot/grub/grub.cfg"]]] as const);
    const why = async (changedBy: InitramfsCopy["changedBy"]) => {
      const step: LayoutStep = { kind: "check-initramfs", drivers: [], copies: [{ what: "it", changedBy }], gone: NOTHING_GONE };
      return (await runStep(step, { setId: "set", machine: BIOS_MACHINE, environment, changed, remark: assert.fail })).map(
        ({ path }) => path,
      );
    };
    assert.deepEqual(await why({ step: "write-mdadm-conf" }), []);
    assert.deepEqual(await why({ step: "write-command-line", file: "/etc/other" }), []);
    assert.deepEqual(await why({ step: "write-command-line", file: "/boot/grub/grub.cfg" }), [IMAGE]);
    assert.deepEqual(await why({ step: "write-command-line" }), [IMAGE]);
    assert.deepEqual(await why(undefined), [IMAGE]);
  });

  test("has nothing to make again where there is no image", async () => {
    assert.deepEqual((await check({ files: { [`${MODULES}/`]: "" } }, { stale, drivers: [] })).changed, []);
  });

  test("does without an image when a kernel has the driver itself", async () => {
    const files = { "/lib/modules/6.6-own/modules.builtin": "kernel/drivers/nvme/host/nvme.ko\n" };
    assert.deepEqual((await check({ files })).changed, []);
  });

  describe("on a machine with systemd-boot", () => {
    const bootLoader: BootLoader = {
      kind: "systemd-boot",
      efi: { mountPoint: "/boot/efi", device: "sda1", vendorDirectory: "systemd", files: ["EFI/systemd/systemd-bootx64.efi"] },
    };
    const TOKEN = "/boot/efi/b0a7/6.1.0-13-amd64";
    const ENTRY = "/boot/efi/loader/entries/b0a7-6.1.0-13-amd64.conf";
    const files = {
      [`${MODULES}/`]: "",
      [IMAGE]: OLD,
      [`${TOKEN}/initrd.img-6.1.0-13-amd64`]: OLD,
      [`${TOKEN}/linux`]: "kernel",
      [ENTRY]: "options root=UUID=own",
    };
    const make = UPDATE_INITRAMFS["/usr/sbin/update-initramfs"];
    /** As Debian's hook: kernel-install copies both, and writes an entry, all with the words of the kernel that runs now. */
    const hook = `busybox cp ${IMAGE} ${TOKEN}/; echo kernel >${TOKEN}/linux; echo options nuke >${ENTRY}; echo options nuke >${ENTRY.replace(".conf", "+3.conf")}`;

    test("its copies of the initramfs are the new one, though no hook has seen to it", async () => {
      const { changed, read, said } = await check({ files, programs: UPDATE_INITRAMFS }, { bootLoader });
      assert.deepEqual(changed, ["/etc/initramfs-tools/modules", IMAGE, `${TOKEN}/initrd.img-6.1.0-13-amd64`]);
      assert.equal(await read(`${TOKEN}/initrd.img-6.1.0-13-amd64`), `${OLD}kernel/nvme.ko\n`);
      assert.match(said.at(-1) ?? "", /b0a7\/6\.1\.0-13-amd64\/initrd\.img-6\.1\.0-13-amd64 was left as it was/);
    });

    test("its entries keep their words, whatever a hook writes", async () => {
      const programs = { ...UPDATE_INITRAMFS, "/usr/sbin/update-initramfs": `${make}; ${hook}` };
      const { changed, read } = await check({ files, programs }, { bootLoader });
      assert.equal(await read(ENTRY), "options root=UUID=own");
      assert.equal(await read(ENTRY.replace(".conf", "+3.conf")), undefined);
      assert.equal(await read(`${TOKEN}/initrd.img-6.1.0-13-amd64`), `${OLD}kernel/nvme.ko\n`);
      // The kernel's time of change is another.
      assert.deepEqual(changed.slice(2), [`${TOKEN}/initrd.img-6.1.0-13-amd64`, `${TOKEN}/linux`, ENTRY]);
    });

    test("the initramfs may lie on its partition alone", async () => {
      const image = `${TOKEN}/initrd`;
      const { changed, calls } = await check(
        { files: { [`${MODULES}/`]: "", [image]: OLD }, programs: DRACUT },
        { bootLoader, family: "redhat" },
      );
      assert.deepEqual(changed, ["/etc/dracut.conf.d/90-lifeboat.conf", image]);
      assert.equal(calls, `dracut --force ${image} 6.1.0-13-amd64\n`);
    });
  });

  const failures: readonly (readonly [what: string, fake: FakeMachine, message: RegExp])[] = [
    ["there is no kernel", {}, /^Cannot make the machine start from its new disk as a kernel must have nvme: there is none in its/],
    [
      "no kernel has the driver",
      { files: { "/lib/modules/6.6-own/modules.builtin": "kernel/drivers/ata/ahci.ko\n" } },
      /: none of 6\.6-own has an initramfs, or the driver built in$/,
    ],
    [
      "the new image has not the driver",
      {
        files: { [`${MODULES}/`]: "", [IMAGE]: OLD },
        programs: { ...UPDATE_INITRAMFS, "/usr/sbin/update-initramfs": "true" },
      },
      /as its initramfs must have nvme: \/boot\/initrd.img-6.1.0-13-amd64 still has not$/,
    ],
  ];
  for (const [what, fake, message] of failures) {
    test(`fails with exit code 4 when ${what}`, async () => {
      await assert.rejects(check(fake), { name: "LifeboatError", exitCode: 4, message });
    });
  }
});

describe("checkInitramfs() and what is not made again", { skip }, () => {
  const GONE = { ...NOTHING_GONE, arrays: ["5c1d2bf48a6e40f99a556c1a3c5d0e77"], swaps: ["UUID=gone"] };
  const files = { [`${MODULES}/`]: "", "/lib/modules/6.1.0-12-amd64/": "", "/boot/initrd.img-6.1.0-12-amd64": "usr/bin/sh\n" };
  const WORDS = "-rw-r--r-- 1 root root 60 Jan 1 00:00 etc/cmdline.d/90mdraid.conf\n";
  /** As dracut's: lists an image, and prints one file of it. */
  const dracut = (words: string, made = "true") => ({
    "/usr/bin/dracut": `echo "dracut $*" >> /calls; ${made}`,
    "/usr/bin/lsinitrd": `if [ "$1" = --file ]; then [ $2 = etc/cmdline.d/90mdraid.conf ] && echo '${words}'; else busybox cat "$1"; fi`,
  });
  const ARRAY = "rd.md.uuid=5c1d2bf4:8a6e40f9:9a556c1a:3c5d0e77";

  test("makes dracut's image again that has words for it inside, and no other", async () => {
    const fake = { files: { ...files, [IMAGE]: WORDS }, programs: dracut(`rd.lvm.lv=vg/root ${ARRAY}`) };
    const { changed, remaining, calls, said } = await check(fake, { drivers: [], gone: GONE });
    assert.deepEqual([changed, remaining, calls], [[IMAGE], [], `dracut --force ${IMAGE} 6.1.0-13-amd64\n`]);
    assert.equal(said[0], "lifeboat: the initramfs of kernel 6.1.0-13-amd64 waits for what is not made again: making it again");
  });

  test("leaves an image alone that has other words, or none", async () => {
    const other = { files: { ...files, [IMAGE]: WORDS }, programs: dracut("rd.md.uuid=11111111:22222222:33333333:44444444") };
    const without = { files: { ...files, [IMAGE]: "etc/cmdline.d\nusr/etc/cmdline.d/90mdraid.conf.bak\n" }, programs: dracut(ARRAY) };
    for (const fake of [other, without, { files: { ...files, [IMAGE]: WORDS } }]) {
      const { changed, calls } = await check(fake, { drivers: [], gone: GONE });
      assert.deepEqual([changed, calls], [[], undefined]);
    }
  });

  test("makes that of initramfs-tools again when it resumes from swap that is gone", async () => {
    const fake = {
      files: { ...files, [IMAGE]: "conf/conf.d/zz-resume-auto\n", "/etc/initramfs-tools/modules": "" },
      programs: UPDATE_INITRAMFS,
    };
    const { changed, calls } = await check(fake, { drivers: [], gone: GONE });
    assert.deepEqual([changed, calls], [[IMAGE], "update-initramfs -u -k 6.1.0-13-amd64\n"]);
    const arrays = { ...GONE, swaps: [] };
    assert.deepEqual((await check(fake, { drivers: [], gone: arrays })).changed, [], "an array is not waited for there");
  });

  test("says what it could not make again, and goes on", async () => {
    const fake = { files: { ...files, [IMAGE]: WORDS }, programs: dracut(ARRAY, "echo no room >&2; exit 1") };
    const { changed, remaining } = await check(fake, { drivers: [], gone: GONE });
    assert.deepEqual([changed, remaining.map(({ path }) => path)], [[], [IMAGE]]);
    assert.match(remaining[0]!.state, /^it waits for what is not made again: .*saying "no room"$/);
  });

  test("has nothing to say where no kernel has an image", async () => {
    assert.deepEqual((await check({}, { drivers: [], gone: GONE })).changed, []);
  });
});
