import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKernelConfig } from "../machine/parse-kernel-config.ts";
import { checkKernelConfig, checkUnknownConfig, type KernelCheck } from "./check-kernel-config.ts";

const COMPLETE = `
CONFIG_BLK_DEV_INITRD=y
CONFIG_BINFMT_ELF=y
CONFIG_BINFMT_SCRIPT=y
CONFIG_DEVTMPFS=y
CONFIG_PROC_FS=y
CONFIG_SYSFS=y
CONFIG_TMPFS=y
CONFIG_EPOLL=y
CONFIG_EVENTFD=y
CONFIG_FUTEX=y
CONFIG_PRINTK=y
CONFIG_MODULES=y
CONFIG_BLK_DEV_LOOP=m
CONFIG_SQUASHFS=m
CONFIG_OVERLAY_FS=m
CONFIG_SQUASHFS_ZSTD=y
CONFIG_SQUASHFS_ZLIB=y
CONFIG_ISO9660_FS=m
CONFIG_BLK_DEV_SR=m
CONFIG_VFAT_FS=m
CONFIG_NLS_CODEPAGE_437=m
CONFIG_UNIX=y
CONFIG_PACKET=y
CONFIG_INET=y
CONFIG_VT_CONSOLE=y
CONFIG_SERIAL_8250_CONSOLE=y
CONFIG_RD_GZIP=y
CONFIG_RD_XZ=y
CONFIG_RD_ZSTD=y
`;
const MODULES = new Set(["loop", "squashfs", "overlay", "isofs", "sr_mod", "vfat", "nls_cp437"]);

function check(text: string, modules: ReadonlySet<string> = MODULES): KernelCheck {
  return checkKernelConfig(parseKernelConfig(text), modules);
}

test("checkKernelConfig() finds nothing wrong with a kernel that has all, built in or as modules that are there", () => {
  assert.deepEqual(check(COMPLETE), {
    findings: [],
    compressions: ["zstd", "gzip", "none"],
    squashfsCompressions: ["zstd", "gzip"],
  });
});

test("checkKernelConfig() gives each lack a severity and what it breaks", () => {
  const cases: readonly (readonly [line: string, instead: string, severity: string, breaks: RegExp])[] = [
    ["CONFIG_BLK_DEV_INITRD=y", "", "fatal", /unpacks no initramfs/],
    ["CONFIG_DEVTMPFS=y", "# CONFIG_DEVTMPFS is not set", "fatal", /device nodes/],
    ["CONFIG_TMPFS=y", "", "fatal", /file system in memory/],
    ["CONFIG_PROC_FS=y", "", "fatal", /\/proc/],
    ["CONFIG_SYSFS=y", "", "fatal", /finds no devices/],
    ["CONFIG_BLK_DEV_LOOP=m", "", "fatal", /^the tools layer cannot be mounted$/],
    ["CONFIG_SQUASHFS=m", "", "fatal", /^the tools layer cannot be mounted$/],
    ["CONFIG_OVERLAY_FS=m", "# CONFIG_OVERLAY_FS is not set", "fatal", /^the tools layer cannot be taken in$/],
    ["CONFIG_ISO9660_FS=m", "", "warning", /CDs/],
    ["CONFIG_VFAT_FS=m", "", "warning", /USB media/],
    ["CONFIG_SERIAL_8250_CONSOLE=y", "", "warning", /serial line/],
    ["CONFIG_BINFMT_SCRIPT=y", "CONFIG_BINFMT_SCRIPT=m", "warning", /it is a module and must be built in$/],
    ["CONFIG_RD_ZSTD=y", "", "note", /^the image is compressed with gzip instead of zstd$/],
    ["CONFIG_SQUASHFS_ZSTD=y", "", "note", /^the image is compressed with gzip instead of zstd$/],
    ["CONFIG_VT_CONSOLE=y", "", "note", /screen/],
  ];
  for (const [line, instead, severity, breaks] of cases) {
    const { findings } = check(COMPLETE.replace(`${line}\n`, `${instead}\n`));
    assert.deepEqual(
      findings.map((finding) => [finding.option, finding.severity]),
      [[line.replace(/=.*/, ""), severity]],
    );
    assert.match(findings[0]?.breaks ?? "", breaks);
  }
});

test("checkKernelConfig() names the module that an option promises and the tree does not have", () => {
  const findings = check(COMPLETE, new Set([...MODULES].filter((name) => !["squashfs", "overlay"].includes(name)))).findings;
  const lack = (name: string, option: string, what: string) => {
    return { severity: "fatal", option, breaks: `the tools layer cannot be ${what}: its module "${name}" is not in the module tree` };
  };
  assert.deepEqual(findings, [lack("squashfs", "CONFIG_SQUASHFS", "mounted"), lack("overlay", "CONFIG_OVERLAY_FS", "taken in")]);
});

test("checkKernelConfig() takes the serial console that the architecture has", () => {
  assert.deepEqual(check(COMPLETE.replace("SERIAL_8250", "SERIAL_AMBA_PL011")).findings, []);
});

test("checkKernelConfig() stores the image uncompressed when not both layers can be unpacked, and refuses a squashfs without codec", () => {
  const texts = (text: string) => check(text).findings.map(({ severity, option, breaks }) => `${severity}: ${option}: ${breaks}`);
  const unlike = COMPLETE.replace(/CONFIG_(RD|SQUASHFS)_ZSTD=y\n/g, "").replace("CONFIG_RD_GZIP=y\n", "");
  assert.deepEqual([check(unlike).compressions, check(unlike).squashfsCompressions], [["none"], ["gzip"]]);
  assert.deepEqual(texts(unlike), ["note: CONFIG_RD_ZSTD: the image is stored uncompressed instead of zstd"]);
  const bare = COMPLETE.replace(/CONFIG_(RD|SQUASHFS)_\w+=y\n/g, "");
  assert.deepEqual([check(bare).compressions, check(bare).squashfsCompressions], [["none"], []]);
  assert.deepEqual(texts(bare), ["fatal: CONFIG_SQUASHFS_ZSTD: the kernel can read no squashfs"]);
});

test("checkUnknownConfig() takes gzip for granted and says that nothing was checked", () => {
  const unknown = checkUnknownConfig();
  assert.deepEqual([unknown.compressions, unknown.findings.map((finding) => finding.severity)], [["gzip", "none"], ["note"]]);
});
