// A small machine restored from its set onto a real file system, its own programs run in it, and every file read back.
import assert from "node:assert/strict";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { chmod, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { run } from "#os/exec";
import { exists } from "#os/files";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { GROUP } from "../machine/stack-for-tests.ts";
import { readFrames } from "../set/open-set.ts";
import { attachDisk, detachDisk, LAST_STEPS, planOnto, skipsWithoutDisk } from "./disk-for-tests.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { makeFakeMachine, noChroot } from "./fake-machine-for-tests.ts";
import { mountAll, unmountAll } from "./mount-all.ts";
import type { Plan, TargetDisk } from "./plan.ts";
import { restoreMachine } from "./restore-machine.ts";
import { NOTHING_GONE } from "./plan-gone-words.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-whole-"));
const [tree, root, log, programs] = ["tree", "root", "log", "programs"].map((name) => join(scratch, name)) as [
  string,
  string,
  string,
  string,
];
/** A directory of the machine that the system which restores it has not. */
const FAR = `/${basename(scratch)}`;
const MIB = 2 ** 20;
const LVM_DEVICES = "/etc/lvm/devices/system.devices";
const RELEASE = "6.1.0-13-amd64";
let set: TreeSet;
let loop: string | undefined;
const whyNot = await noChroot();

/** What real ones do to directories, besides their work. */
const PROGRAMS = {
  "/usr/sbin/update-initramfs": `mkdir /var/tmp/mkinitramfs_1; rmdir /var/tmp/mkinitramfs_1; mkdir -p /var/cache/x; rm -r /var/cache/x; echo kernel/nvme.ko > /boot/initrd.img-$3`,
  "/usr/bin/lsinitramfs": 'busybox cat "$1"',
  "/usr/sbin/grub-install": "echo new > /boot/grub/i386-pc/core.img; echo env > /boot/grub/grubenv",
};
const FILES = {
  "/etc/fstab": "/dev/sda2 / ext4\n",
  "/etc/initramfs-tools/modules": "",
  [LVM_DEVICES]: "IDTYPE=devname IDNAME=/dev/sda3 DEVNAME=/dev/sda3 PVID=x\n",
  "/var/tmp/": "",
  "/var/cache/": "",
  [`/lib/modules/${RELEASE}/`]: "",
  [`/boot/initrd.img-${RELEASE}`]: "kernel/ahci.ko\n",
  "/boot/grub/grub.cfg": "menu\n",
  "/boot/grub/i386-pc/core.img": "old",
  "/boot/grub/i386-pc/normal.mod": "module",
  "/boot/efi/EFI/debian/shimx64.efi": "shim",
  [`${FAR}/log/syslog`]: "line\n",
};

before(async () => {
  await makeFakeMachine(tree, {
    files: FILES,
    programs: PROGRAMS,
    links: { "/var/log": `${FAR}/log`, "/sbin": "/usr/sbin", ...busyboxLinks("mkdir", "rmdir", "rm") },
  });
  await run(["sh", "-c", "find . -type d -exec touch -d '2001-02-03 04:05:06.789 UTC' {} +; chattr +i var/cache"], { cwd: tree });
  set = await archiveTree(tree, join(scratch, "set"), { machine: BIOS_MACHINE });
  await mkdir(root);
  await writeFile(log, "what was done\n", { mode: 0o644 });
  loop = await attachDisk(join(scratch, "image"), 64);
  // The firmware of this machine must never be asked.
  await mkdir(programs);
  await writeFile(join(programs, "efibootmgr"), "#!/bin/sh\nexit 1\n");
  await chmod(join(programs, "efibootmgr"), 0o755);
  process.env["PATH"] = `${programs}:${process.env["PATH"]}`;
});
after(async () => {
  await detachDisk(loop);
  await run(["chattr", "-i", join(tree, "var/cache")]);
  await rm(scratch, { recursive: true });
});

