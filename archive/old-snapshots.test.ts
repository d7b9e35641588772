// Snapshots are left out where nothing is mounted from them; the one that a system starts from is none of these.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BIOS_MACHINE, BTRFS } from "../machine/machine-for-tests.ts";
import type { Layout, MountPoint } from "../machine/model.ts";
import { oldSnapshots } from "./old-snapshots.ts";

const [root] = BIOS_MACHINE.layout.fileSystems;
const [mount] = BIOS_MACHINE.layout.mounts;

function layoutWith(
  subvolumes: readonly (readonly [path: string, isSnapshot: boolean])[],
  mounts: readonly (readonly [path: string, fsRoot: string])[],
): Layout {
  const parameters = {
    ...BTRFS,
    subvolumes: subvolumes.map(([path, isSnapshot]) => ({ path, isSnapshot, isReadOnly: isSnapshot })),
  };
  return {
    ...BIOS_MACHINE.layout,
    fileSystems: [{ ...root!, type: "btrfs", parameters }],
    mounts: mounts.map(([path, fsRoot]): MountPoint => ({ ...mount!, type: "btrfs", path, fsRoot })),
  };
}

test("oldSnapshots() names snapshots by their paths in the tree", () => {
  const layout = layoutWith(
    [
      ["@", false],
      ["@/.snapshots", false],
      ["@/.snapshots/7/snapshot", true],
      ["@home", false],
      ["@home-of-yesterday", true],
    ],
    [
      ["/", "/@"],
      ["/home", "/@home"],
    ],
  );
  assert.deepEqual(oldSnapshots(layout), ["/.snapshots/7/snapshot"]);
});

test("oldSnapshots() leaves a snapshot that is mounted, and names one wherever it is seen", () => {
  const layout = layoutWith(
    [
      ["@/.snapshots/1/snapshot", true],
      ["@/.snapshots/2/snapshot", true],
    ],
    [
      ["/", "/@/.snapshots/1/snapshot"],
      ["/.snapshots", "/@/.snapshots"],
      ["/mnt/top", "/"],
    ],
  );
  assert.deepEqual(oldSnapshots(layout), ["/.snapshots/2/snapshot", "/mnt/top/@/.snapshots/2/snapshot"]);
});

test("oldSnapshots() knows none elsewhere", () => assert.deepEqual(oldSnapshots(BIOS_MACHINE.layout), []));
