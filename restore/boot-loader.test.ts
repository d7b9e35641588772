// The restored machine's boot loader: GRUB's own installer on BIOS, the firmware's entry and the removable path on UEFI.
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { installGrub, writeBootEntry } from "./boot-loader.ts";
import { openChroot } from "./chroot.ts";
import { makeFakeMachine, noChroot, type FakeMachine } from "./fake-machine-for-tests.ts";
import type { TargetDisk } from "./plan.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-boot-"));
after(() => rm(scratch, { recursive: true }));
const skip = await noChroot();

function disk(path: string): TargetDisk {
  return {
    name: path.slice(5),
    path,
    wwid: undefined,
    serial: "N",
    model: undefined,
    driver: "nvme",
    drivers: ["nvme"],
    sizeBytes: 2 ** 32,
    logicalSectorBytes: 512,
  };
}

let roots = 0;

async function newRoot(fake: FakeMachine): Promise<string> {
  const root = join(scratch, `root${(roots += 1)}`);
  await makeFakeMachine(root, { ...fake, links: { "/usr/bin/busybox": "/bin/busybox", ...fake.links } });
  return root;
}

describe("installGrub()", { skip }, () => {
  /** As the real one does: old modules go, new ones come, the environment block is made where it is missing. */
  const INSTALLER = `
echo "$@" >> /calls
for word; do case $word in --boot-directory=*) at=\${word#*=}/grub;; esac; done
busybox mkdir -p $at/i386-pc $at/fonts
busybox rm -f $at/i386-pc/*.mod
echo module > $at/i386-pc/normal.mod
echo core > $at/i386-pc/core.img
[ -e $at/grubenv ] || echo env > $at/grubenv`;
  const FILES = {
    "/boot/grub/i386-pc/gone.mod": "old",
    "/boot/grub/i386-pc/normal.mod": "module\n",
    "/boot/grub/i386-pc/foreign.txt": "not GRUB's",
    "/boot/grub/fonts/unicode.pf2": "font",
    "/boot/grub/grubenv": "saved_entry=1",
    "/boot/grub/grub.cfg": "damaged",
  };
  const step = { kind: "install-boot-loader", directory: "/boot/grub", disks: [disk("/dev/nvme0n1"), disk("/dev/sdb")] } as const;

  async function install(root: string) {
    await using chroot = await openChroot(root);
    return await installGrub(step, chroot, { root, note: () => undefined });
  }

  test("runs the machine's own on each disk, and tells which files it has written: grub.cfg is none of them", async () => {
    const root = await newRoot({ files: FILES, programs: { "/usr/sbin/grub-install": INSTALLER } });
    const below = ["core.img", "gone.mod", "normal.mod"].map((name) => `/boot/grub/i386-pc/${name}`);
    assert.deepEqual(await install(root), below);
    const words = "--target=i386-pc --recheck --boot-directory=/boot";
    assert.equal(await readFile(join(root, "calls"), "utf8"), `${words} /dev/nvme0n1\n${words} /dev/sdb\n`);
  });

  test("finds Red Hat's name for it, and a /boot that is a link, inside the machine", async () => {
    const links = { "/boot": "/data/boot", "/sbin": "/usr/sbin" };
    const root = await newRoot({ files: { "/data/boot/": "" }, links, programs: { "/usr/sbin/grub2-install": INSTALLER } });
    assert.deepEqual(await install(root), [
      "/data/boot/grub/grubenv",
      "/data/boot/grub/i386-pc/core.img",
      "/data/boot/grub/i386-pc/normal.mod",
    ]);
  });

  test("fails with exit code 4 when the machine has no installer", async () => {
    const message = "Cannot install GRUB as the restored machine must have its installer: neither grub-install nor grub2-install is in it";
    await assert.rejects(install(await newRoot({})), { name: "LifeboatError", exitCode: 4, message });
  });

  test("fails when the installer does", async () => {
    const root = await newRoot({ programs: { "/usr/sbin/grub-install": "echo no such disk >&2; exit 1" } });
    await assert.rejects(install(root), { name: "LifeboatError", message: /exit code 1, saying "no such disk"$/ });
  });
});

