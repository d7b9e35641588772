import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fillContent } from "./inspect-mounts.ts";
import { formatMountlist, formatMountlistFile, makeMountlist, type MountlistRow } from "./mountlist.ts";
import { parseBlkid } from "./parse-blkid.ts";
import { parseFindmnt } from "./parse-findmnt.ts";
import { parseLsblk } from "./parse-lsblk.ts";

function fixture(name: string, file: string): string {
  return readFileSync(join(import.meta.dirname, "fixtures/mounts", name, file), "utf8");
}

function rowsOf(name: string): readonly MountlistRow[] {
  const devices = fillContent(parseLsblk(fixture(name, "lsblk.json")), parseBlkid(fixture(name, "blkid")));
  return makeMountlist(devices, parseFindmnt(fixture(name, "findmnt.json")));
}

const MIB = 1 << 20;

function row(device: string, mountpoint: string, format: string, [sizeMiB, labelOrUuid = ""]: readonly [number, string?]): MountlistRow {
  return { device, mountpoint, format, sizeBytes: sizeMiB * MIB, labelOrUuid };
}

/** "The MondoRescue project", the answer of `mindi --makemountlist` on a Mandriva 2008.1. */
const PAPER = `DEVICE	Mountpoint	Format	Size	Label/UUID
/dev/sda1	/	ext3	1239	
/dev/sdb1	/home	ext2	476937	/home
/dev/sda8	/tmp	ext3	1129	
/dev/sda6	/usr	ext3	12033	
/dev/sda7	/var	ext3	4235	
/dev/sda5	swap	swap	980	
`;

const GUEST = `DEVICE	Mountpoint	Format	Size	Label/UUID
/dev/sda1	raid	raid	100	
/dev/md0	/boot	ext4	99	boot
/dev/vda2	/boot/efi	vfat	32	ESP
/dev/vda3	/	ext4	221	root disk
/dev/vdb1	swap	swap	64	swap1
/dev/vdb5	none	ext4	40	UUID=249e68a9-c50c-45e4-9da8-d3d7d7f62d63
/dev/vdb6	luks	luks	60	UUID=a652cb0d-66a5-4a0e-a09a-b106fdf49af7
/dev/mapper/safe	/vault	ext4	44	vault
/dev/vdc	lvm	lvm	512	
/dev/mapper/vg0-home	/home	xfs	lvm	home
/dev/mapper/vg0-swap--2	swap	swap	lvm	UUID=b4946635-dd96-462a-a002-414401064400
/dev/vdd	/data	btrfs	160	pool
/dev/nvme0n1p1	raid	raid	100	
`;

test("formatMountlist() prints the table as MondoRescue's paper shows it", () => {
  const rows = [
    row("/dev/sda1", "/", "ext3", [1239.4]),
    row("/dev/sdb1", "/home", "ext2", [476937, "/home"]),
    row("/dev/sda8", "/tmp", "ext3", [1129.9]),
    row("/dev/sda6", "/usr", "ext3", [12033]),
    row("/dev/sda7", "/var", "ext3", [4235]),
    row("/dev/sda5", "swap", "swap", [980]),
  ];
  assert.equal(formatMountlist(rows), PAPER);
});

test("makeMountlist() tells LVM, RAID, LUKS, swap and file systems of a real machine, with and without udev", () => {
  assert.equal(formatMountlist(rowsOf("guest-with-udev")), GUEST);
  assert.equal(formatMountlist(rowsOf("guest-without-udev")), GUEST);
});

test("formatMountlistFile() writes mountlist.txt: blanks between, KiB, no header", () => {
  const rows = rowsOf("guest-with-udev").filter(({ device }) => /vda|vdc|home/.test(device));
  const expected = [
    "/dev/vda2 /boot/efi vfat 32768 ESP",
    "/dev/vda3 / ext4 226304 root\\040disk",
    "/dev/vdc lvm lvm 524288",
    "/dev/mapper/vg0-home /home xfs lvm home",
  ];
  assert.equal(formatMountlistFile(rows), `${expected.join("\n")}\n`);
  assert.equal(formatMountlistFile([]), "");
});

test("no name breaks a row: separators in it are written as fstab writes them", () => {
  const odd = [row("/dev/sda1", "/a b\tc", "ext4", [1, "x\\040\ny"])];
  assert.equal(formatMountlistFile(odd), "/dev/sda1 /a\\040b\\011c ext4 1024 x\\134040\\012y\n");
  assert.equal(formatMountlist(odd).split("\n")[1], "/dev/sda1\t/a b\\011c\text4\t1\tx\\134040\\012y");
});

test("makeMountlist() leaves out memory, loop devices, optical discs and partitions without content", () => {
  const devices = parseLsblk(
    JSON.stringify({
      blockdevices: [
        { name: "zram0", type: "disk", size: 1, fstype: "swap", mountpoint: "[SWAP]" },
        { name: "loop0", type: "loop", size: 1, fstype: "squashfs", mountpoint: "/snap" },
        { name: "sr0", type: "rom", size: 1, fstype: "udf" },
        { name: "sdb", type: "disk", size: 1, fstype: "iso9660", label: "INSTALL" },
        { name: "sda", type: "disk", size: 3 * MIB, children: [{ name: "sda1", type: "part", size: MIB, fstype: null }] },
        { name: "vda", type: "disk", size: 5 * MIB, fstype: null, "maj:min": "254:0" },
      ],
    }),
  );
  const mounts = parseFindmnt(
    '{"filesystems": [{"target": "/", "source": "/dev/root", "fstype": "ext4", "maj:min": "254:0", "label": "r"}]}',
  );
  assert.deepEqual(makeMountlist(devices, mounts), [row("/dev/vda", "/", "ext4", [5, "r"])]);
  assert.deepEqual(makeMountlist([], []), []);
});
