// Names in /etc/fstab that would lead nowhere after the restore, and the text of the file itself.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { colonUuid } from "../machine/array-names.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { ARRAY, GROUP, VOLUME } from "../machine/stack-for-tests.ts";
import type { FstabEntry, Machine } from "../machine/model.ts";
import { changedFstab, planFstab, swapBehind, type Moves } from "./plan-fstab.ts";
import { planRestore } from "./plan-restore.ts";
import { devicePaths } from "./plan-stack.ts";
import type { Plan } from "./plan.ts";
import { ownDisk, presentDisk } from "./present-disks-for-tests.ts";
import type { PresentDisk } from "./present-disk.ts";
import { refuseUnattended } from "./unattended.ts";

const ROOT = "UUID=7a61ccf8-d4dc-4a28-aa1e-bd1c6a57709c";
const SRV = "UUID=b4946635-dd96-462a-a002-414401064400";
const SWAP = "UUID=249e68a9-c50c-45e4-9da8-d3d7d7f62d63";
const TOTALS = { paths: 1, contentBytes: 1, frames: 1, volumes: 1, streamBytes: 1, storedBytes: 1 };

type Entry = readonly [spec: string, path: string, type: string, option?: string];

function planned(entries: readonly Entry[], target: PresentDisk, layout: Partial<Machine["layout"]> = {}) {
  const fstab = entries.map(([spec, path, type, option]): FstabEntry => ({
    spec,
    path,
    type,
    options: option === undefined ? [] : [option],
  }));
  const machine = { ...BIOS_MACHINE, layout: { ...BIOS_MACHINE.layout, ...layout, fstab } };
  const options = { map: new Map(), excluded: [], wipe: [] };
  return { machine, plan: planRestore({ machine, manifest: { id: "set", totals: TOTALS }, present: [target], firmware: "bios", options }) };
}

function movesOf({ layout }: Machine, { matches }: Plan): Moves {
  return { devices: devicePaths(layout, matches), matches, replaced: new Map() };
}

function changes(entries: readonly Entry[], target: PresentDisk): readonly string[] {
  const { machine, plan } = planned(entries, target);
  const steps = planFstab(machine, movesOf(machine, plan));
  return steps.flatMap((step) => (step.kind === "write-fstab" ? step.changes.map(({ path, from, to }) => `${path}: ${from} > ${to}`) : []));
}

const NEW = presentDisk({ id: "nvme0n1", serial: "N", driver: "nvme" });
const KERNEL_NAMES = [
  ["/dev/sda2", "/", "ext4"],
  ["/dev/sda3", "/srv", "xfs"],
  ["/dev/sda4", "none", "swap"],
  ["/dev/sda", "/odd", "auto"],
  ["/dev/sdb1", "/other", "ext4"],
] as const;
const LINKS = [
  ["/dev/disk/by-id/ata-QEMU_HARDDISK_WX1-part2", "/", "ext4"],
  ["/dev/disk/by-path/pci-0000:00:05.0-ata-1-part3", "/srv", "xfs"],
  ["/dev/disk/by-id/ata-QEMU_HARDDISK_WX1-part4", "none", "swap"],
  ["/dev/disk/by-id/usb-stick-part1", "/media/stick", "vfat"],
] as const;

test("planFstab() changes the devices that btrfs is told of, and the line's own, where they are called otherwise now", () => {
  const fstab = [
    { spec: "/dev/sda3", path: "/srv", type: "btrfs", options: ["noatime", "device=/dev/sda3", "device=/dev/sdz9"] },
    { spec: ROOT, path: "/", type: "ext4", options: ["device=/dev/sda3"] },
  ];
  const { machine, plan } = planned([], NEW);
  const [step] = planFstab({ ...machine, layout: { ...machine.layout, fstab } }, movesOf(machine, plan));
  assert.ok(step?.kind === "write-fstab");
  const text = `/dev/sda3 /srv btrfs noatime,device=/dev/sda3,device=/dev/sdz9 0 0\n${ROOT} / ext4 device=/dev/sda3 0 1\n`;
  assert.equal(
    changedFstab(text, step.changes),
    `${SRV} /srv btrfs noatime,device=/dev/nvme0n1p3,device=/dev/sdz9 0 0\n${ROOT} / ext4 device=/dev/sda3 0 1\n`,
  );
});