function busyboxLinks(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(["busybox", ...names].map((name) => [`/usr/bin/${name}`, "/bin/busybox"]));
}

function thePlan(): Plan {
  const device = loop!;
  const disk: TargetDisk = { ...BLANK, name: device.slice(5), path: device };
  return planOnto({ device, setId: set.manifest.id, sizeMiB: 64, inodeCount: 1024 }, [
    { kind: "make-swap-file", path: "/var/swap", uuid: undefined, label: undefined, sizeBytes: MIB },
    { kind: "write-fstab", changes: [{ path: "/", from: "/dev/sda2", to: "UUID=x" }] },
    // A group that is not there: LVM cannot list what it is on.
    {
      kind: "write-lvm-devices",
      file: LVM_DEVICES,
      stale: ["x"],
      groups: [{ group: { ...GROUP, id: "lifeboat-none" }, devices: [device] }],
    },
    { kind: "check-initramfs", drivers: ["nvme"], copies: [], gone: NOTHING_GONE },
    { kind: "install-boot-loader", directory: "/boot/grub", disks: [disk] },
    {
      kind: "write-boot-entry",
      disk,
      partition: 1,
      partitionUuid: undefined,
      label: "debian",
      loaderPath: "\\EFI\\debian\\shimx64.efi",
      mountPoint: "/boot/efi",
    },
    ...LAST_STEPS,
  ]);
}

const BLANK = {
  wwid: undefined,
  serial: undefined,
  model: undefined,
  driver: undefined,
  drivers: [],
  sizeBytes: 64 * MIB,
  logicalSectorBytes: 512,
};

interface Meddling {
  /** Does something to the files when the last of them has been written. */
  readonly spoil?: () => void;
}

async function restore({ spoil }: Meddling = {}) {
  const said: string[] = [];
  const environment: RestoreEnvironment = {
    root,
    say(line) {
      said.push(line);
      if (/set inode flags/.test(line)) spoil?.();
    },
    note: () => undefined,
    progress: () => undefined,
    release: async () => undefined,
    nowMs: () => 0,
    now: () => "2026-11-22T00:00:00.000Z",
    logPath: log,
  };
  const gate = { frames: await readFrames(set), mode: "full", damaged: new Set<number>(), lost: [] } as const;
  const request = { set, machine: BIOS_MACHINE, plan: thePlan(), gate, mayResume: false, check: true };
  try {
    return { said, report: await restoreMachine(request, environment) };
  } finally {
    await unmountAll(thePlan(), environment);
  }
}

/** Looks at the restored file system. */
async function lookAt<T>(look: () => Promise<T>): Promise<T> {
  const environment = { root } as RestoreEnvironment;
  await mountAll(thePlan(), environment, "ro");
  try {
    return await look();
  } finally {
    await unmountAll(thePlan(), environment);
  }
}

function skips(context: TestContext): boolean {
  return skipsWithoutDisk(context, loop, whyNot);
}

const OWN = [
  "/var/swap",
  "/etc/fstab",
  "/etc/.fstab.before-test-20261121T194500Z",
  LVM_DEVICES,
  "/etc/lvm/devices/.system.devices.before-test-20261121T194500Z",
  "/etc/initramfs-tools/modules",
  `/boot/initrd.img-${RELEASE}`,
  "/boot/grub/grubenv",
  "/boot/grub/i386-pc/core.img",
  "/boot/efi/EFI/BOOT",
  "/boot/efi/EFI/BOOT/BOOTX64.EFI",
  "/.lifeboat",
  `${FAR}/log/lifeboat-restore.log`,
];

