// The plan of a restore: what it refuses to write over, and the steps that it takes.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BIOS_MACHINE, UEFI_MACHINE, withLayout } from "../machine/machine-for-tests.ts";
import type { Disk, Layout, Machine } from "../machine/model.ts";
import { describeStep } from "./describe-step.ts";
import { planRestore, type PlanInput } from "./plan-restore.ts";
import type { Plan } from "./plan.ts";
import type { FoundContent, PresentDisk } from "./present-disk.ts";
import { GIB, ownDisk, presentDisk } from "./present-disks-for-tests.ts";

const TOTALS = { paths: 13_000, contentBytes: 900_000_000, frames: 250, volumes: 1, streamBytes: 950_000_000, storedBytes: 400_000_000 };
const NO_OPTIONS = { map: new Map(), excluded: [], wipe: [] };

function plan(present: readonly PresentDisk[], input: Partial<PlanInput> = {}): Plan {
  const machine = input.machine ?? BIOS_MACHINE;
  const manifest = { id: "web1-20261121T194500Z", totals: TOTALS };
  return planRestore({ machine, manifest, present, firmware: machine.firmware.kind, options: NO_OPTIONS, ...input });
}

function refused(present: readonly PresentDisk[], input: Partial<PlanInput> = {}): string {
  let message = "no refusal";
  assert.throws(
    () => plan(present, input),
    (error: Error & { exitCode?: number }) => {
      message = error.message;
      return error.name === "LifeboatError" && error.exitCode === 3;
    },
  );
  return message.replace(/^Cannot plan the restore as /, "");
}

const BLANK = presentDisk({ id: "sdz", serial: "NEW" });

function withDisk(machine: Machine, disk: Partial<Disk>): Machine {
  return withLayout(machine, { disks: [{ ...machine.layout.disks[0]!, ...disk }] });
}

const RESUME = "its copy of /etc/initramfs-tools/conf.d/resume is out of date";