describe("writeBootEntry()", () => {
  const UUID = "00000000-0000-4000-8000-000000000001";
  const OTHER = "99999999-0000-4000-8000-000000000001";
  const entry = (number: string, uuid: string, loader: string) => `Boot${number}* debian\tHD(1,GPT,${uuid},0x800,0x20000)/File(${loader})`;
  const VERBOSE = [
    "BootCurrent: 0001",
    "BootOrder: 0001,0002,0003,0004",
    entry("0001", UUID, "\\EFI\\debian\\SHIMX64.EFI"),
    entry("0002", OTHER, "\\EFI\\debian\\shimx64.efi"),
    entry("0003", UUID, "\\EFI\\debian\\fwupdx64.efi"),
    entry("0004", UUID, "\\EFI\\debian\\shimx64.efi"),
  ].join("\n");

  const step = {
    kind: "write-boot-entry",
    disk: disk("/dev/nvme0n1"),
    partition: 1,
    partitionUuid: UUID,
    label: "debian",
    loaderPath: "\\EFI\\debian\\shimx64.efi",
    mountPoint: "/boot/efi",
  } as const;
  const VENDOR = { "EFI/debian/shimx64.efi": "shim", "EFI/debian/grubx64.efi": "grub", "EFI/debian/mmx64.efi": "mok" };

  const programs = join(scratch, "programs");
  const calls = join(scratch, "efibootmgr-calls");
  process.env["PATH"] = `${programs}:${process.env["PATH"]}`;

  /** The firmware of this machine must never be asked. */
  async function setFirmware(script: string): Promise<void> {
    await mkdir(programs, { recursive: true });
    await writeFile(calls, "");
    await writeFile(join(programs, "entries"), VERBOSE);
    await writeFile(join(programs, "efibootmgr"), `#!/bin/sh\necho "$*" >> ${calls}\n${script}\n`);
    await chmod(join(programs, "efibootmgr"), 0o755);
  }
  beforeEach(() => setFirmware(`[ "$1" != -v ] || cat ${join(programs, "entries")}`));

  async function write(files: Readonly<Record<string, string>>) {
    const root = join(scratch, `efi${(roots += 1)}`);
    const partition = join(root, "boot/efi");
    for (const [path, content] of Object.entries(files)) {
      await mkdir(join(partition, path, ".."), { recursive: true });
      await writeFile(join(partition, path), content);
    }
    const said: string[] = [];
    const added = await writeBootEntry(step, { root, say: (line) => void said.push(line) }, programs);
    const read = (path: string) => readFile(join(partition, path), "utf8").catch(() => undefined);
    return { added, said, read, calls: (await readFile(calls, "utf8")).trimEnd().split("\n") };
  }

  test("makes the entry in the place of those of the same partition and loader, and leaves all others alone", async () => {
    const { said, calls: words } = await write(VENDOR);
    assert.deepEqual(words, [
      "-v",
      "--quiet --bootnum 0001 --delete-bootnum",
      "--quiet --bootnum 0004 --delete-bootnum",
      "--quiet --create --disk /dev/nvme0n1 --part 1 --label debian --loader \\EFI\\debian\\shimx64.efi",
    ]);
    assert.deepEqual(said, ['lifeboat: firmware boot entry "debian" written']);
  });

  test("fills the removable path with the loader, and with what shim looks for beside itself", async () => {
    const { added, read } = await write(VENDOR);
    const files = ["BOOTX64.EFI", "grubx64.efi", "mmx64.efi"].map((name) => `/boot/efi/EFI/BOOT/${name}`);
    assert.deepEqual(added, ["/boot/efi/EFI/BOOT", ...files]);
    assert.deepEqual(
      [await read("EFI/BOOT/BOOTX64.EFI"), await read("EFI/BOOT/grubx64.efi"), await read("EFI/BOOT/mmx64.efi")],
      ["shim", "grub", "mok"],
    );
  });

  test("never overwrites what is there", async () => {
    const { added, read } = await write({ ...VENDOR, "EFI/BOOT/BOOTX64.EFI": "another system's" });
    assert.deepEqual([added, await read("EFI/BOOT/BOOTX64.EFI"), await read("EFI/BOOT/grubx64.efi")], [[], "another system's", undefined]);
    const second = await write({ ...VENDOR, "EFI/BOOT/grubx64.efi": "another system's" });
    assert.deepEqual(second.added, ["/boot/efi/EFI/BOOT/BOOTX64.EFI", "/boot/efi/EFI/BOOT/mmx64.efi"]);
    assert.equal(await second.read("EFI/BOOT/grubx64.efi"), "another system's");
  });

  test("says that the firmware takes no entry, and goes on", async () => {
    await setFirmware('[ "$1" = -v ] || { echo No space left on device >&2; exit 5; }');
    const { added, said } = await write(VENDOR);
    assert.equal(added.length, 4);
    assert.match(
      said.join("\n"),
      /^lifeboat: the firmware took no boot entry \(.*"No space left on device"\); it will start EFI\/BOOT\/BOOTX64\.EFI$/,
    );
  });

  test("says that damage has cost the loader, and still makes the entry", async () => {
    const { added, said, calls: words } = await write({ "EFI/debian/grubx64.efi": "grub" });
    assert.deepEqual(added, []);
    assert.match(said[0] ?? "", /^lifeboat: the removable path was not filled: Cannot copy ".*\/EFI\/debian\/shimx64\.efi"/);
    assert.equal(words.length, 4);
  });

  test("finds the partition by the machine's own links", async () => {
    const root = join(scratch, "linked");
    await mkdir(join(root, "data/efi/EFI/debian"), { recursive: true });
    await mkdir(join(root, "boot"));
    await symlink("/data/efi", join(root, "boot/efi"));
    await writeFile(join(root, "data/efi/EFI/debian/shimx64.efi"), "shim");
    assert.deepEqual(await writeBootEntry(step, { root, say: () => undefined }, programs), [
      "/data/efi/EFI/BOOT",
      "/data/efi/EFI/BOOT/BOOTX64.EFI",
    ]);
  });
});
