// Which devices are imaged: NTFS of the machine's own disks when all is said, others when they are named, and nothing that is in use.
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { run } from "#os/exec";
import { withImages } from "../machine/device-image.ts";
import type { MountedSystem } from "../machine/inspect-mounts.ts";
import { disk, forest, mapped, part } from "../machine/lsblk-for-tests.ts";
import { UEFI_MACHINE, withLayout } from "../machine/machine-for-tests.ts";
import type { Disk, Machine, Partition } from "../machine/model.ts";
import { devicesOn, ownLayout } from "../machine/own-layout.ts";
import { GROUP, VOLUME } from "../machine/stack-for-tests.ts";
import { chooseImages, type ImageChoice } from "./choose-images.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-choose-"));
after(() => rm(scratch, { recursive: true }));
const PATH = process.env["PATH"];

/** First in the path, whatever this system has. */
async function fakeTool(script: string): Promise<void> {
  await writeFile(join(scratch, "ntfsclone"), `#!/bin/sh\n${script}\n`);
  await chmod(join(scratch, "ntfsclone"), 0o755);
  process.env["PATH"] = `${scratch}:${PATH}`;
}
await fakeTool("echo ntfsclone v1 >&2");

const [FIRST] = UEFI_MACHINE.layout.disks;
const [SOME] = FIRST!.table!.partitions;
const partition = (id: string, more: Partial<Partition> = {}): Partition => ({
  ...SOME!,
  id,
  number: Number(/\d+$/.exec(id)?.[0]),
  ...more,
});
const withPartitions = (id: string, partitions: readonly Partition[]): Disk => ({ ...FIRST!, id, table: { ...FIRST!.table!, partitions } });

/** / on sda1; beside it a Windows and much else. Of sdb nothing is mounted. */
const sda = ["sda1", "sda2", "sda3", "sda4", "sda5", "sda6", "sda7"].map((id) => partition(id, id === "sda7" ? { role: "extended" } : {}));
const sdb = ["sdb1", "sdb2"].map((id) => partition(id));
const ROOT = { ...UEFI_MACHINE.layout.fileSystems[1]!, device: "sda1" };
const MACHINE: Machine = withLayout(UEFI_MACHINE, {
  disks: [withPartitions("sda", sda), withPartitions("sdb", sdb)],
  stack: [
    { ...GROUP, id: "vg", physicalVolumes: [{ ...GROUP.physicalVolumes[0]!, device: "sda5" }] },
    { ...VOLUME, id: "vg/win", volumeGroup: "vg" },
  ],
  fileSystems: [ROOT, { ...ROOT, device: "sda2", type: "ntfs", uuid: "1" }, { ...ROOT, device: "vg/win", type: "ntfs", uuid: "2" }],
  swaps: [{ kind: "partition", place: "sda4", uuid: undefined, label: undefined, sizeBytes: 1 }],
  mounts: [{ path: "/", device: "sda1", type: "ext4", options: [], fsRoot: "/" }],
});

const size = { size: 1000 };
const SYSTEM: MountedSystem = {
  devices: forest(
    disk(
      "sda",
      { ...part("sda1", "ext4"), ...size },
      { ...part("sda2", "ntfs"), ...size, label: "Windows" },
      { ...part("sda3", "ntfs"), ...size },
      { ...part("sda4", "swap"), ...size },
      { ...part("sda5", "LVM2_member", mapped("vg-win", ["dm-0", "lvm"])), ...size },
      { name: "sda6", type: "part", ...size },
      { name: "sda7", type: "part", ...size },
    ),
    disk("sdb", { ...part("sdb1", "ntfs"), ...size }, { ...part("sdb2", "vfat"), ...size }),
  ).map((device) => withVolume(device)),
  mounts: [mountOf("/dev/sda1", "/"), mountOf("/dev/sda3", "/mnt/other")],
  swaps: [],
};

function withVolume(device: MountedSystem["devices"][number]): typeof device {
  const children = device.children.map(withVolume);
  return device.type === "lvm" ? { ...device, children, fsType: "ntfs", sizeBytes: 2000 } : { ...device, children };
}

function mountOf(source: string, target: string): MountedSystem["mounts"][number] {
  return { source, target, majorMinor: "0:99", fsType: "fuseblk", options: [], fsRoot: "/" } as unknown as MountedSystem["mounts"][number];
}

async function chosen(words: readonly string[], more: Partial<ImageChoice> = {}) {
  const { layout } = ownLayout(MACHINE, () => true).machine;
  const ownDevices = new Set([...layout.disks.flatMap(devicesOn), ...layout.stack.map(({ id }) => id)]);
  const images = await chooseImages({ words, layout: MACHINE.layout, ownDevices, system: SYSTEM, isExcluded: () => false, ...more });
  return images.map(({ path, image }) => `${image.device} ${path} ${image.method} ${image.sizeBytes} ${image.file} ${image.tool}`);
}

const WINDOWS = "sda2 /dev/sda2 ntfsclone 1000 images/sda2 ntfsclone v1";
const VOLUME_TOO = "vg/win /dev/mapper/vg-win ntfsclone 2000 images/vg-win ntfsclone v1";

