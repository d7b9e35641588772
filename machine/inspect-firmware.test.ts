import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { inspectBootLoader, inspectFirmware } from "./inspect-firmware.ts";
import { BIOS_MACHINE, UEFI_MACHINE } from "./machine-for-tests.ts";
import type { Layout } from "./model.ts";

const directory = await mkdtemp(join(tmpdir(), "lifeboat-firmware-"));
after(() => rm(directory, { recursive: true }));

let trees = 0;

/** A directory with these files, empty. */
async function makeRoot(...files: readonly string[]): Promise<string> {
  const root = join(directory, String(trees++));
  await mkdir(root);
  for (const file of files) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), "");
  }
  return root;
}

/** The disk under another name: whatever disk the tests run on, its first sector is not to be read. */
function apart(layout: Layout): Layout {
  return { ...layout, disks: layout.disks.map((disk) => ({ ...disk, id: "no-such-disk" })) };
}

const UEFI = { firmware: UEFI_MACHINE.firmware, layout: apart(UEFI_MACHINE.layout), currentEntry: "0002", systemId: "debian" };
const ESP = ["boot/efi/EFI/debian/shimx64.efi", "boot/efi/EFI/debian/grub.cfg", "boot/efi/EFI/BOOT/BOOTX64.EFI"];

test("inspectBootLoader() finds GRUB's directory and what is on the EFI system partition", async () => {
  const prefix = await makeRoot(
    "boot/grub/grub.cfg",
    ...ESP,
    "boot/efi/EFI/Microsoft/Boot/bootmgfw.efi",
    "boot/efi/EFI/ubuntu/grubx64.efi",
  );
  assert.deepEqual(await inspectBootLoader({ ...UEFI, prefix }), {
    kind: "grub",
    directory: "/boot/grub",
    biosDisks: [],
    biosTools: { installer: undefined, modules: undefined },
    efi: { mountPoint: "/boot/efi", device: "sda1", vendorDirectory: "debian", files: ["EFI/debian/shimx64.efi", "EFI/BOOT/BOOTX64.EFI"] },
  });
});

test("inspectBootLoader() finds what installs GRUB for BIOS, by its own place where directories are links, and nothing where a part is missing", async () => {
  const tools = async (prefix: string) => {
    const loader = await inspectBootLoader({ ...UEFI, prefix });
    return loader.kind === "grub" ? [loader.biosTools.installer, loader.biosTools.modules] : [];
  };
  const parts = (directory: string) => ["modinfo.sh", "boot.img", "kernel.img"].map((name) => `${directory}/${name}`);
  const debian = await makeRoot("boot/grub/grub.cfg", "usr/sbin/grub-install", ...parts("usr/lib/grub/i386-pc"));
  assert.deepEqual(await tools(debian), ["/usr/sbin/grub-install", "/usr/lib/grub/i386-pc"]);
  const suse = await makeRoot("boot/grub2/grub.cfg", "usr/sbin/grub2-install", ...parts("usr/share/grub2/i386-pc"));
  assert.deepEqual(await tools(suse), ["/usr/sbin/grub2-install", "/usr/share/grub2/i386-pc"]);
  const arch = await makeRoot("boot/grub/grub.cfg", "usr/bin/grub-install", ...parts("usr/lib/grub/i386-pc").slice(1));
  await symlink("bin", join(arch, "usr/sbin"));
  assert.deepEqual(await tools(arch), ["/usr/bin/grub-install", undefined]);
});

test("inspectBootLoader() takes the directory that the machine was started from, else the one of the system's name, else the first with GRUB", async () => {
  const prefix = await makeRoot("boot/grub2/grub.cfg", ...["alma", "debian", "fedora"].map((name) => `boot/efi/efi/${name}/grubx64.efi`));
  const vendor = async (currentEntry: string | undefined, systemId: string) => {
    const loader = await inspectBootLoader({ ...UEFI, currentEntry, systemId, prefix });
    return loader.kind === "grub" ? loader.efi?.vendorDirectory : undefined;
  };
  assert.equal(await vendor("0002", "fedora"), "debian");
  assert.equal(await vendor("0000", "fedora"), "fedora");
  assert.equal(await vendor(undefined, "gentoo"), "alma");
});

test("inspectBootLoader() names LILO, by its configuration where no other loader has one", async () => {
  const bios = { ...UEFI, firmware: { kind: "bios" }, layout: apart(BIOS_MACHINE.layout) } as const;
  const lilo = await inspectBootLoader({ ...bios, prefix: await makeRoot("etc/lilo.conf", "boot/map") });
  assert.deepEqual(lilo, { kind: "unknown", detail: "LILO, by its /etc/lilo.conf" });
  const left = await inspectBootLoader({ ...bios, prefix: await makeRoot("etc/lilo.conf", "boot/grub/grub.cfg") });
  assert.equal(left.kind, "grub");
});

test("inspectBootLoader() lists kernels that hold their initramfs", async () => {
  const prefix = await makeRoot("boot/grub/grub.cfg", ...ESP, "boot/efi/EFI/Linux/debian-6.1.efi", "boot/efi/EFI/Linux/notes.txt");
  const loader = await inspectBootLoader({ ...UEFI, prefix });
  assert.deepEqual(loader.kind === "grub" ? loader.efi?.unifiedKernels : loader, ["EFI/Linux/debian-6.1.efi"]);
});

