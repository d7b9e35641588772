// What mdadm, cryptsetup and LVM are told, so that they make the same again.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ARRAY, GROUP, LUKS, LUKS_HEADER, VOLUME } from "../machine/stack-for-tests.ts";
import type { ArrayShape, LogicalVolume, RaidArray, VolumeForm } from "../machine/stacked-device.ts";
import { arrayCommand, closeCommand, groupCommands, headerCommands, luksCommands, volumeCommands, type Command } from "./stack-commands.ts";

const MIB = 2 ** 20;
/** Without what is told every time. */
const short = (command: Command) => command.join(" ").replace(/ --yes --config activation\{.*?\} backup\{.*?\} devices\{.*?\}/, "");

describe("arrayCommand()", () => {
  const made = (level: string, shape: Partial<ArrayShape>, members = 2, spares: readonly string[] = []) =>
    short(
      arrayCommand({
        kind: "create-array",
        device: "/dev/md0",
        array: { ...ARRAY, level, shape: { ...ARRAY.shape!, ...shape } },
        members: ["/dev/vda1", "/dev/vdb1", "/dev/vdc1", "/dev/vdd1"].slice(0, members),
        spares,
      }),
    );
  const head = (level: string, metadata: string, count: number) =>
    `mdadm --create /dev/md0 --run --quiet --level=${level} --metadata=${metadata} --raid-devices=${count}`;
  const uuid = "--uuid=5c1d2bf4:8a6e40f9:9a556c1a:3c5d0e77";

  test("keeps UUID, name, bitmap, size and place of data", () => {
    assert.equal(
      made("raid1", { hasBitmap: true }),
      `${head("raid1", "1.2", 2)} ${uuid} --name=0 --homehost=web1 --bitmap=internal --size=921600K --data-offset=1024K /dev/vda1 /dev/vdb1`,
    );
  });

  test("has spares, and words for those that were missing", () => {
    assert.equal(
      made("raid5", { deviceCount: 4, chunkBytes: 65536, layout: "left-symmetric", memberBytes: 0, name: undefined }, 3, ["/dev/vde1"]),
      `${head("raid5", "1.2", 4)} --spare-devices=1 ${uuid} --chunk=64K --layout=left-symmetric --bitmap=none --data-offset=1024K /dev/vda1 /dev/vdb1 /dev/vdc1 missing /dev/vde1`,
    );
  });

  test("tells old metadata no name and no offset, and stripes no bitmap and no size", () => {
    assert.equal(
      made("raid1", { metadata: "0.90", dataOffsetBytes: 0 }),
      `${head("raid1", "0.90", 2)} ${uuid} --bitmap=none --size=921600K /dev/vda1 /dev/vdb1`,
    );
    assert.equal(
      made("raid0", { chunkBytes: 524288, metadata: "1.0", dataOffsetBytes: 0 }),
      `${head("raid0", "1.0", 2)} ${uuid} --name=0 --homehost=web1 --chunk=512K /dev/vda1 /dev/vdb1`,
    );
  });

  test("marks members that are write-mostly, and keeps a partial parity log", () => {
    const members = ["sda1", "sdb1", "sdc1"];
    const command = (more: Partial<RaidArray>) =>
      arrayCommand({
        kind: "create-array",
        device: "/dev/md0",
        array: { ...ARRAY, members, ...more },
        members: members.map((id) => `/dev/${id}`),
        spares: [],
      }).join(" ");
    assert.match(command({ writeMostly: ["sdb1", "sdc1"] }), / \/dev\/sda1 --write-mostly \/dev\/sdb1 \/dev\/sdc1$/);
    assert.match(command({ writeMostly: ["sda1"] }), / \/dev\/sda1 \/dev\/sdb1 \/dev\/sdc1$/);
    assert.match(command({ level: "raid5", hasPpl: true }), / --consistency-policy=ppl (?!.*--bitmap)/);
  });

  test("refuses one that nobody knows", () => {
    const step = { kind: "create-array", device: "/dev/md0", array: { ...ARRAY, shape: undefined }, members: [], spares: [] } as const;
    assert.throws(() => arrayCommand(step), { exitCode: 3, message: /^Cannot make "md0" as how it was made must be known/ });
  });
});

test("headerCommands() wipes the device and puts a header from a file there", () => {
  assert.deepEqual(headerCommands("/dev/vda3", "/tmp/h").map(short), [
    "wipefs --all --force --quiet /dev/vda3",
    "cryptsetup luksHeaderRestore --batch-mode /dev/vda3 --header-backup-file /tmp/h",
  ]);
});

describe("luksCommands()", () => {
  const made = (header: Partial<typeof LUKS_HEADER>) =>
    luksCommands({ kind: "create-luks", device: "/dev/vda3", luks: { ...LUKS, header: { ...LUKS_HEADER, ...header } } }).map(short);
  const format = "cryptsetup luksFormat --batch-mode --force-password --key-file=-";
  const uuid = "--uuid=a652cb0d-66a5-4a0e-a09a-b106fdf49af7";
  const open = "cryptsetup open --type=luks --key-file=- /dev/vda3 safe";

  test("keeps version, UUID, cipher, sectors, label and the place of data", () => {
    assert.deepEqual(made({ label: "the safe", sectorBytes: 4096 }), [
      `${format} --type=luks2 ${uuid} --cipher=aes-xts-plain64 --key-size=512 --hash=sha256 --sector-size=4096 --pbkdf=argon2id --offset=32768 --label=the safe /dev/vda3`,
      open,
    ]);
    assert.deepEqual(made({ version: 1, cipher: "aes-cbc-essiv:sha256", keyBits: 256, dataOffsetBytes: 2 * MIB }), [
      `${format} --type=luks1 ${uuid} --cipher=aes-cbc-essiv:sha256 --key-size=256 --hash=sha256 --offset=4096 /dev/vda3`,
      open,
    ]);
  });
});

