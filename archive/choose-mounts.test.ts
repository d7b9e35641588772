// Which mounts go into a set, as a table; the names under which a store is seen.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Mount } from "../machine/parse-findmnt.ts";
import { chooseMounts, madeUpType, namesOf, networkMounts, type MountRules } from "./choose-mounts.ts";

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
  deviceWord: () => undefined,
  patternFor: () => undefined,
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
  ["a tmpfs, and says so", mount("/tmp", "tmpfs", "tmpfs"), {}, /is memory/],
  ["a tmpfs in a directory of the kernel", mount("/run/lock", "tmpfs", "tmpfs"), {}, /is memory/, true],
  ["a tmpfs that is asked for", mount("/tmp", "tmpfs", "tmpfs"), { include: ["/tmp"] }, undefined],
  ["a tmpfs below a path that is asked for, and says so", mount("/srv/t", "tmpfs", "tmpfs"), { include: ["/srv"] }, /is memory/],
  ["proc below a path that is asked for, and says so", mount("/srv/proc", "proc", "proc"), { include: ["/srv"] }, /no files of its own/],
  ["a disk below /run", mount("/run/media/x", "ext4", "/dev/sdc1"), {}, /the kernel makes/],
  ["a disk below a name that begins like /dev", mount("/devel", "ext4", "/dev/sdc1"), {}, undefined],
  ["a disk below /run that is asked for", mount("/run/media/x", "ext4", "/dev/sdc1"), { include: ["/", "/run/media"] }, undefined],
  [
    "a device that the user leaves out",
    mount("/srv", "ext4", "/dev/sdb1"),
    { deviceWord: ({ source }) => (source === "/dev/sdb1" ? "/dev/sdb" : undefined) },
    /--exclude \/dev\/sdb leaves it out/,
  ],
  [
    "what a pattern leaves out",
    mount("/srv", "ext4", "/dev/sdb1"),
    { patternFor: (path) => (path === "/srv" ? "/s*" : undefined) },
    /--exclude \/s\* leaves it out/,
  ],
  ["a loop device", mount("/srv", "ext4", "/dev/loop3"), {}, /an image or a disc/],
  ["a loop device below a path that is asked for", mount("/srv/x", "ext4", "/dev/loop3"), { include: ["/srv"] }, undefined],
  ["a squashfs below a path that is asked for", mount("/srv/x", "squashfs", "/dev/loop3"), { include: ["/srv"] }, /an image or a disc/],
  ["a CD", mount("/media/cd", "iso9660", "/dev/sr0"), {}, /an image or a disc/],
  ["a snap", mount("/snap/core/1", "squashfs", "/dev/loop3"), {}, /an image or a disc/],
  ["a container's overlay", mount("/var/lib/docker/overlay2/x/merged", "overlay", "overlay"), {}, /files that are elsewhere/],
  ["a share", mount("/home", "nfs4", "server:/home"), {}, undefined],
  ["a share with -N", mount("/home", "nfs4", "server:/home"), { withoutNetwork: true }, /-N leaves out/],
  ["the root once more", mount("/mnt/root", "ext4", "/dev/sda1"), {}, /shows what "\/" has already/],
  [
    "a bind mount of a part of the root",
    mount("/data", "ext4", "/dev/sda1", { fsRoot: "/srv/data" }),
    {},
    /shows what "\/srv\/data" has already/,
  ],
  [
    "a bind mount of what is not in the set",
    mount("/data/x", "ext4", "/dev/sda1", { fsRoot: "/srv/data" }),
    { include: ["/data"] },
    undefined,
  ],
  [
    "a bind mount of what is in the set by another included path",
    mount("/data/x", "ext4", "/dev/sda1", { fsRoot: "/srv/data" }),
    { include: ["/data", "/srv"] },
    /shows what "\/srv\/data" has already/,
  ],
  [
    "a bind mount whose own place a pattern leaves out",
    mount("/data", "ext4", "/dev/sda1", { fsRoot: "/srv/data" }),
    { patternFor: (path) => (path === "/srv/data" ? "/srv/data" : undefined) },
    undefined,
  ],
  ["a bind mount of what is below a directory of the kernel", mount("/x", "ext4", "/dev/sda1", { fsRoot: "/run/x" }), {}, undefined],
  ["the disk that the set is written to", mount("/mnt/usb", "ext4", "/dev/sdd1"), {}, /the set is written there/],
  ["the same, when it is below a path that is asked for", mount("/mnt/usb", "ext4", "/dev/sdd1"), { include: ["/mnt"] }, undefined],
  ["the same, when it is the machine's own", mount("/mnt/usb", "ext4", "/dev/sdd1"), { fstabPaths: ["/mnt/usb"] }, undefined],
];