describe("planRestore() takes the steps", () => {
  const lines = ({ steps }: Plan) => steps.map(describeStep);
  const ROOT = 'label "root", UUID 7a61ccf8-d4dc-4a28-aa1e-bd1c6a57709c';

  test("of a BIOS machine onto a blank NVMe drive", () => {
    assert.deepEqual(lines(plan([presentDisk({ id: "nvme0n1", serial: "N1", driver: "nvme" })])), [
      "wipe /dev/nvme0n1: clear its old signatures",
      "partition /dev/nvme0n1: MBR with 3 partitions",
      `make ext4 on /dev/nvme0n1p2: 3.0 GiB, ${ROOT}`,
      "make xfs on /dev/nvme0n1p3: 500 MiB, UUID b4946635-dd96-462a-a002-414401064400",
      "make swap on /dev/nvme0n1p4: UUID 249e68a9-c50c-45e4-9da8-d3d7d7f62d63",
      "mount /dev/nvme0n1p2 at /",
      "mount /dev/nvme0n1p3 at /srv",
      "extract 13000 paths, 906 MiB",
      "see that the boot loader's configuration names none of /dev/sda2, /dev/sda3, /dev/sda4, and put UUIDs in their place where it does",
      `see that the initramfs can start from nvme, and make it again when it cannot, or when ${RESUME}`,
      "install GRUB on /dev/nvme0n1",
      "set inode flags",
      "read all 13000 paths back from the disks and compare them",
      "note in the restored system that it was restored",
      "unmount everything",
    ]);
  });

  describe("of a machine whose disk", () => {
    const initramfs = (drivers: readonly string[], before: Partial<Disk["identity"]>) => {
      const machine = withDisk(withLayout(BIOS_MACHINE, { swaps: [] }), {
        identity: { ...BIOS_MACHINE.layout.disks[0]!.identity, ...before },
      });
      const { disk, ...rest } = presentDisk({ id: "sdb" });
      const present = { ...rest, disk: { ...disk, identity: { ...disk.identity, driver: drivers[1], drivers } } };
      return lines(plan([present], { machine })).filter((line) => /initramfs/.test(line));
    };
    const see = (drivers: string) => [`see that the initramfs can start from ${drivers}, and make it again when it cannot`];
    const [ahci, uas] = [
      ["sd", "ahci"],
      ["sd", "uas", "xhci_hcd"],
    ];
    const cases: readonly (readonly [what: string, lines: readonly string[], expected: readonly string[]])[] = [
      ["is reached as before: no more", initramfs(ahci, {}), []],
      ["is reached by fewer drivers: no more", initramfs(ahci, { drivers: ["sd", "ahci", "pcieport"] }), []],
      ["is on another bus: all of them", initramfs(uas, { driver: "uas", drivers: ["sd", "uas", "ehci-pci"] }), see("sd, uas, xhci_hcd")],
      ["was on virtio: sd too", initramfs(ahci, { driver: "virtio_blk", drivers: ["virtio_blk", "virtio-pci"] }), see("sd, ahci")],
      ["has another driver, in a set that tells no more", initramfs(ahci, { driver: "ata_piix", drivers: [] }), see("sd, ahci")],
      ["has the same driver, in a set that tells no more", initramfs(ahci, { driver: "ahci", drivers: [] }), []],
    ];
    for (const [what, found, expected] of cases) test(what, () => assert.deepEqual(found, expected));
  });

  test("of a UEFI machine onto its own disk under another name", () => {
    assert.deepEqual(lines(plan([ownDisk(UEFI_MACHINE, "sdq")], { machine: UEFI_MACHINE })), [
      "wipe /dev/sdq: clear its old signatures",
      "partition /dev/sdq: GPT with 4 partitions",
      'make vfat on /dev/sdq1: 64 MiB, label "ESP", UUID ABCD-1234',
      `make ext4 on /dev/sdq2: 2.9 GiB, ${ROOT}`,
      "make xfs on /dev/sdq3: 500 MiB, UUID b4946635-dd96-462a-a002-414401064400",
      "make swap on /dev/sdq4: UUID 249e68a9-c50c-45e4-9da8-d3d7d7f62d63",
      "mount /dev/sdq2 at /",
      "mount /dev/sdq3 at /srv",
      "mount /dev/sdq1 at /boot/efi",
      "extract 13000 paths, 906 MiB",
      "see that the boot loader's configuration names none of /dev/sda1, /dev/sda2, /dev/sda3, /dev/sda4, and put UUIDs in their place where it does",
      `make the initramfs again when ${RESUME}`,
      `write the firmware's boot entry "debian": \\EFI\\debian\\shimx64.efi on /dev/sdq, partition 1`,
      "set inode flags",
      "read all 13000 paths back from the disks and compare them",
      "note in the restored system that it was restored",
      "unmount everything",
    ]);
  });

  test("mounts from the root down, whatever order the machine has, and one that is part of a file system never", () => {
    const { mounts } = BIOS_MACHINE.layout;
    const [root, srv] = mounts;
    const sub = { ...root!, path: "/srv/bind", fsRoot: "/home" };
    const deep = { ...srv!, path: "/srv/a/b" };
    const { steps } = plan([BLANK], { machine: withLayout(BIOS_MACHINE, { mounts: [deep, sub, srv!, root!] }) });
    assert.deepEqual(
      steps.flatMap((step) => (step.kind === "mount" ? [`${step.device} ${step.path}`] : [])),
      ["/dev/sdz2 /", "/dev/sdz3 /srv", "/dev/sdz3 /srv/a/b"],
    );
  });

  test("a swap file is made after the files, and a file system that nobody knows is not made", () => {
    const file = { kind: "file", place: "/swapfile", uuid: "u", label: undefined, sizeBytes: GIB } as const;
    const [root, data] = BIOS_MACHINE.layout.fileSystems;
    const ntfs = { ...data!, device: "sda3", type: "ntfs", label: "Windows", parameters: { kind: "unknown" } } as const;
    const machine = withLayout(BIOS_MACHINE, {
      swaps: [file],
      fileSystems: [root!, ntfs],
      mounts: BIOS_MACHINE.layout.mounts.slice(0, 1),
    });
    const { steps, warnings } = plan([BLANK], { machine });
    assert.deepEqual(
      steps.map(({ kind }) => kind),
      [
        "wipe",
        "partition",
        "make-filesystem",
        "mount",
        "extract",
        "make-swap-file",
        "write-command-line",
        "install-boot-loader",
        "set-flags",
        "check",
        "write-mark",
        "unmount",
      ],
    );
    assert.deepEqual(warnings, [
      'sda3 held ntfs "Windows", which was not mounted: its files are not in the set, and nothing is made in its place',
    ]);
  });
});

