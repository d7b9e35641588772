// GRUB on EFI system partitions of a machine whose array has ended: the machine's own installer makes it again, and no signature is lost.
import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { run } from "#os/exec";
import { sketchedProgram } from "../formats/pe-for-tests.ts";
import { readEfiProgram } from "../formats/pe.ts";
import { UEFI_MACHINE } from "../machine/machine-for-tests.ts";
import { openChroot } from "./chroot.ts";
import { installEfiGrub } from "./efi-grub.ts";
import { makeFakeMachine, noChroot, type FakeMachine } from "./fake-machine-for-tests.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-efi-grub-"));
after(() => rm(scratch, { recursive: true }));

const NAME = "mduuid/5c1d2bf48a6e40f99a556c1a3c5d0e77";
const STALE = `(${NAME})/boot/grub`;
const step = {
  kind: "install-efi-grub",
  directory: "/boot/grub",
  mountPoints: ["/boot/efi"],
  gone: ["md0", "sda2"],
  names: [NAME, "md/boot", ",gpt2"],
} as const;

async function install(root: string, family = "debian", own: Parameters<typeof installEfiGrub>[0]["step"] = step) {
  const said: string[] = [];
  const environment = { root, say: (line: string) => void said.push(line), note: () => undefined };
  const machine = { ...UEFI_MACHINE, system: { ...UEFI_MACHINE.system, family } };
  await using chroot = await openChroot(root);
  const outcome = await installEfiGrub({ step: own, machine, chroot }, environment);
  return { ...outcome, said };
}

const put = async (path: string, content: string | Uint8Array) => {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
};

describe("installEfiGrub() with the real installer", { skip: await noRealOne() }, () => {
  let roots = 0;

  test("makes what looks on the array look for the file system, wherever it is on the partition", async () => {
    await using machine = await realMachine(`real${(roots += 1)}`);
    const { root, uuid } = machine;
    const efi = join(root, "boot/efi/EFI");
    const stale = await coreFor(STALE);
    for (const path of ["debian/grubx64.efi", "BOOT/BOOTX64.EFI", "odd/GRUB.EFI"]) await put(join(efi, path), stale);
    const fine = await coreFor("(lvmid/a/b)/boot/grub");
    await put(join(efi, "other/grubx64.efi"), fine);
    const { changed, remaining, said } = await install(root);
    assert.deepEqual([remaining, said], [[], []]);
    for (const path of ["debian/grubx64.efi", "BOOT/BOOTX64.EFI", "odd/GRUB.EFI"]) {
      const made = await readFile(join(efi, path));
      assert.ok(made.includes(`search.fs_uuid ${uuid} root`) && !made.includes(NAME), path);
      assert.deepEqual(readEfiProgram(made), { architecture: "x64", isSigned: false });
      assert.ok(changed.includes(`/boot/efi/EFI/${path}`), path);
    }
    assert.deepEqual(
      [await readFile(join(efi, "other/grubx64.efi")), (await readdir(efi)).sort()],
      [fine, ["BOOT", "debian", "odd", "other"]],
    );
    assert.ok(changed.includes("/boot/grub/x86_64-efi/normal.mod") && !changed.some((path) => path.includes("lifeboat")));
    assert.deepEqual((await install(root)).changed, [], "done again, nothing is to be done");
  });

  test("puts the distribution's signed one in the place of a signed one, with its configuration, and leaves shim alone", async (context) => {
    const signing = await signer();
    if (signing === undefined) return context.skip("there is no osslsigncode here");
    await using machine = await realMachine(`real${(roots += 1)}`);
    const { root, uuid } = machine;
    const distributions = await signing(await coreFor("/EFI/debian"));
    await put(join(root, "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"), distributions);
    await put(join(root, "usr/lib/shim/shimx64.efi.signed"), "another version of shim");
    const debian = join(root, "boot/efi/EFI/debian");
    await put(join(debian, "grubx64.efi"), await signing(await coreFor(STALE)));
    await put(join(debian, "shimx64.efi"), "shim");
    const { changed, remaining } = await install(root);
    assert.deepEqual(remaining, []);
    assert.deepEqual(await readFile(join(debian, "grubx64.efi")), distributions);
    assert.deepEqual(
      [(await readdir(debian)).sort(), await readFile(join(debian, "shimx64.efi"), "utf8")],
      [["grub.cfg", "grubx64.efi", "shimx64.efi"], "shim"],
    );
    assert.match(
      await readFile(join(debian, "grub.cfg"), "utf8"),
      new RegExp(`^search\\.fs_uuid ${uuid} root .*\\n.*\\nconfigfile \\$prefix/grub\\.cfg\\n$`),
    );
    assert.ok(changed.includes("/boot/efi/EFI/debian/grubx64.efi"));
  });

  test("never makes an unsigned one of a signed one", async (context) => {
    const signing = await signer();
    if (signing === undefined) return context.skip("there is no osslsigncode here");
    await using machine = await realMachine(`real${(roots += 1)}`);
    const program = join(machine.root, "boot/efi/EFI/debian/grubx64.efi");
    const stale = await signing(await coreFor(STALE));
    await put(program, stale);
    await put(join(dirname(program), "shimx64.efi"), "shim");
    const { changed, remaining } = await install(machine.root);
    assert.deepEqual([changed, remaining.map(({ path }) => path)], [[], ["/boot/efi/EFI/debian/grubx64.efi"]]);
    assert.deepEqual(await readFile(program), stale);
  });
});