describe("a restored machine", () => {
  test("has nothing that differs, wherever programs made and took away files of their own", async (context) => {
    if (skips(context)) return;
    const { said, report } = await restore();
    assert.deepEqual([report.differences, report.lost], [[], []]);
    assert.deepEqual([report.remarks.length, said.includes(`lifeboat: ${report.remarks[0]}`)], [1, true]);
    assert.ok(report.remarks[0]!.startsWith(`${LVM_DEVICES} was moved to `));
    // All but the list that was moved aside.
    assert.equal(report.checked, set.manifest.totals.paths - 1);
    assert.deepEqual(
      report.changed.map(({ path }) => path),
      OWN,
    );
    // Those that were in the set.
    assert.deepEqual(
      report.changed.filter(({ differs }) => differs).map(({ path }) => path),
      ["/etc/fstab", LVM_DEVICES, "/etc/initramfs-tools/modules", `/boot/initrd.img-${RELEASE}`, "/boot/grub/i386-pc/core.img"],
    );
  });

  test("has the times of all its directories, those too in which the mark and the log were written at the end", async (context) => {
    if (skips(context)) return;
    await restore();
    const times = await lookAt(async () => {
      const list = (await run(["find", ".", "-type", "d", "-printf", "%p %T@\n"], { cwd: root })).stdout.trimEnd().split("\n");
      return list.filter((line) => !line.endsWith(" 981173106.7890000000")).map((line) => line.replace(/ .*/, ""));
    });
    assert.deepEqual(times.sort(), ["./.lifeboat", "./boot/efi/EFI/BOOT", "./lost+found"]);
  });

  test("has the log where its own link to /var/log leads, for root alone, and the rescue system has none there", async (context) => {
    if (skips(context)) return;
    await restore();
    assert.equal(await exists(FAR), false);
    await lookAt(async () => {
      const place = join(root, FAR, "log/lifeboat-restore.log");
      assert.equal(await readFile(place, "utf8"), "what was done\n");
      assert.equal((await lstat(place)).mode & 0o7777, 0o600);
    });
  });

  test("differs where GRUB's own files are damaged that its installer does not write", async (context) => {
    if (skips(context)) return;
    const spoil = () => {
      writeFileSync(join(root, "boot/grub/grub.cfg"), "menX\n");
      rmSync(join(root, "boot/grub/i386-pc/normal.mod"));
      appendFileSync(join(root, "boot/grub/i386-pc/core.img"), "its own");
    };
    const { report } = await restore({ spoil });
    const differing = [...new Set(report.differences.map(({ path }) => path))];
    assert.deepEqual(differing.sort(), ["/boot/grub/grub.cfg", "/boot/grub/i386-pc/normal.mod"]);
  });
});

describe("a log that cannot be copied is a remark, and no failure:", () => {
  const cases: readonly (readonly [what: string, spoil: () => void | Promise<void>, remark: RegExp])[] = [
    [
      "the directory is in a circle of links",
      () => {
        rmSync(join(root, "var/log"));
        return symlink("/var/log", join(root, "var/log"));
      },
      /its links must lead somewhere: they lead in a circle$/,
    ],
    [
      "its name is a link, which is not followed",
      () => symlink("/etc/fstab", join(root, FAR, "log/lifeboat-restore.log")),
      /log\/lifeboat-restore\.log" as it must be a file: it is a symlink$/,
    ],
    [
      "the directory is a file",
      () => {
        rmSync(join(root, "var/log"));
        return writeFile(join(root, "var/log"), "");
      },
      /^Cannot make the directory ".*\/var\/log"/,
    ],
  ];
  for (const [what, spoil, remark] of cases) {
    test(what, async (context) => {
      if (skips(context)) return;
      const { said, report } = await restore({ spoil: () => void spoil() });
      const start = "lifeboat: the log was not copied into the restored system: ";
      const line = said.find((one) => one.startsWith(start)) ?? "";
      assert.match(line.slice(start.length), remark);
      assert.equal(
        report.changed.some(({ why }) => /log/.test(why)),
        false,
      );
      assert.match(await lookAt(() => readFile(join(root, ".lifeboat/restored.json"), "utf8")), /"set": "test-20261121T194500Z"/);
    });
  }
});