describe("chooseImages()", () => {
  test("takes nothing unless something is said, and all NTFS that nothing uses on the machine's own disks for all", async () => {
    assert.deepEqual([await chosen([]), await chosen(["none"])], [[], []]);
    assert.deepEqual(await chosen(["all"]), [WINDOWS, VOLUME_TOO]);
    assert.deepEqual(await chosen(["all"], { isExcluded: (device) => device === "sda2" }), [VOLUME_TOO]);
  });

  test("takes what is named by any name, once, by ntfsclone where it is NTFS and block by block where it is not", async () => {
    assert.deepEqual(await chosen(["/dev/disk/by-label/Windows", "/dev/sda2", "all", "/dev/vg/win"]), [WINDOWS, VOLUME_TOO]);
    const raw = (await chosen(["/dev/sda6", "/dev/sdb2"])).map((line) => line.replace(/ dd .*/, ""));
    assert.deepEqual(raw, ["sda6 /dev/sda6 raw 1000 images/sda6", "sdb2 /dev/sdb2 raw 1000 images/sdb2"]);
  });

  test("takes used blocks of what partclone knows, and every block where it is not installed", async () => {
    const place =
      (fsType: string) =>
      (device: MountedSystem["devices"][number]): typeof device => ({
        ...device,
        children: device.children.map((child) => (child.kernelName === "sdb2" ? { ...child, fsType } : child)),
      });
    const methodOf = async (fsType: string) =>
      (await chosen(["/dev/sdb2"], { system: { ...SYSTEM, devices: SYSTEM.devices.map(place(fsType)) } }))[0]
        ?.split(" ")
        .slice(2)
        .join(" ");
    const program = join(scratch, "partclone.exfat");
    await writeFile(program, "#!/bin/sh\necho 'Partclone : v1'\n");
    await chmod(program, 0o755);
    try {
      assert.equal(await methodOf("exfat"), "partclone.exfat 1000 images/sdb2 Partclone : v1");
      assert.match((await methodOf("ext4")) ?? "", /^raw /);
    } finally {
      await rm(program);
    }
    if ((await run(["partclone.exfat", "--version"]).catch(() => undefined)) === undefined) {
      assert.match((await methodOf("exfat")) ?? "", /^raw /);
    }
  });

  test("takes busybox's dd too, which a rescue system has", async () => {
    const busybox = join(scratch, "dd");
    await writeFile(busybox, "#!/bin/sh\necho 'BusyBox v1 multi-call binary.' >&2; exit 1\n");
    await chmod(busybox, 0o755);
    try {
      assert.deepEqual(await chosen(["/dev/sda6"]), ["sda6 /dev/sda6 raw 1000 images/sda6 BusyBox v1 multi-call binary."]);
    } finally {
      await rm(busybox);
    }
  });

  for (const [word, message] of [
    ["/dev/nope", "there is none of that name on a disk of this machine"],
    ["sda2", "there is none of that name on a disk of this machine"],
    ["/dev/sda1", 'it is mounted at "/"'],
    ["/dev/sda3", 'it is mounted at "/mnt/other"'],
    ["/dev/sda4", "it is swap, which is made again"],
    ["/dev/sda5", "/dev/mapper/vg-win stands on it"],
    ["/dev/sda7", "it is an extended partition, which other partitions are in"],
    ["/dev/sdb", "/dev/sdb1 stands on it"],
  ] as const) {
    test(`refuses ${word}: ${message}`, async () => {
      const whole = `Cannot take an image of "${word}" as it must be a partition or volume that nothing uses: ${message}`;
      await assert.rejects(chosen([word]), { exitCode: 2, message: whole });
    });
  }

  test("refuses what is excluded too, and none beside others", async () => {
    await assert.rejects(chosen(["/dev/sda2"], { isExcluded: () => true }), { exitCode: 2, message: /: --exclude leaves it out$/ });
    await assert.rejects(chosen(["none", "all"]), { exitCode: 2, message: /as none stands alone/ });
  });

  test("refuses when the program does not run, and names its package", async () => {
    await fakeTool("echo no library >&2; exit 127");
    try {
      await assert.rejects(chosen(["all"]), {
        exitCode: 3,
        message: /image of "sda2" as ntfsclone must run here/,
        hint: /package ntfs-3g/,
      });
    } finally {
      await fakeTool("echo ntfsclone v1 >&2");
    }
  });
});

test("a disk of which something is named comes back, with what stands on it", () => {
  const image = { device: "sdb1", method: "ntfsclone", tool: "", sizeBytes: 1, file: "images/sdb1" } as const;
  const disksOf = (machine: Machine) => ownLayout(machine, () => true).machine.layout.disks.map(({ id }) => id);
  assert.deepEqual(disksOf(MACHINE), ["sda"]);
  assert.deepEqual(disksOf({ ...MACHINE, layout: withImages(MACHINE.layout, [image]) }), ["sda", "sdb"]);
});