describe("installEfiGrub()", { skip: await noChroot() }, () => {
  const X64 = { machine: 0x8664, magic: 0x20b } as const;
  const INSTALLER = `
echo "$@" >> /calls
for word; do case $word in --efi-directory=*) esp=\${word#*=};; --target=*) target=\${word#*=};; esac; done
case $target in arm64-efi) suffix=aa64;; i386-efi) suffix=ia32;; *) suffix=x64;; esac
busybox mkdir -p $esp/EFI/lifeboat-new
busybox cp /made.efi $esp/EFI/lifeboat-new/grub$suffix.efi`;
  let roots = 0;

  async function machineWith(
    programs: Readonly<Record<string, Uint8Array>>,
    fake: FakeMachine = { programs: { "/usr/sbin/grub-install": INSTALLER } },
  ) {
    const root = join(scratch, `fake${(roots += 1)}`);
    await makeFakeMachine(root, { ...fake, links: { "/usr/bin/busybox": "/bin/busybox" } });
    await put(join(root, "made.efi"), sketchedProgram({ ...X64, text: "new" }));
    for (const [path, bytes] of Object.entries(programs)) await put(join(root, path), bytes);
    return root;
  }
  const callsOf = (root: string) => readFile(join(root, "calls"), "utf8").catch(() => undefined);

  test("runs nothing where no program names what is gone, and takes no other file for a program", async () => {
    const root = await machineWith({
      "boot/efi/EFI/debian/grubx64.efi": sketchedProgram({ ...X64, text: "(,gpt3)/boot/grub mduuid/%s" }),
      "boot/efi/EFI/debian/notes.txt": sketchedProgram({ ...X64, text: STALE }),
      "boot/efi/EFI/debian/broken.efi": new Uint8Array(Buffer.from(STALE)),
      "boot/efi/grubx64.efi": sketchedProgram({ ...X64, text: STALE }),
    });
    assert.deepEqual([(await install(root)).changed, await callsOf(root)], [[], undefined]);
  });

  const PLACES = "--no-nvram --recheck --efi-directory=/boot/efi --boot-directory=/boot --bootloader-id=lifeboat-new";
  const calls: readonly (readonly [what: string, machine: number, family: string, words: string])[] = [
    ["Debian's, which would sign it otherwise", 0x8664, "debian", "--target=x86_64-efi --no-uefi-secure-boot"],
    ["Red Hat's, which refuses it otherwise", 0x8664, "redhat", "--target=x86_64-efi --force"],
    ["any other", 0x8664, "arch", "--target=x86_64-efi"],
    ["one for arm64", 0xaa64, "suse", "--target=arm64-efi"],
    ["one for 32 bits", 0x14c, "unknown", "--target=i386-efi"],
  ];
  for (const [what, machine, family, words] of calls) {
    test(`tells the installer what to make: ${what}`, async () => {
      const root = await machineWith({
        "boot/efi/EFI/x/grub.efi": sketchedProgram({ machine, magic: machine === 0x14c ? 0x10b : 0x20b, text: "(,gpt2)/boot/grub" }),
      });
      const { remaining, changed } = await install(root, family);
      assert.deepEqual([remaining, changed, await callsOf(root)], [[], ["/boot/efi/EFI/x/grub.efi"], `${PLACES} ${words}\n`]);
      assert.deepEqual(await readFile(join(root, "boot/efi/EFI/x/grub.efi")), await readFile(join(root, "made.efi")));
    });
  }

  test("looks on every partition that is mounted", async () => {
    const stale = sketchedProgram({ ...X64, text: STALE });
    const root = await machineWith({ "boot/efi/EFI/x/grub.efi": stale, "boot/efi2/EFI/x/grub.efi": stale });
    const { changed } = await install(root, "debian", { ...step, mountPoints: ["/boot/efi", "/boot/efi2", "/boot/gone"] });
    assert.deepEqual(changed, ["/boot/efi/EFI/x/grub.efi", "/boot/efi2/EFI/x/grub.efi"]);
  });

  const stale = sketchedProgram({ ...X64, text: STALE });
  const signed = sketchedProgram({ ...X64, text: STALE, certificateBytes: 8 });
  const failures: readonly (readonly [what: string, program: Uint8Array, fake: FakeMachine | undefined, why: RegExp])[] = [
    ["there is no installer", stale, {}, /as its installer must be there: neither grub-install nor grub2-install is$/],
    [
      "the installer refuses",
      stale,
      { programs: { "/usr/sbin/grub2-install": "echo no Secure Boot >&2; exit 1" } },
      /saying "no Secure Boot"$/,
    ],
    ["it makes nothing", stale, { programs: { "/usr/sbin/grub-install": "true" } }, /lifeboat-new\/grubx64\.efi/],
    [
      "it makes the same again",
      stale,
      { programs: { "/usr/sbin/grub-install": `${INSTALLER}\nbusybox cp /boot/efi/EFI/x/grub.efi $esp/EFI/lifeboat-new/grubx64.efi` } },
      /as it must look for its files elsewhere: it does not$/,
    ],
    [
      "its processor is not known",
      sketchedProgram({ ...X64, machine: 0x1234, text: STALE }),
      undefined,
      /as its machine must be known: it is not$/,
    ],
    ["it is signed, and no shim is there", signed, undefined, /as what is signed must stay so: no shim that would start it is beside it$/],
  ];
  for (const [what, program, fake, why] of failures) {
    test(`leaves the program as it was, says so, and the restore waits for a person: ${what}`, async () => {
      const root = await machineWith({ "boot/efi/EFI/x/grub.efi": program }, fake);
      const { changed, remaining, said } = await install(root);
      assert.deepEqual([changed, remaining.length, said.length], [[], 1, 1]);
      assert.match(remaining[0]!.state, why);
      assert.match(said[0]!, why);
      assert.deepEqual(await readFile(join(root, "boot/efi/EFI/x/grub.efi")), Buffer.from(program));
      assert.deepEqual(await readdir(join(root, "boot/efi/EFI")), ["x"]);
    });
  }
});