test("inspectBootLoader() knows systemd-boot, beside GRUB only when the machine was started by it", async () => {
  const files = ["boot/efi/EFI/BOOT/BOOTX64.EFI", "boot/efi/EFI/systemd/systemd-bootx64.efi"];
  const loader = {
    kind: "systemd-boot",
    efi: {
      mountPoint: "/boot/efi",
      device: "sda1",
      vendorDirectory: "systemd",
      files: ["EFI/systemd/systemd-bootx64.efi", "EFI/BOOT/BOOTX64.EFI"],
    },
  };
  assert.deepEqual(await inspectBootLoader({ ...UEFI, prefix: await makeRoot(...files) }), loader);
  const both = await makeRoot(...files, ...ESP.slice(0, 2), "boot/grub/grub.cfg");
  assert.equal((await inspectBootLoader({ ...UEFI, prefix: both })).kind, "grub");
  const entry = { number: "0009", label: "Linux Boot Manager", active: true, partitionUuid: undefined, devicePath: "" };
  assert.ok(UEFI.firmware.kind === "uefi");
  const firmware = {
    ...UEFI.firmware,
    entries: [...UEFI.firmware.entries, { ...entry, loaderPath: "\\EFI\\systemd\\systemd-bootx64.efi" }],
  };
  assert.deepEqual(await inspectBootLoader({ ...UEFI, firmware, currentEntry: "0009", prefix: both }), loader);
});

test("inspectBootLoader() knows extlinux on BIOS, and what installs it", async () => {
  const bios = { firmware: BIOS_MACHINE.firmware, layout: apart(BIOS_MACHINE.layout), currentEntry: undefined, systemId: "debian" };
  const files = ["boot/extlinux/ldlinux.sys", "boot/extlinux/extlinux.conf"];
  const whole = await makeRoot(...files, "usr/bin/extlinux", "usr/lib/EXTLINUX/mbr.bin", "usr/lib/EXTLINUX/gptmbr.bin");
  assert.deepEqual(await inspectBootLoader({ ...bios, prefix: whole }), {
    kind: "extlinux",
    directory: "/boot/extlinux",
    disk: "no-such-disk",
    installer: "/usr/bin/extlinux",
    bootCode: "/usr/lib/EXTLINUX/mbr.bin",
  });
  const loader = await inspectBootLoader({ ...bios, prefix: await makeRoot(...files) });
  assert.deepEqual([loader.kind, loader.kind === "extlinux" && loader.installer], ["extlinux", undefined]);
  assert.equal((await inspectBootLoader({ ...UEFI, prefix: whole })).kind, "unknown");
});

test("inspectBootLoader() says what it found where it is none of these", async () => {
  const other = await makeRoot("boot/efi/EFI/BOOT/BOOTX64.EFI", "boot/efi/EFI/refind/refind_x64.efi");
  assert.deepEqual(await inspectBootLoader({ ...UEFI, prefix: other }), {
    kind: "unknown",
    detail: "no grub.cfg in /boot/grub or /boot/grub2; /boot/efi/EFI holds BOOT/BOOTX64.EFI, refind/refind_x64.efi",
  });
  const none = { firmware: BIOS_MACHINE.firmware, layout: apart(BIOS_MACHINE.layout), currentEntry: undefined, systemId: "debian" };
  assert.deepEqual(await inspectBootLoader({ ...none, prefix: await makeRoot() }), {
    kind: "unknown",
    detail: "no grub.cfg in /boot/grub or /boot/grub2",
  });
});

test("inspectBootLoader() leaves an ESP out that holds no GRUB, and a partition of FAT in its place in", async () => {
  const prefix = await makeRoot("boot/grub/grub.cfg", "boot/efi/EFI/Microsoft/Boot/bootmgfw.efi");
  const without = await inspectBootLoader({ ...UEFI, prefix });
  assert.deepEqual([without.kind, without.kind === "grub" && without.efi], ["grub", undefined]);
  const layout: Layout = { ...UEFI.layout, disks: [] };
  const wrongType = await inspectBootLoader({ ...UEFI, layout, prefix: await makeRoot("boot/grub/grub.cfg", ...ESP) });
  assert.deepEqual(wrongType.kind === "grub" && wrongType.efi?.device, "sda1");
});

test("inspectFirmware() goes by /sys/firmware/efi, and reads Secure Boot from its variable", async () => {
  assert.deepEqual(await inspectFirmware(await makeRoot()), { firmware: { kind: "bios" }, current: undefined });
  const sys = await makeRoot("firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c");
  const secureBoot = async () => {
    const { firmware } = await inspectFirmware(sys);
    return firmware.kind === "uefi" && firmware.secureBoot;
  };
  assert.equal(await secureBoot(), false);
  await writeFile(join(sys, "firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"), Uint8Array.from([6, 0, 0, 0, 1]));
  assert.equal(await secureBoot(), true);
});