test("planFstab() names subvolumes by their paths, as their numbers are others when they are made again", () => {
  const btrfs = (path: string, ...options: readonly string[]) => ({ spec: SRV, path, type: "btrfs", options });
  const fstab = [
    btrfs("/", "noatime", "subvolid=257"),
    btrfs("/home/", "subvolid=258", "subvol=/@home"),
    btrfs("/top", "subvolid=5"),
    btrfs("/away", "subvolid=300"),
    { spec: ROOT, path: "/other", type: "ext4", options: ["subvolid=257"] },
  ];
  const { machine, plan } = planned([], NEW);
  const mounts = [{ path: "/", device: "sda3", type: "btrfs", options: ["rw"], fsRoot: "/@" }];
  const [step] = planFstab({ ...machine, layout: { ...machine.layout, mounts, fstab } }, movesOf(machine, plan));
  assert.ok(step?.kind === "write-fstab");
  const line = ({ spec, path, type, options }: FstabEntry) => `${spec} ${path} ${type} ${options.join(",")} 0 0`;
  assert.deepEqual(changedFstab(fstab.map(line).join("\n"), step.changes).split("\n"), [
    `${SRV} / btrfs noatime,subvol=/@ 0 0`,
    `${SRV} /home/ btrfs subvol=/@home 0 0`,
    `${SRV} /top btrfs subvolid=5 0 0`,
    // What was not mounted is not known.
    `${SRV} /away btrfs subvolid=300 0 0`,
    `${ROOT} /other ext4 subvolid=257 0 0`,
  ]);
});

describe("planFstab() changes", () => {
  test("names that the kernel gave, when these are others now, to UUIDs where there are any", () => {
    assert.deepEqual(changes(KERNEL_NAMES, NEW), [
      `/: /dev/sda2 > ${ROOT}`,
      `/srv: /dev/sda3 > ${SRV}`,
      `none: /dev/sda4 > ${SWAP}`,
      "/odd: /dev/sda > /dev/nvme0n1",
    ]);
  });

  test("nothing when the names are what they were", () => assert.deepEqual(changes(KERNEL_NAMES, ownDisk(BIOS_MACHINE, "sda")), []));

  test("links that are made of a disk's bus and serial, when it is another disk, by what was mounted with them", () => {
    assert.deepEqual(changes(LINKS, NEW), [
      `/: ${LINKS[0][0]} > ${ROOT}`,
      `/srv: ${LINKS[1][0]} > ${SRV}`,
      `none: ${LINKS[2][0]} > ${SWAP}`,
    ]);
  });

  test("a link whose mount point is written with slashes at its end", () => {
    const link = "/dev/disk/by-id/ata-QEMU_HARDDISK_WX1-part3";
    assert.deepEqual(changes([[link, "/srv//", "xfs"]], NEW), [`/srv//: ${link} > ${SRV}`]);
  });

  test("a link to one of several swaps by its number, and none when that tells nothing", () => {
    const second = { ...BIOS_MACHINE.layout.swaps[0]!, place: "sda3", uuid: "11111111-2222-4333-8444-555555555555" };
    const machine = { ...BIOS_MACHINE, layout: { ...BIOS_MACHINE.layout, swaps: [...BIOS_MACHINE.layout.swaps, second] } };
    const cases = [
      ["/dev/disk/by-id/ata-QEMU_HARDDISK_WX1-part3", "sda3"],
      ["/dev/disk/by-id/ata-QEMU_HARDDISK_WX1-part4", "sda4"],
      ["/dev/disk/by-id/ata-QEMU_HARDDISK_WX1-part1", undefined],
      ["/dev/disk/by-id/ata-QEMU_HARDDISK_WX1", undefined],
    ] as const;
    for (const [link, place] of cases) assert.equal(swapBehind(machine, link), place, link);
  });

  test("no such link of the very same disk, though the kernel gives it another name", () => {
    assert.deepEqual(changes(LINKS, ownDisk(BIOS_MACHINE, "sdq")), []);
  });

  test("nothing that is found by what the restore brings back", () => {
    const kept = [
      ROOT,
      "PARTUUID=1a2b3c4d-02",
      "LABEL=root",
      "/dev/disk/by-uuid/7a61ccf8-d4dc-4a28-aa1e-bd1c6a57709c",
      "tmpfs",
      "server:/export",
    ];
    assert.deepEqual(
      changes(
        kept.map((spec) => [spec, "/", "ext4"] as const),
        NEW,
      ),
      [],
    );
  });
});