describe("planRestore() says", () => {
  test("which disk was chosen and why, what is lost, and what is kept with the reason", () => {
    const own = ownDisk(BIOS_MACHINE, "sdb");
    const medium = presentDisk({ id: "sda", serial: "STICK", sizeBytes: 8 * GIB }, [], "it holds the set");
    const other = presentDisk({ id: "sdc", sizeBytes: GIB });
    const { matches, lost, kept, warnings } = plan([medium, own, other]);
    assert.deepEqual(matches, [
      {
        from: "sda",
        disk: {
          name: "sdb",
          path: "/dev/sdb",
          wwid: "naa.5000c500a1b2c3d4",
          serial: "WX1",
          model: "QEMU HARDDISK",
          driver: "ahci",
          drivers: ["sd", "ahci"],
          sizeBytes: 4 * GIB,
          logicalSectorBytes: 512,
        },
        reason: "same wwid",
      },
    ]);
    assert.deepEqual(lost, [
      "sdb (serial WX1): partition table 0x1a2b3c4d on sdb",
      "sdb (serial WX1): partition 1a2b3c4d-02 on sdb2",
      "sdb (serial WX1): partition 1a2b3c4d-03 on sdb3",
      "sdb (serial WX1): partition 1a2b3c4d-04 on sdb4",
      'sdb (serial WX1): ext4 "root" 7A61CCF8-D4DC-4A28-AA1E-BD1C6A57709C on sdb2',
      "sdb (serial WX1): xfs B4946635-DD96-462A-A002-414401064400 on sdb3",
      "sdb (serial WX1): swap 249e68a9-c50c-45e4-9da8-d3d7d7f62d63 on sdb4",
    ]);
    assert.deepEqual(kept, ["sda (8.0 GiB, QEMU HARDDISK, serial STICK): it holds the set", "sdc (1.0 GiB, QEMU HARDDISK, no serial)"]);
    assert.deepEqual(warnings, []);
  });

  test("that a blank disk has nothing to lose, and how much larger it is", () => {
    const { lost, warnings, changes } = plan([presentDisk({ id: "sdb", serial: "BIG", sizeBytes: 6 * GIB })], NO_RESIZE);
    assert.deepEqual(changes, []);
    assert.deepEqual(lost, ["sdb (serial BIG): nothing was found on it"]);
    assert.deepEqual(warnings, ["sdb is 2.0 GiB larger than sda was: that part stays free"]);
  });

  test("why the machine could not be called restorable, where that stands in no way", () => {
    const machine: Machine = { ...BIOS_MACHINE, bootLoader: { kind: "unknown", detail: "LILO" } };
    const { warnings, steps } = plan([BLANK], { machine });
    assert.deepEqual(warnings, ["the boot loader is none that Lifeboat can put back: LILO"]);
    assert.ok(!steps.some(({ kind }) => kind === "install-boot-loader"));
  });
});

const NO_RESIZE = { options: { ...NO_OPTIONS, noResize: true } };

const FOREIGN: FoundContent = { device: "sdb1", type: "ext4", uuid: "99999999-0000-4000-8000-000000000000", label: "photos" };
const UNKNOWN: FoundContent = { device: "sdb", type: "data of an unknown kind", uuid: undefined, label: undefined };
const HOLDS =
  "nothing may be lost that is not this machine's: disk sdb (4.0 GiB, QEMU HARDDISK, serial S1) holds data that is not this machine's,";