describe("groupCommands()", () => {
  const made = (startBytes: number, tags: readonly string[] = []) =>
    groupCommands({
      kind: "create-volume-group",
      group: { ...GROUP, tags, physicalVolumes: GROUP.physicalVolumes.map((one) => ({ ...one, startBytes })) },
      devices: ["/dev/md0"],
    }).map(short);
  const physical = "lvm pvcreate --force --force --uuid=b7rxqW-1n4F-Sl4f-3XIv-0bFd-vd3h-n2f9bQ --norestorefile";

  test("keeps UUIDs of physical volumes, the size of extents, and where they begin", () => {
    assert.deepEqual(made(MIB, ["a", "b"]), [
      `${physical} --dataalignment=1048576b /dev/md0`,
      "lvm vgcreate --physicalextentsize=4194304b --addtag a --addtag b vg0 /dev/md0",
    ]);
    // Older LVM began earlier: a mebibyte later the last extent would be missing.
    assert.equal(made(192 * 1024)[0], `${physical} --dataalignment=196608b --metadatasize=192512b /dev/md0`);
  });
});

describe("volumeCommands()", () => {
  const places = new Map([
    ["md0", "/dev/md0"],
    ["sdb", "/dev/vdb"],
    ["sdc", "/dev/vdc"],
  ]);
  const made = (form: VolumeForm, more: Partial<LogicalVolume> = {}) =>
    volumeCommands({ kind: "create-logical-volume", volume: { ...VOLUME, form, ...more }, extentBytes: 4 * MIB, places }).map(short);
  const create = "lvm lvcreate --name root";

  test("one piece after the other, each on its own physical volumes", () => {
    const segment = { extents: 10, stripes: 1, stripeBytes: undefined, on: ["md0"] };
    const striped = { extents: 20, stripes: 2, stripeBytes: 65536, on: ["sdb", "sdc"] };
    assert.deepEqual(made({ type: "segments", segments: [segment, striped, segment] }), [
      `${create} --extents=10 vg0 /dev/md0`,
      "lvm lvextend --stripes=2 --stripesize=65536b --extents=+20 vg0/root /dev/vdb /dev/vdc",
      "lvm lvextend --stripes=1 --extents=+10 vg0/root /dev/md0",
    ]);
  });

  test("LVM's own RAID", () => {
    const raid = { type: "raid", regionBytes: undefined, on: ["sdb", "sdc"] } as const;
    assert.deepEqual(made({ ...raid, level: "raid1", dataStripes: 1, copies: 2, stripeBytes: undefined, regionBytes: 2 * MIB }), [
      `${create} --type=raid1 --extents=100 --mirrors=1 --regionsize=2097152b vg0 /dev/vdb /dev/vdc`,
    ]);
    assert.deepEqual(made({ ...raid, level: "raid5_ls", dataStripes: 2, copies: 1, stripeBytes: 65536 }, { tags: ["t"] }), [
      `${create} --addtag t --type=raid5_ls --extents=100 --stripes=2 --stripesize=65536b vg0 /dev/vdb /dev/vdc`,
    ]);
  });

  test("thin pools and what is in them", () => {
    const pool: VolumeForm = {
      type: "thin-pool",
      chunkBytes: 131072,
      metadataBytes: 8 * MIB,
      zero: false,
      discards: "ignore",
      on: ["md0"],
    };
    assert.deepEqual(made(pool), [
      `${create} --type=thin-pool --extents=100 --chunksize=131072b --poolmetadatasize=8388608b --zero=n --discards=ignore vg0 /dev/md0`,
    ]);
    assert.deepEqual(made({ type: "thin", pool: "vg0/pool", origin: undefined }), [
      `${create} --type=thin --virtualsize=419430400b --thinpool=pool vg0`,
    ]);
  });

  test("no snapshot", () => {
    assert.throws(() => made({ type: "other", word: "snapshot" }), { exitCode: 3, message: /must be known: it is snapshot$/ });
  });
});

test("LVM sees the devices of the group alone: the machine's old disk may be there too, with the same names and UUIDs", () => {
  const config = groupCommands({ kind: "create-volume-group", group: GROUP, devices: ["/dev/md0", "/dev/mapper/a.b"] }).map(
    (command) => / filter=(\[.*?\])\}/.exec(command.join(" "))?.[1],
  );
  const filter = String.raw`["a|^/dev/md0$|","a|^/dev/mapper/a\\.b$|","r|.*|"]`;
  assert.deepEqual(config, [filter, filter]);
});

test("closeCommand() takes each apart, volumes with their group", () => {
  const on = ["/dev/md0"];
  assert.deepEqual(
    [
      closeCommand(ARRAY, "/dev/md0", []),
      closeCommand(LUKS, "/dev/vda3", []),
      closeCommand(GROUP, "", on),
      closeCommand(VOLUME, "", on),
    ].map((command) => command && short(command)),
    ["mdadm --stop /dev/md0", "cryptsetup close safe", "lvm vgchange --activate=n vg0", undefined],
  );
});