async function coreFor(prefix: string): Promise<Buffer> {
  const place = join(scratch, "core.efi");
  await run(["grub-mkimage", "-O", "x86_64-efi", "-p", prefix, "-o", place, "ext2", "mdraid1x", "part_gpt", "normal"]);
  return readFile(place);
}

async function signer() {
  const isThere = await run(["osslsigncode", "--version"], { okCodes: [0, 1] }).then(
    () => true,
    () => false,
  );
  if (!isThere) return undefined;
  const [key, certificate, plain, signed] = ["key.pem", "cert.pem", "plain.efi", "signed.efi"].map((name) => join(scratch, name)) as [
    string,
    string,
    string,
    string,
  ];
  await run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-keyout", key, "-out", certificate]);
  return async (program: Uint8Array): Promise<Buffer> => {
    await writeFile(plain, program);
    await rm(signed, { force: true });
    await run(["osslsigncode", "sign", "-certs", certificate, "-key", key, "-in", plain, "-out", signed]);
    return readFile(signed);
  };
}

async function installerHere(): Promise<string | undefined> {
  const found = await run(["sh", "-c", "command -v grub-install"], { okCodes: [0, 1, 127] });
  return found.exitCode === 0 ? found.stdout.trim() : undefined;
}

async function noRealOne(): Promise<string | undefined> {
  return (await noChroot()) ?? ((await installerHere()) === undefined ? "there is no grub-install here (package grub2-common)" : undefined);
}

