import assert from "node:assert/strict";
import { test } from "node:test";
import { BIOS_MACHINE, UEFI_MACHINE, withLayout, withSrv } from "../machine/machine-for-tests.ts";
import type { Machine } from "../machine/model.ts";
import { ARRAY, GROUP, LUKS, OTHER, VOLUME } from "../machine/stack-for-tests.ts";
import type { StackedDevice } from "../machine/stacked-device.ts";
import { restorableReasons } from "./restorable.ts";

test("restorableReasons() finds nothing against GRUB on BIOS with an MBR and on UEFI with a GPT, Secure Boot or not", () => {
  assert.deepEqual([BIOS_MACHINE, UEFI_MACHINE].map(restorableReasons), [[], []]);
});

const ON_PARTITION = { members: ["sda3"], spares: [] };

/** Each with what it stands on before it, and the last one holds /srv. */
const REBUILT: readonly (readonly StackedDevice[])[] = [
  [{ ...ARRAY, ...ON_PARTITION }],
  [LUKS],
  [{ ...ARRAY, ...ON_PARTITION }, GROUP, VOLUME],
  [
    { ...ARRAY, ...ON_PARTITION },
    GROUP,
    {
      ...VOLUME,
      form: { type: "raid", level: "raid1", dataStripes: 1, copies: 2, stripeBytes: undefined, regionBytes: undefined, on: [] },
    },
  ],
];

for (const stack of REBUILT) {
  test(`restorableReasons() has nothing against ${stack.map(({ kind }) => kind).join(", ")}`, () => {
    assert.deepEqual(restorableReasons(withSrv({ device: stack.at(-1)!.id }, { stack })), []);
  });
}

const STACKS: readonly (readonly [stacked: StackedDevice, reason: string])[] = [
  [{ ...ARRAY, ...ON_PARTITION, shape: undefined }, '"/srv" is on array "md0" (raid1), whose metadata is none that Lifeboat makes'],
  [{ ...ARRAY, ...ON_PARTITION, level: "multipath" }, '"/srv" is on array "md0" (multipath): that level is not rebuilt'],
  [{ ...LUKS, header: undefined, problem: "its header is cut off" }, '"/srv" is on encrypted volume "safe", and its header is cut off'],
  [{ ...OTHER, on: ["sda3"] }, '"/srv" is on "mpatha" of type mpath: that is not rebuilt'],
];

for (const [stacked, reason] of STACKS) {
  test(`restorableReasons() names what is wrong with storage of kind ${stacked.kind}: ${reason}`, () => {
    assert.deepEqual(restorableReasons(withSrv({ device: stacked.id }, { stack: [stacked] })), [reason]);
  });
}

test("restorableReasons() names what is wrong with LVM, below a volume too", () => {
  const group = { ...GROUP, physicalVolumes: GROUP.physicalVolumes.map((one) => ({ ...one, device: "sda3" })) };
  const srv = (stack: readonly StackedDevice[]) => restorableReasons(withSrv({ device: VOLUME.id }, { stack }));
  assert.deepEqual(srv([group, VOLUME]), []);
  assert.deepEqual(srv([{ ...group, problem: "a physical volume of it is missing" }, VOLUME]), [
    `"/srv" is on LVM group "vg0": a physical volume of it is missing`,
  ]);
  assert.deepEqual(srv([group, { ...VOLUME, form: { type: "other", word: "cache" } }]), [
    '"/srv" is on LVM volume "vg0/root": what is cache is not rebuilt',
  ]);
  assert.deepEqual(srv([GROUP, VOLUME]), [
    '"/srv" is on "vg0/root", which is on no disk that Lifeboat can describe (sfdisk tells what is: package fdisk or util-linux)',
  ]);
});

