import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseFindmnt } from "./parse-findmnt.ts";

const guest = readFileSync(join(import.meta.dirname, "fixtures/mounts/guest-with-udev/findmnt.json"), "utf8");

test("parseFindmnt() lists real mounts in their order, subvolumes and bind mounts among them", () => {
  const mounts = parseFindmnt(guest);
  assert.deepEqual(
    mounts.filter((mount) => mount.source.startsWith("/")).map(({ target, source, fsType, fsRoot }) => [target, source, fsType, fsRoot]),
    [
      ["/", "/dev/vda3", "ext4", "/"],
      ["/boot", "/dev/md0", "ext4", "/"],
      ["/boot/efi", "/dev/vda2", "vfat", "/"],
      ["/home", "/dev/mapper/vg0-home", "xfs", "/"],
      ["/vault", "/dev/mapper/safe", "ext4", "/"],
      ["/data", "/dev/vdd", "btrfs", "/"],
      ["/srv", "/dev/vdd", "btrfs", "/@www"],
      ["/opt", "/dev/mapper/vg0-home", "xfs", "/"],
      ["/media/cdrom", "/dev/sr0", "iso9660", "/"],
    ],
  );
  const root = mounts.find((mount) => mount.target === "/");
  assert.deepEqual([root?.label, root?.majorMinor, root?.options], ["root disk", "254:3", ["rw", "relatime"]]);
  assert.ok((root?.usedBytes ?? 0) > 0 && (root?.usedBytes ?? 0) < (root?.sizeBytes ?? 0));
});

test("parseFindmnt() takes no output for no mounts, and fields that are missing for unknown", () => {
  assert.deepEqual(parseFindmnt("\n"), []);
  assert.deepEqual(parseFindmnt('{"filesystems": [{"target": "/mnt/a b", "source": "host:/share", "size": "12", "used": null}]}'), [
    {
      target: "/mnt/a b",
      source: "host:/share",
      fsType: "",
      options: [],
      label: undefined,
      uuid: undefined,
      fsRoot: "/",
      majorMinor: "",
      sizeBytes: 12,
      usedBytes: undefined,
    },
  ]);
});

test("parseFindmnt() says what is wrong with output that it cannot read", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["{", /^Cannot read findmnt's output as a JSON list of mounts: /],
    ["[]", /list of mounts: /],
    ['{"filesystems": [{"source": "x"}]}', /filesystems\.0\.target: /],
    ['{"filesystems": [{"target": "/", "size": "many"}]}', /filesystems\.0\.size: /],
  ];
  for (const [json, message] of cases) assert.throws(() => parseFindmnt(json), { name: "LifeboatError", message });
});