describe("planRestore() refuses names that no disk here has", () => {
  const options = (names: Partial<PlanInput["options"]>) => ({ options: { ...NO_OPTIONS, ...names } });
  const present = [BLANK, presentDisk({ id: "sdy", serial: "Y", wwid: "naa.5" })];
  const RULE = "every disk that is named must be here";

  test("of disks that are to be left alone", () => {
    assert.deepEqual(plan(present, options({ excluded: ["sdy"] })).matches[0]?.disk.name, "sdz");
    for (const name of ["/dev/sdy", "Y", "naa.5"]) assert.equal(plan(present, options({ excluded: [name] })).matches.length, 1);
    const says = refused(present, options({ excluded: ["sdy", "sdx", "YY"] }));
    const what = ["sdx", "YY"].map((name) => `no disk here is called "${name}", which was to be left alone`);
    assert.equal(says, `${RULE}: ${what.join("; ")}`);
  });

  test("of disks that may be overwritten: serials and wwids", () => {
    for (const name of ["Y", "naa.5", "NEW"])
      assert.equal(
        plan([BLANK, presentDisk({ id: "sdy", serial: "Y", wwid: "naa.5", sizeBytes: GIB })], options({ wipe: [name] })).matches.length,
        1,
      );
    // It allows nothing; the disk that it was given for may have died since.
    for (const name of ["sdz", "/dev/sdz", "NEVV"]) {
      const { warnings } = plan([BLANK], options({ wipe: [name] }));
      assert.ok(warnings.includes(`no disk here has the serial or wwid "${name}", which was allowed to be overwritten`), name);
    }
  });

  test("of disks that the machine's are to go to, together with all others", () => {
    const says = refused([BLANK], options({ map: new Map([["sda", "sdx"]]), excluded: ["sdw"] }));
    assert.equal(
      says,
      'every disk of the machine must have one to go to: no disk here is called "sdw", which was to be left alone; there is no disk "sdx" here',
    );
  });
});

