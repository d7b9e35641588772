// Data of a kind that nothing makes again: the machine comes back without it, and says where its files are.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { part, sketchedDisk, sketchedLayout } from "../machine/layouts-for-tests.ts";
import type { FileSystem, Layout } from "../machine/model.ts";
import { OTHER } from "../machine/stack-for-tests.ts";
import { bytesOfText } from "../set/catalogue.ts";
import { changedFstab } from "./plan-fstab.ts";
import { onKept } from "./reuse.ts";
import { planOntoDisks } from "./whole-plan-for-tests.ts";

const SYSTEM = sketchedDisk("sda", { sizeMiB: 8192, parts: [part("linux", 5000), part("linux", 2000)] });
const DATA = sketchedDisk("sdb", { sizeMiB: 8192 });
const ALONE = sketchedLayout({
  disks: [SYSTEM],
  holds: { sda1: { type: "ext4", path: "/" }, sda2: { type: "ext4", path: "/tank/inner" } },
});

/** `path` is on a file system that is not made again. */
function withLost(path: string, more: Partial<FileSystem>, layout: Partial<Layout> = {}): Layout {
  const device = more.device ?? "tank";
  const fileSystem: FileSystem = {
    ...ALONE.fileSystems[0]!,
    device,
    type: "zfs",
    uuid: undefined,
    parameters: { kind: "unknown" },
    ...more,
  };
  const mount = { path, device, type: fileSystem.type, options: [], fsRoot: "/" };
  const entry = { spec: "/dev/bcache0", path: `${path}/`, type: fileSystem.type, options: [] };
  return {
    ...ALONE,
    ...layout,
    fileSystems: [...ALONE.fileSystems, fileSystem],
    mounts: [...ALONE.mounts, mount],
    fstab: [...ALONE.fstab, entry],
  };
}

const BCACHE = { ...OTHER, id: "bcache0", type: "bcache", on: ["sdb"] };
const CASES: readonly (readonly [what: string, layout: Layout, why: string])[] = [
  ["ZFS", withLost("/tank", {}), "it is zfs"],
  ["bcachefs on a partition", withLost("/tank", { device: "sda9", type: "bcachefs" }), "it is bcachefs"],
  [
    "ext4 on bcache, whose disk is not needed then",
    withLost("/tank", { ...ALONE.fileSystems[0]!, device: "bcache0" }, { disks: [SYSTEM, DATA], stack: [BCACHE] }),
    'it is on "bcache0" of type bcache: that is not rebuilt',
  ],
];

describe("planRestore() makes the machine without", () => {
  for (const [what, layout, why] of CASES) {
    test(what, () => {
      const plan = planOntoDisks(layout, [{ ...SYSTEM, table: undefined }]);
      assert.deepEqual([plan.layout.mounts, plan.layout.stack], [ALONE.mounts, []]);
      assert.deepEqual(
        plan.matches.map(({ from }) => from),
        ["sda"],
      );
      assert.ok(
        plan.warnings.includes(
          `"/tank" is not made again, as ${why}: its files are in the set, and restore --only "/tank" --to DIR brings them back`,
        ),
        plan.warnings.join("\n"),
      );
      const isLeftAlone = onKept(plan);
      assert.deepEqual(
        ["/tank", "/tank/file", "/tank/inner/file", "/tankard"].map((path) => isLeftAlone(bytesOfText(path))),
        [true, true, false, false],
      );
      const fstab = plan.steps.find(({ kind }) => kind === "write-fstab");
      assert.ok(fstab?.kind === "write-fstab");
      const line = "/dev/bcache0 /tank/ ext4 defaults 0 2";
      assert.equal(changedFstab(line, fstab.changes), `# not made again by Lifeboat: ${line}`);
    });
  }

  test("nothing that it needs to start, nor what could only not be read", () => {
    const lost = [withLost("/var", {}), withLost("/tank", { device: "sda9", type: "xfs" })];
    for (const layout of lost)
      assert.throws(() => planOntoDisks(layout, [SYSTEM]), /how "\/(?:var|tank)" \(\w+ on \S+\) was made is not known/);
  });
});