describe("chooseMounts()", () => {
  for (const [what, one, rules, reason, isObvious = false] of CASES) {
    test(`${reason === undefined ? "takes" : "leaves out"} ${what}`, () => {
      const choice = chooseMounts(one.target === "/" ? [one] : [ROOT, one], { ...RULES, ...rules }).at(-1)!;
      assert.equal(choice.mount, one);
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

  const reasonsOf = (mounts: readonly Mount[], rules: Partial<MountRules> = {}) =>
    chooseMounts(mounts, { ...RULES, ...rules }).map(({ path, leftOutBecause }) => [path, leftOutBecause]);

  test("says nothing of mounts that are not below what is included", () => {
    const mounts = [ROOT, mount("/srv", "xfs", "/dev/sdb1"), mount("/srv/x", "ext4", "/dev/sdc1"), mount("/srvx", "ext4", "/dev/sdd1")];
    assert.deepEqual(reasonsOf(mounts, { include: ["/srv/x"] }), [["/srv/x", undefined]]);
    assert.deepEqual(reasonsOf(mounts, { include: ["/srv/y"] }), []);
  });

  test("of mounts on one another takes the one that is seen", () => {
    const [below, above] = [mount("/srv", "tmpfs", "tmpfs"), mount("/srv", "ext4", "/dev/sdb1")];
    assert.deepEqual(reasonsOf([ROOT, below, above]), [
      ["/", undefined],
      ["/srv", undefined],
    ]);
  });

  test("takes one of two names of a disk, and a bind mount of what another mount hides", () => {
    const [a, b] = [mount("/a", "xfs", "/dev/sdb1"), mount("/b", "xfs", "/dev/sdb1")];
    assert.deepEqual(reasonsOf([ROOT, a, b]).slice(1), [
      ["/a", undefined],
      ["/b", 'it shows what "/a" has already'],
    ]);
    assert.deepEqual(reasonsOf([ROOT, a, b], { include: ["/b"] }), [["/b", undefined]]);
    const hidden = mount("/shown", "ext4", "/dev/sda1", { fsRoot: "/a/x" });
    assert.deepEqual(reasonsOf([ROOT, a, hidden]).at(-1), ["/shown", undefined]);
  });

  test("a bind mount of what a left-out mount shows alone is taken", () => {
    const usb = mount("/mnt/usb", "ext4", "/dev/sdd1");
    assert.deepEqual(reasonsOf([ROOT, usb, mount("/data", "ext4", "/dev/sdd1", { fsRoot: "/data" })]).at(-1), ["/data", undefined]);
  });

  test("networkMounts() names the shares whose files are taken", () => {
    const mounts = [ROOT, mount("/home", "nfs4", "server:/home"), mount("/far", "cifs", "//far/x"), mount("/local", "ext4", "/dev/sdb1")];
    const named = (rules: Partial<MountRules>) => networkMounts(chooseMounts(mounts, { ...RULES, ...rules })).map(({ target }) => target);
    assert.deepEqual([named({}), named({ withoutNetwork: true })], [["/home", "/far"], []]);
  });
});

test("madeUpType() tells what nobody can bring back, and not of nodes and files in memory", () => {
  // As after an initramfs, which mounts these before the root.
  const mounts = [mount("/proc", "proc", "proc"), mount("/dev", "devtmpfs", "udev"), mount("/run", "tmpfs", "tmpfs"), ROOT];
  const types = ["/proc", "/proc/1", "/dev/x", "/run/x", "/etc"].map((path) => madeUpType(path, mounts));
  assert.deepEqual(types, ["proc", "proc", undefined, undefined, undefined]);
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
