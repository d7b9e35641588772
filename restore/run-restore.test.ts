// Gate and restore in one: what is said of losses before the first write, and that a failure leaves nothing mounted.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { readText } from "#os/files";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import type { OpenSet } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { attachDisk, detachDisk, planOnto, skipsWithoutDisk } from "./disk-for-tests.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { quietEnvironment } from "./environment-for-tests.ts";
import type { GateMode } from "./gate.ts";
import { whatFollows } from "./outcome.ts";
import type { Plan, Step } from "./plan.ts";
import { runRestore } from "./run-restore.ts";
import { NOTHING_GONE } from "./plan-gone-words.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-run-"));
const root = join(scratch, "root");
let set: TreeSet;
let loop: string | undefined;

before(async () => {
  const tree = join(scratch, "tree");
  await mkdir(tree);
  await mkdir(root);
  for (let number = 10; number < 40; number += 1) await writeFile(join(tree, `file${number}`), "content");
  set = await archiveTree(tree, join(scratch, "set"), { machine: BIOS_MACHINE });
  loop = await attachDisk(join(scratch, "image"), 32);
});
after(async () => {
  await detachDisk(loop);
  await rm(scratch, { recursive: true });
});

function planWith(...more: readonly Step[]): Plan {
  return planOnto({ device: loop!, setId: set.manifest.id, sizeMiB: 32, inodeCount: 512 }, more);
}

interface Asked {
  readonly gateMode?: GateMode;
  readonly atExtraction?: () => void;
}

async function restore(plan: Plan, opened: OpenSet = set, { gateMode = "full", atExtraction }: Asked = {}) {
  const said: string[] = [];
  const environment: RestoreEnvironment = {
    ...quietEnvironment(root, join(scratch, "no-log")),
    say(line) {
      said.push(line);
      if (/extract/.test(line)) atExtraction?.();
    },
  };
  const prepared = {
    set: opened,
    machine: BIOS_MACHINE,
    plan,
    resumeAt: undefined,
    notResumed: undefined,
    isDone: false,
    luksHeaders: new Map(),
  };
  const options = { gateMode, acceptDamage: true, check: false };
  const report = await runRestore(prepared, options, environment).catch((error: Error) => error);
  return { said, report };
}

function skips(context: TestContext): boolean {
  return skipsWithoutDisk(context, loop);
}

async function assertNothingMounted(): Promise<void> {
  assert.equal((await readText("/proc/self/mounts")).includes(root), false);
}

describe("runRestore()", () => {
  test("names the first of the files that damage costs, and counts the others, before anything is written", async (context) => {
    if (skips(context)) return;
    const all = await Array.fromAsync(readCatalogue(set));
    const broken = all.map(({ path }) => path).filter((path) => path.startsWith("/file"));
    const entries = all.filter(({ path }) => !path.startsWith("/file"));
    const manifest = { ...set.manifest, totals: { ...set.manifest.totals, paths: entries.length } };
    const { said, report } = await restore(planWith(), { ...set, manifest, rebuilt: { entries, broken, unnamed: 5 } });
    const lost = said.filter((line) => line.startsWith("lifeboat: lost to damage: "));
    assert.deepEqual(
      [lost.length, lost[0], lost.at(-2), lost.at(-1)],
      [
        22,
        "lifeboat: lost to damage: /file10",
        "lifeboat: lost to damage: 10 more",
        "lifeboat: lost to damage: 5 paths whose names are lost too",
      ],
    );
    assert.ok(said.indexOf(lost.at(-1)!) < said.findIndex((line) => /make ext4/.test(line)));
    assert.ok(!(report instanceof Error));
    assert.deepEqual([report.lost.length, report.lostUnnamed, report.wasChecked], [30, 5, false]);
    await assertNothingMounted();
  });

  test("reads all of a set whose damage is accepted, whatever was asked for, and says so", async (context) => {
    if (skips(context)) return;
    const { said, report } = await restore(planWith(), set, { gateMode: "quick" });
    assert.equal(said[0], "lifeboat: gate: reading the set (full, as what damage costs must be known before the first write)");
    assert.ok(!(report instanceof Error));
    assert.equal(report.gate, "full");
    assert.equal((await restore(planWith())).said[0], "lifeboat: gate: reading the set (full)");
  });

  test("reports what tar could not extract as a difference when nothing is checked", async (context) => {
    if (skips(context)) return;
    const inTheWay = () => mkdirSync(join(root, "file10/full"), { recursive: true });
    const { report } = await restore(planWith(), set, { atExtraction: inTheWay });
    assert.ok(!(report instanceof Error));
    assert.deepEqual(report.differences, [{ path: "/file10", what: "Cannot open: File exists" }]);
    assert.equal(whatFollows(report, undefined), "shell");
  });

  test("fails with exit code 4 when a step does, says which, and leaves nothing mounted", async (context) => {
    if (skips(context)) return;
    const { report } = await restore(planWith({ kind: "check-initramfs", drivers: ["nvme"], copies: [], gone: NOTHING_GONE }));
    assert.ok(report instanceof Error);
    assert.equal((report as Error & { exitCode?: number }).exitCode, 4);
    assert.match(
      report.message,
      /^Cannot see that the initramfs can start from nvme, .* as every step must succeed: Cannot make the machine start/,
    );
    await assertNothingMounted();
  });
});