/** `/` on ext4, this machine's own programs below /usr, and an EFI system partition. */
async function realMachine(name: string) {
  const root = join(scratch, name);
  await using made = new AsyncDisposableStack();
  const mount = async (...words: readonly string[]) => {
    await run(["mount", ...words]);
    made.defer(async () => void (await run(["umount", words.at(-1)!])));
  };
  const image = async (file: string, bytes: number) => {
    await run(["truncate", "-s", `${bytes}`, file]);
    await run(["mkfs.ext4", "-q", "-F", file]);
  };
  await mkdir(root);
  await image(`${root}.img`, 256 * 2 ** 20);
  await mount("-o", "loop", `${root}.img`, root);
  for (const path of ["boot/efi", "boot/grub", "proc", "sys", "dev", "run", "usr", "etc", ".upper", ".work"])
    await mkdir(join(root, path), { recursive: true });
  for (const path of ["lib", "lib64", "sbin", "bin"]) await symlink(`usr/${path}`, join(root, path));
  await mount("-t", "overlay", "-o", `lowerdir=/usr,upperdir=${root}/.upper,workdir=${root}/.work`, "overlay", join(root, "usr"));
  await copyFile((await installerHere())!, join(root, "usr/sbin/grub-install"));
  await image(`${root}-efi.img`, 64 * 2 ** 20);
  await seemFat(`${root}-efi.img`);
  await mount("-t", "ext4", "-o", "loop", `${root}-efi.img`, join(root, "boot/efi"));
  await rm(join(root, "boot/efi/lost+found"), { recursive: true });
  const uuid = (await run(["blkid", "-o", "value", "-s", "UUID", `${root}.img`])).stdout.trim();
  const kept = made.move();
  return { root, uuid, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/**
 * Test machines' kernels know no FAT, and GRUB's installer takes nothing else: in front of ext4's superblock stand a FAT's boot sector and
 * the beginning of its table, and its root directory is where ext4 has nothing but zeros.
 */
async function seemFat(file: string): Promise<void> {
  await using device = await open(file, "r+");
  const head = Buffer.alloc(1024);
  head.set([0xeb, 0x3c, 0x90]);
  head.write("mkfs.fat", 3);
  head.writeUInt16LE(512, 11);
  head.set([8], 13);
  head.writeUInt16LE(1, 14);
  head.set([1], 16);
  head.writeUInt16LE(16, 17);
  head.set([0xf8], 21);
  head.writeUInt16LE(0xffff, 22);
  head.writeUInt32LE((await device.stat()).size / 512, 32);
  head.set([0x80, 0, 0x29], 36);
  head.write("NO NAME    FAT16   ", 43);
  head.set([0x55, 0xaa], 510);
  head.set([0xf8, 0xff, 0xff, 0xff], 512);
  await device.write(head, 0, head.length, 0);
}