describe("planRestore() and data of others", () => {
  const withContents = (contents: readonly FoundContent[], serial: string | undefined = "S1") =>
    presentDisk({ id: "sdb", ...(serial !== undefined && { serial }) }, contents);
  const ownTable: FoundContent = { device: "sdb", type: "partition table", uuid: "0x1A2B3C4D", label: undefined };
  const bare: FoundContent = { device: "sdb1", type: "partition", uuid: undefined, label: undefined };

  const refusals: readonly (readonly [what: string, contents: readonly FoundContent[], text: string])[] = [
    ["a file system of another machine", [FOREIGN], 'ext4 "photos" 99999999-0000-4000-8000-000000000000 on sdb1'],
    ["one among the machine's own", [ownTable, FOREIGN], 'ext4 "photos" 99999999-0000-4000-8000-000000000000 on sdb1'],
    ["what cannot be read", [UNKNOWN], "data of an unknown kind on sdb"],
    ["a table of another disk, though it holds nothing", [{ ...ownTable, uuid: "0x1a2b3c4e" }], "partition table 0x1a2b3c4e on sdb"],
    [
      "partitions without a number in a table without one",
      [{ ...ownTable, uuid: undefined }, bare],
      "partition table on sdb, partition on sdb1",
    ],
    ["a file system without a UUID on an own disk", [ownTable, { ...FOREIGN, uuid: undefined }], 'ext4 "photos" on sdb1'],
  ];
  for (const [what, contents, text] of refusals) {
    test(`refuses to lose ${what} unless its serial is named`, () => {
      assert.equal(refused([withContents(contents)]), `${HOLDS} ${text}: --wipe "S1", at the boot prompt lifeboat.wipe=S1 allows it`);
      const { matches } = plan([withContents(contents)], { options: { ...NO_OPTIONS, wipe: ["S1"] } });
      assert.deepEqual(
        matches.map(({ disk }) => disk.name),
        ["sdb"],
      );
    });
  }

  test("is not allowed by the name that the kernel gives the disk today, or by another disk's serial", () => {
    for (const name of ["sdb", "/dev/sdb", "S2", "s1", ""]) {
      assert.match(refused([withContents([FOREIGN])], { options: { ...NO_OPTIONS, wipe: [name] } }), /lifeboat\.wipe=S1 allows it$/, name);
    }
  });

  test("is allowed by the wwid, and not by a serial that two disks have", () => {
    const namespaces = [1, 2].map((number) => presentDisk({ id: `nvme0n${number}`, serial: "N", wwid: `eui.${number}` }, [FOREIGN]));
    const map = new Map([["sda", "eui.1"]]);
    const says = refused(namespaces, { options: { ...NO_OPTIONS, map, wipe: ["N"] } });
    assert.match(
      says,
      /^nothing may be lost that is not this machine's: disk nvme0n1 .*: --wipe "eui\.1", at the boot prompt lifeboat\.wipe=eui\.1 allows it$/,
    );
    assert.equal(plan(namespaces, { options: { ...NO_OPTIONS, map, wipe: ["eui.1"] } }).matches[0]?.disk.name, "nvme0n1");
  });

  test("says what to do where the disk has no name, and quotes one with a blank", () => {
    assert.match(
      refused([presentDisk({ id: "sdb" }, [FOREIGN])]),
      /it has no serial of its own to name it by: overwrite its beginning with zeros by hand$/,
    );
    assert.match(refused([withContents([FOREIGN], "QM 1")]), /: --wipe "QM 1", at the boot prompt lifeboat\.wipe=QM%201 allows it$/);
    assert.match(refused([withContents([FOREIGN], 'Q"$1')]), /: --wipe "Q\\"\\\$1", at/);
  });

  test("are not what is on the machine's own disk, in whatever case and with 0x or without", () => {
    assert.deepEqual(plan([ownDisk(BIOS_MACHINE, "sdb")]).lost.length, 7);
    assert.deepEqual(plan([withContents([ownTable, bare])]).lost.length, 2);
  });

  test("are what stands in a table that nobody numbered, though the machine's was not numbered either", () => {
    const zero = "0x00000000";
    const machine = withDisk(BIOS_MACHINE, { table: { ...BIOS_MACHINE.layout.disks[0]!.table!, id: zero } });
    for (const uuid of [zero, ""]) {
      const says = refused([withContents([{ ...ownTable, uuid }, bare])], { machine });
      assert.match(says, /holds data that is not this machine's, partition table .*on sdb, partition on sdb1/);
    }
  });
});

describe("planRestore() refuses twins", () => {
  test("the old disk beside its replacement, each thing by name", () => {
    const { contents, disk } = ownDisk(BIOS_MACHINE, "sdq");
    const old = { disk: { ...disk, identity: { ...disk.identity, wwid: "naa.other", serial: "OLD" } }, contents, lockedBecause: undefined };
    const says = refused([BLANK, old], { options: { ...NO_OPTIONS, map: new Map([["sda", "NEW"]]) } });
    assert.match(
      says,
      /^nothing may be lost that is not this machine's: disk sdq \(serial OLD\) carries what the plan will create: partition table/,
    );
    assert.match(says, /xfs B4946635-DD96-462A-A002-414401064400 on sdq3, swap \S+ on sdq4\. Take it out, or clear it$/);
  });

  test("also on disks that are locked or excluded, and when one partition was copied alone", () => {
    const copy: FoundContent = { device: "sdc5", type: "swap", uuid: "249E68A9-C50C-45E4-9DA8-D3D7D7F62D63", label: undefined };
    const excluded = presentDisk({ id: "sdc", serial: "C" }, [copy]);
    const options = { ...NO_OPTIONS, excluded: ["C"] };
    const text =
      "nothing may be lost that is not this machine's: disk sdc (serial C) carries what the plan will create: swap 249E68A9-C50C-45E4-9DA8-D3D7D7F62D63 on sdc5. Take it out, or clear it";
    assert.equal(refused([BLANK, excluded], { options }), text);
    assert.equal(refused([BLANK, { ...excluded, lockedBecause: "it holds the set" }]), text);
  });

  test("but not what has no number, and not the disk that is wiped itself", () => {
    const blankTable: FoundContent = { device: "sdc", type: "partition table", uuid: "0x00000000", label: undefined };
    assert.equal(plan([BLANK, presentDisk({ id: "sdc", sizeBytes: GIB }, [blankTable, UNKNOWN])]).kept.length, 1);
  });
});

describe("planRestore() refuses", () => {
  test("a disk with sectors of another size, and the other firmware, all in one message", () => {
    const disk = presentDisk({ id: "nvme0n1", serial: "4K", logicalSectorBytes: 4096 });
    assert.equal(
      refused([disk], { firmware: "uefi", ...NO_RESIZE }),
      "nothing may be lost that is not this machine's: disk nvme0n1 has sectors of 4096 bytes, and the machine's sda had 512; " +
        "the machine started by BIOS (partition table mbr), and this one by UEFI: switch the firmware over",
    );
  });

  const { table } = UEFI_MACHINE.layout.disks[0]!;
  /** Partitions end at 3821 MiB; GPT's copy takes 33 sectors behind them. */
  const gptBytes = 3821 * 2 ** 20 + 33 * 512;
  const sizes: readonly (readonly [what: string, machine: Machine, bytes: number])[] = [
    ["MBR", BIOS_MACHINE, 3821 * 2 ** 20],
    ["GPT with its copy at the end", UEFI_MACHINE, gptBytes],
    ["GPT with 256 entries", withDisk(UEFI_MACHINE, { table: { ...table!, entryCount: 256 } }), gptBytes + 32 * 512],
    ["GPT with 16 entries, which takes the room of 128", withDisk(UEFI_MACHINE, { table: { ...table!, entryCount: 16 } }), gptBytes],
    ["no table", withDisk(BIOS_MACHINE, { table: undefined, id: "sda" }), 4 * GIB],
  ];
  for (const [what, machine, bytes] of sizes) {
    test(`a disk that is too small by one byte for ${what}, where nothing may be resized`, () => {
      const [root] = machine.layout.mounts;
      const alone = machine.layout.disks[0]!.table === undefined;
      const [ext] = machine.layout.fileSystems;
      const able = alone
        ? withLayout(machine, { mounts: [{ ...root!, device: "sda" }], fileSystems: [{ ...ext!, device: "sda" }], swaps: [] })
        : machine;
      assert.equal(plan([presentDisk({ id: "sdb", sizeBytes: bytes })], { machine: able, ...NO_RESIZE }).matches.length, 1);
      const says = refused([presentDisk({ id: "sdb", sizeBytes: bytes - 1 })], { machine: able, ...NO_RESIZE });
      assert.match(says, new RegExp(`needs ${bytes} bytes, and the largest, sdb, has ${bytes - 1}: 1 bytes are missing$`));
    });
  }

  const { fileSystems, mounts } = BIOS_MACHINE.layout;
  const unmakeable: readonly (readonly [what: string, layout: Partial<Layout>, problem: string])[] = [
    ["a machine without disks", { disks: [] }, "the machine has no disk"],
    ["a machine without a root", { mounts: mounts.slice(1) }, 'no whole file system is mounted at "/"'],
    [
      "a root that is only a part of a file system",
      { mounts: [{ ...mounts[0]!, fsRoot: "/@" }] },
      'no whole file system is mounted at "/"',
    ],
    [
      "a mounted file system of a kind that cannot be made",
      { fileSystems: [{ ...fileSystems[0]!, type: "btrfs", parameters: { kind: "unknown" } }, fileSystems[1]!] },
      'how "/" (ext4 on sda2) was made is not known',
    ],
    [
      "a mount of what is no file system of the machine",
      { fileSystems: fileSystems.slice(0, 1) },
      'how "/srv" (xfs on sda3) was made is not known',
    ],
  ];
  for (const [what, layout, problem] of unmakeable) {
    test(`${what} before it looks for disks`, () => {
      assert.equal(
        refused([BLANK], { machine: withLayout(BIOS_MACHINE, layout) }),
        `every file system that was mounted must be made again: ${problem}`,
      );
    });
  }

  test("a file system that is on no partition", () => {
    const stray = withLayout(BIOS_MACHINE, { fileSystems: [...fileSystems, { ...fileSystems[1]!, device: "vg/home", uuid: "another" }] });
    assert.equal(refused([BLANK], { machine: stray }), 'every file system must be on a disk of the machine: "vg/home" is on none');
  });
});
