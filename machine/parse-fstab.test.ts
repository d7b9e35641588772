import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFstab } from "./parse-fstab.ts";

test("parseFstab() reads entries with escapes and quotes, and skips comments, empty lines and lines without a path", () => {
  const text = [
    "# /etc/fstab: static file system information",
    "",
    "UUID=7a61ccf8-d4dc-4a28-aa1e-bd1c6a57709c / ext4 errors=remount-ro,noatime 0 1",
    "  LABEL=my\\040disk\t/srv/a\\040b\\134c xfs defaults",
    'PARTLABEL="EFI\\040System" /boot/efi vfat umask=0077 0 1',
    "/swapfile none swap sw 0 0",
    "/dev/sda9 /bare",
    "  # an indented comment",
    "alone",
  ].join("\n");
  assert.deepEqual(parseFstab(text), [
    { spec: "UUID=7a61ccf8-d4dc-4a28-aa1e-bd1c6a57709c", path: "/", type: "ext4", options: ["errors=remount-ro", "noatime"] },
    { spec: "LABEL=my disk", path: "/srv/a b\\c", type: "xfs", options: ["defaults"] },
    { spec: "PARTLABEL=EFI System", path: "/boot/efi", type: "vfat", options: ["umask=0077"] },
    { spec: "/swapfile", path: "none", type: "swap", options: ["sw"] },
    { spec: "/dev/sda9", path: "/bare", type: "auto", options: ["defaults"] },
  ]);
});
