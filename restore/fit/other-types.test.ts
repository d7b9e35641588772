// File systems as other types: planned whole, made by the real mkfs, refused where the machine would not start or something would be lost.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { run } from "#os/exec";
import { BIOS_MACHINE } from "../../machine/machine-for-tests.ts";
import type { Layout } from "../../machine/model.ts";
import { mkfsCommands } from "../mkfs-command.ts";
import { changedFstab, planFstab } from "../plan-fstab.ts";
import { withOtherTypes } from "./other-types.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-types-"));
after(() => rm(scratch, { recursive: true }));

const NONE: ReadonlySet<string> = new Set();
const fstab = [
  ...BIOS_MACHINE.layout.fstab.filter(({ path }) => path !== "/srv"),
  { spec: "UUID=b4946635-dd96-462a-a002-414401064400", path: "/srv/", type: "xfs", options: ["noatime", "logbsize=256k", "nofail"] },
];
const LAYOUT: Layout = { ...BIOS_MACHINE.layout, fstab };

function retyped(type: string, layout: Layout = LAYOUT): Layout {
  const result = withOtherTypes(layout, new Map([["/srv", type]]), NONE);
  assert.ok(result.isRetyped, JSON.stringify(result));
  return result.layout;
}

describe("withOtherTypes()", () => {
  for (const type of ["ext4", "btrfs", "xfs"]) {
    test(`makes ${type}, as its own program does, with the same UUID`, async () => {
      const layout = retyped(type, retyped(type === "xfs" ? "ext4" : "xfs"));
      const fileSystem = layout.fileSystems.find(({ device }) => device === "sda3")!;
      const image = join(scratch, type);
      await run(["truncate", "-s", "500M", image]);
      for (const command of mkfsCommands([image], fileSystem)) await run(command);
      const { stdout } = await run(["blkid", "--output", "value", "--match-tag", "TYPE", "--probe", image]);
      assert.equal(stdout.trim(), type);
      assert.match((await run(["blkid", "--probe", image])).stdout, /\bUUID="b4946635-dd96-462a-a002-414401064400"/);
      assert.equal(layout.mounts.find(({ path }) => path === "/srv")?.type, type);
    });
  }

  test("changes the type in fstab, and leaves out options that are the old type's own", () => {
    const layout = retyped("ext4");
    const [step] = planFstab({ ...BIOS_MACHINE, layout }, { devices: new Map(), matches: [], replaced: new Map() }, LAYOUT.fstab);
    assert.ok(step?.kind === "write-fstab");
    const line = "UUID=b4946635-dd96-462a-a002-414401064400";
    const text = `# mine\n${line} /srv/ xfs  noatime,logbsize=256k,nofail 0 2 # why\n${line} /other xfs x 0 0\n`;
    assert.equal(changedFstab(text, step.changes), `# mine\n${line} /srv/ ext4  noatime,nofail 0 2 # why\n${line} /other xfs x 0 0\n`);
  });

  test("knows a mount point with a slash at its end", () => {
    const result = withOtherTypes(LAYOUT, new Map([["/srv/", "ext4"]]), NONE);
    assert.ok(result.isRetyped);
    assert.deepEqual(result.layout, retyped("ext4"));
  });

  test("leaves one alone that is of that type already", () => assert.deepEqual(retyped("xfs"), LAYOUT));

  const refusals: readonly (readonly [path: string, type: string, layout: Partial<Layout>, problem: RegExp])[] = [
    ["/nowhere", "ext4", {}, /^the machine has no file system at "\/nowhere"$/],
    ["/srv", "vfat", {}, /^"\/srv" cannot become vfat, but ext4, xfs, btrfs$/],
    ["/", "xfs", {}, /^"\/" stays ext4, as what starts the machine reads it$/],
    ["/srv", "ext4", { mounts: [...LAYOUT.mounts, { ...LAYOUT.mounts[1]!, path: "/also" }] }, /one of several places that show the same/],
    [
      "/srv",
      "ext4",
      { fileSystems: LAYOUT.fileSystems.map((one) => ({ ...one, uuid: "ABCD-1234" })) },
      /stays xfs, whose identity ext4 cannot have$/,
    ],
    [
      "/srv",
      "ext4",
      { fileSystems: LAYOUT.fileSystems.map((one) => ({ ...one, label: "seventeen letters" })) },
      /cannot become ext4, whose labels are shorter than "seventeen letters"$/,
    ],
  ];
  for (const [path, type, change, problem] of refusals) {
    test(`refuses ${path} as ${type}: ${problem.source}`, () => {
      const result = withOtherTypes({ ...LAYOUT, ...change }, new Map([[path, type]]), NONE);
      assert.ok(!result.isRetyped);
      assert.match(result.problems.join(), problem);
    });
  }

  test("refuses one that is kept", () => {
    const result = withOtherTypes(LAYOUT, new Map([["/srv", "ext4"]]), new Set(["sda3"]));
    assert.deepEqual(result, { isRetyped: false, problems: ['"/srv" is kept as it is'] });
  });
});
