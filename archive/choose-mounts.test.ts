// Which mounts go into a set, as a table; the names under which a store is seen.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Mount } from "../machine/parse-findmnt.ts";
import { chooseMounts, namesOf, networkMounts, type MountRules } from "./choose-mounts.ts";

const mount = (target: string, fsType: string, source: string, more: Partial<Mount> = {}): Mount => ({
  target,
  source,
  fsType,
  options: [],
  label: undefined,
  uuid: undefined,
  fsRoot: "/",
  majorMinor: source,
  sizeBytes: undefined,
  usedBytes: undefined,
  ...more,
});

const RULES: MountRules = {
  include: ["/"],
  withoutNetwork: false,
  excludedDevices: [],
  storePath: "/mnt/usb/backup",
  fstabPaths: ["/", "/srv"],
};
const ROOT = mount("/", "ext4", "/dev/sda1");

const CASES: readonly (readonly [
  what: string,
  mount: Mount,
  rules: Partial<MountRules>,
  reason: RegExp | undefined,
  isObvious?: boolean,
])[] = [
  ["the root", ROOT, {}, undefined],
  ["the root, though it is an overlay", mount("/", "overlay", "overlay"), {}, undefined],
  ["a disk of the machine", mount("/srv", "xfs", "/dev/sdb1"), {}, undefined],
  ["proc", mount("/proc", "proc", "proc"), {}, /no files of its own/, true],
  ["a tmpfs", mount("/tmp", "tmpfs", "tmpfs"), {}, /no files of its own/, true],
  ["a tmpfs that is asked for", mount("/tmp", "tmpfs", "tmpfs"), { include: ["/tmp"] }, undefined, true],
  ["a disk below /run", mount("/run/media/x", "ext4", "/dev/sdc1"), {}, /the kernel makes/],
  ["a disk below a name that begins like /dev", mount("/devel", "ext4", "/dev/sdc1"), {}, undefined],
  ["a device that the user leaves out", mount("/srv", "ext4", "/dev/sdb1"), { excludedDevices: ["/dev/sdb1"] }, /as you said/],
  ["a CD", mount("/media/cd", "iso9660", "/dev/sr0"), {}, /an image or a disc/],
  ["a snap", mount("/snap/core/1", "squashfs", "/dev/loop3"), {}, /an image or a disc/],
  ["a container's overlay", mount("/var/lib/docker/overlay2/x/merged", "overlay", "overlay"), {}, /files that are elsewhere/],
  ["a share", mount("/home", "nfs4", "server:/home"), {}, undefined],
  ["a share with -N", mount("/home", "nfs4", "server:/home"), { withoutNetwork: true }, /-N leaves out/],
  ["the root once more", mount("/mnt/root", "ext4", "/dev/sda1"), {}, /shows what "\/" has already/],
  ["a bind mount of a part of the root", mount("/data", "ext4", "/dev/sda1", { fsRoot: "/srv/data" }), {}, /shows what "\/" has already/],
  ["the disk that the set is written to", mount("/mnt/usb", "ext4", "/dev/sdd1"), {}, /the set is written there/],
  ["the same, when it is the machine's own", mount("/mnt/usb", "ext4", "/dev/sdd1"), { fstabPaths: ["/mnt/usb"] }, undefined],
];

describe("chooseMounts()", () => {
  for (const [what, one, rules, reason, isObvious = false] of CASES) {
    test(`${reason === undefined ? "takes" : "leaves out"} ${what}`, () => {
      const choice = chooseMounts(one.target === "/" ? [one] : [ROOT, one], { ...RULES, ...rules }).at(-1)!;
      assert.deepEqual([choice.path, choice.isObvious], [one.target, isObvious]);
      if (reason === undefined) assert.equal(choice.leftOutBecause, undefined);
      else assert.match(choice.leftOutBecause ?? "", reason);
    });
  }

  test("takes another subvolume of the same disk", () => {
    const mounts = [mount("/", "btrfs", "/dev/sda2", { fsRoot: "/@" }), mount("/home", "btrfs", "/dev/sda2", { fsRoot: "/@home" })];
    assert.deepEqual(
      chooseMounts(mounts, RULES).map(({ leftOutBecause }) => leftOutBecause),
      [undefined, undefined],
    );
  });

  test("networkMounts() names the shares whose files are taken", () => {
    const mounts = [ROOT, mount("/home", "nfs4", "server:/home"), mount("/far", "cifs", "//far/x"), mount("/local", "ext4", "/dev/sdb1")];
    const named = (rules: Partial<MountRules>) =>
      networkMounts(mounts, chooseMounts(mounts, { ...RULES, ...rules })).map(({ target }) => target);
    assert.deepEqual([named({}), named({ withoutNetwork: true })], [["/home", "/far"], []]);
  });
});

const NAMES: readonly (readonly [what: string, path: string, mounts: readonly Mount[], names: readonly string[]])[] = [
  ["one name where it is mounted once", "/backup", [ROOT], ["/backup"]],
  ["the name behind a bind mount", "/mnt/x/y", [ROOT, mount("/mnt/x", "ext4", "/dev/sda1", { fsRoot: "/srv" })], ["/mnt/x/y", "/srv/y"]],
  ["the mount point itself", "/mnt/x", [ROOT, mount("/mnt/x", "ext4", "/dev/sda1", { fsRoot: "/srv" })], ["/mnt/x", "/srv"]],
  ["both mount points of a disk", "/a/s", [ROOT, mount("/a", "xfs", "/dev/sdb1"), mount("/b", "xfs", "/dev/sdb1")], ["/a/s", "/b/s"]],
  [
    "no name that another mount hides",
    "/a/s",
    [ROOT, mount("/a", "xfs", "/dev/sdb1"), mount("/b", "xfs", "/dev/sdb1"), mount("/b/s", "ext4", "/dev/sdc1")],
    ["/a/s"],
  ],
  [
    "no name in a part of the disk that does not hold it",
    "/a/s",
    [ROOT, mount("/a", "xfs", "/dev/sdb1"), mount("/b", "xfs", "/dev/sdb1", { fsRoot: "/t" })],
    ["/a/s"],
  ],
  ["its own name where nothing is mounted", "/a", [], ["/a"]],
];

describe("namesOf()", () => {
  for (const [what, path, mounts, names] of NAMES) test(`gives ${what}`, () => assert.deepEqual(namesOf(path, mounts), names));
});