const PLACES: readonly (readonly [name: string, machine: Machine, reasons: readonly string[]])[] = [
  [
    "a file system on no disk",
    withSrv({ device: "mpathb" }),
    ['"/srv" is on "mpathb", which is on no disk that Lifeboat can describe (sfdisk tells what is: package fdisk or util-linux)'],
  ],
  [
    "a type that is not rebuilt",
    withSrv({ type: "bcachefs", parameters: { kind: "unknown" } }),
    ['"/srv" is bcachefs: bcachefs is not rebuilt yet'],
  ],
  [
    "a pool on no device once",
    withSrv({ device: "tank/srv", type: "zfs", parameters: { kind: "unknown" } }),
    ['"/srv" is zfs: zfs is not rebuilt yet'],
  ],
  [
    "a tool that is missing",
    withSrv({ parameters: { kind: "unknown" } }),
    ['"/srv" is xfs, and xfs_info (package xfsprogs) did not tell how it was made, or its log is on another device'],
  ],
  [
    "a part of a file system",
    withLayout(BIOS_MACHINE, {
      mounts: BIOS_MACHINE.layout.mounts.map((mount) => (mount.path === "/srv" ? { ...mount, fsRoot: "/www" } : mount)),
    }),
    ['"/srv" shows only "/www" of the file system on "sda3": the rest of it is not mounted'],
  ],
  [
    "swap on what is not rebuilt",
    withLayout(BIOS_MACHINE, {
      stack: [{ ...LUKS, id: "vg0/swap", header: undefined, problem: "its header is cut off" }],
      swaps: [{ kind: "partition", place: "vg0/swap", uuid: undefined, label: undefined, sizeBytes: 1 }],
    }),
    ['swap is on encrypted volume "vg0/swap", and its header is cut off'],
  ],
  [
    "no root",
    withLayout(BIOS_MACHINE, { mounts: [] }),
    [`"/" is not among the mounted file systems that are on this machine's disks (lsblk and findmnt tell them: package util-linux)`],
  ],
  [
    "another architecture",
    { ...BIOS_MACHINE, system: { ...BIOS_MACHINE.system, architecture: "aarch64" } },
    ["the architecture is aarch64: only x86_64 is rebuilt yet"],
  ],
];

const GRUB = BIOS_MACHINE.bootLoader as Extract<Machine["bootLoader"], { kind: "grub" }>;
const GRUB_TOOLS = GRUB.biosTools;

const BOOTS: typeof PLACES = [
  [
    "an unknown boot loader",
    { ...BIOS_MACHINE, bootLoader: { kind: "unknown", detail: "no grub.cfg in /boot/grub or /boot/grub2" } },
    ["the boot loader is none that Lifeboat can put back: no grub.cfg in /boot/grub or /boot/grub2"],
  ],
  [
    "no boot sector with GRUB",
    { ...BIOS_MACHINE, bootLoader: { kind: "grub", directory: "/boot/grub", biosDisks: [], biosTools: GRUB_TOOLS, efi: undefined } },
    ["GRUB is in /boot/grub, and no disk's first sector starts it"],
  ],
  [
    "GRUB on BIOS without what installs it",
    { ...BIOS_MACHINE, bootLoader: { ...GRUB, biosTools: { installer: undefined, modules: undefined } } },
    [
      "GRUB's installer (grub-install or grub2-install): without it nothing starts the restored machine, and it is not there, or is left out (Debian: package grub-pc)",
      "GRUB's parts for BIOS (modinfo.sh, boot.img, kernel.img in /usr/lib/grub/i386-pc or /usr/share/grub2/i386-pc or /usr/lib/grub2/i386-pc): without it " +
        "nothing starts the restored machine, and it is not there, or is left out (Debian: package grub-pc)",
    ],
  ],
  [
    "GRUB for BIOS on a GPT without a place for it",
    {
      ...UEFI_MACHINE,
      firmware: { kind: "bios" },
      bootLoader: { kind: "grub", directory: "/boot/grub", biosDisks: ["sda"], biosTools: GRUB_TOOLS, efi: undefined },
    },
    ['GRUB starts from disk "sda", which has a GPT and no BIOS boot partition: it cannot be installed there again'],
  ],
  [
    "UEFI without a mounted ESP",
    {
      ...withLayout(UEFI_MACHINE, { mounts: BIOS_MACHINE.layout.mounts }),
      bootLoader: { kind: "grub", directory: "/boot/grub", biosDisks: [], biosTools: GRUB_TOOLS, efi: undefined },
    },
    ["the machine starts by UEFI, and no EFI system partition is mounted"],
  ],
  [
    "an ESP without GRUB",
    { ...UEFI_MACHINE, bootLoader: { kind: "grub", directory: "/boot/grub", biosDisks: ["sda"], biosTools: GRUB_TOOLS, efi: undefined } },
    ['the machine starts by UEFI, and there is no GRUB in "/boot/efi/EFI"'],
  ],
];

for (const [name, machine, reasons] of [...PLACES, ...BOOTS]) {
  test(`restorableReasons() names ${name}`, () => assert.deepEqual(restorableReasons(machine), reasons));
}