describe("a link of which nothing tells where it led", () => {
  const swap = BIOS_MACHINE.layout.swaps[0]!;
  const twoSwaps = { swaps: [swap, { ...swap, place: "sda3" }] };
  const link = "/dev/disk/by-id/ata-QEMU_HARDDISK_WX1";
  const cases: readonly (readonly [what: string, entry: Entry, use: string])[] = [
    ["a swap where two fit", [link, "none", "swap"], "as swap"],
    ["a file system that was not mounted", [`${link}-part7`, "/data", "ext4"], 'for "/data"'],
  ];
  for (const [what, [spec, path, type], use] of cases) {
    test(`is a warning, and no machine restores itself with it: ${what}`, () => {
      const line = `/etc/fstab names ${spec} ${use}, which device that was is not known: change it there by hand, or the machine may not start`;
      const made = planned([[spec, path, type]], NEW, twoSwaps);
      assert.ok(made.plan.warnings.includes(line), made.plan.warnings.join("\n"));
      const message = `Cannot restore unattended as the machine must start by itself afterwards: ${line}`;
      assert.throws(() => refuseUnattended(made), { name: "LifeboatError", exitCode: 3, message });
    });

    test(`is none where the machine starts without it, or all disks are the same: ${what}`, () => {
      for (const option of ["noauto", "nofail"]) refuseUnattended(planned([[spec, path, type, option]], NEW, twoSwaps));
      refuseUnattended(planned([[spec, path, type]], ownDisk(BIOS_MACHINE, "sdq"), twoSwaps));
    });
  }

  test("is none where it is known, or is no such link", () => refuseUnattended(planned([...KERNEL_NAMES, ...LINKS.slice(0, 3)], NEW)));
});

test("changedFstab() changes the first field of lines that have that name, and no other byte", () => {
  const text = [
    "# /dev/sda2 was the root",
    "/dev/sda2\t/\text4   errors=remount-ro 0 1 # /dev/sda2",
    "  /dev/sda2 /again ext4",
    "/dev/sda20 /twenty ext4",
    "/srv/dev/sda2 /bind none bind",
    "/dev/sda2#x /other ext4",
    "/dev/disk/by-path/pci#1-part2 /hash ext4 # \xe9",
    "",
    "#/dev/sda2 / ext4",
    "UUID=x /dev/sda2 ext4",
    "/dev/sda2",
  ].join("\n");
  const expected = text
    .replace("/dev/sda2\t/\t", () => "UUID=$&\t/\t")
    .replace("  /dev/sda2 /again", () => "  UUID=$& /again")
    .replace("/dev/disk/by-path/pci#1-part2", "UUID=y");
  const made = [
    { path: "/", from: "/dev/sda2", to: "UUID=$&" },
    { path: "/hash", from: "/dev/disk/by-path/pci#1-part2", to: "UUID=y" },
  ];
  assert.equal(changedFstab(text, made), expected);
});

test("changedFstab() knows names with blanks as fstab has them", () => {
  const text = "PARTLABEL=my\\040swap none swap sw 0 0\nLABEL=the\\040data /srv xfs noatime 0 2\n";
  const made = [
    { path: "none", from: "PARTLABEL=my swap", to: undefined },
    { path: "/srv", from: "LABEL=the data", to: "LABEL=the data", as: { type: "ext4", options: ["noatime"] } },
  ];
  const expected = "# not made again by Lifeboat: PARTLABEL=my\\040swap none swap sw 0 0\nLABEL=the\\040data /srv ext4 noatime 0 2\n";
  assert.equal(changedFstab(text, made), expected);
});

describe("a link that is made of an array's or a volume's own name leads there again, and stops no restore that nobody watches", () => {
  const { fileSystems, mounts } = BIOS_MACHINE.layout;
  const layout = {
    stack: [
      { ...ARRAY, members: ["sda3"], sizeBytes: 480 * 2 ** 20, shape: { ...ARRAY.shape!, deviceCount: 1, memberBytes: 480 * 2 ** 20 } },
      { ...GROUP, physicalVolumes: [{ ...GROUP.physicalVolumes[0]!, extents: 110 }] },
      VOLUME,
    ],
    fileSystems: fileSystems.filter(({ device }) => device !== "sda3"),
    mounts: mounts.filter(({ device }) => device !== "sda3"),
  };
  const links = {
    "an array's UUID": `md-uuid-${colonUuid(ARRAY.uuid!)}`,
    "its name": `md-name-${ARRAY.shape!.name}`,
    "a partition of it": `md-uuid-${colonUuid(ARRAY.uuid!)}-part1`,
    "a volume": "dm-name-vg0-root",
  };
  for (const [what, link] of Object.entries(links)) {
    test(what, () => {
      const entry = [`/dev/disk/by-id/${link}`, "/data", "ext4"] as const;
      const made = planned([entry], NEW, layout);
      refuseUnattended(made);
      assert.deepEqual(planFstab(made.machine, movesOf(made.machine, made.plan)), []);
      assert.throws(() => refuseUnattended(planned([entry], NEW)), /which device that was is not known/);
    });
  }
});
