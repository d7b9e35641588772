// The nuke mode from the plan to what follows, on a file that stands for the machine's disk.
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { digestFile } from "#os/digest";
import { run } from "#os/exec";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { attachDisk, detachDisk, LAST_STEPS, planOnto, skipsWithoutDisk } from "../restore/disk-for-tests.ts";
import type { Plan, Step } from "../restore/plan.ts";
import type { OpenSet } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { parseBootWords } from "./boot-words.ts";
import { newState, type AgentContext } from "./context.ts";
import { runNuke } from "./nuke.ts";
import { NOTHING_GONE } from "../restore/plan-gone-words.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-nuke-"));
const root = join(scratch, "root");
const image = join(scratch, "image");
let set: TreeSet;
let loop: string | undefined;

before(async () => {
  const tree = join(scratch, "tree");
  await mkdir(tree);
  await mkdir(root);
  await writeFile(join(tree, "a"), "first");
  await writeFile(join(tree, "b"), "second");
  set = await archiveTree(tree, join(scratch, "set"), { machine: BIOS_MACHINE });
  loop = await attachDisk(image, 32);
});
after(async () => {
  await detachDisk(loop);
  await rm(scratch, { recursive: true });
});

function thePlan(more: readonly Step[] = []): Plan {
  return planOnto({ device: loop!, setId: set.manifest.id, sizeMiB: 32, inodeCount: 512 }, [...more, ...LAST_STEPS]);
}

interface Case {
  readonly words?: string;
  readonly opened?: OpenSet;
  readonly isDone?: boolean;
  /** A key, when this line has been said. */
  readonly press?: RegExp;
  /** Something is written into a restored file, when this line has been said. */
  readonly spoil?: RegExp;
  /** After the extraction. */
  readonly steps?: readonly Step[];
}

/** What was said, and what the agent had busybox do at the end. */
async function nuke({ words = "", opened = set, isDone = false, press, spoil, steps }: Case) {
  const said: string[] = [];
  const commands: string[] = [];
  let onKeys: (keys: string) => void = () => undefined;
  let ms = 0;
  const terminal = { path: "/dev/ttyS0", write: () => undefined, release: async () => undefined, take: () => undefined };
  const screen = {
    terminal: { ...terminal, onKeys: (listener: (keys: string) => void) => void (onKeys = listener) },
    print: () => undefined,
    draw: () => undefined,
    leave: () => undefined,
  };
  const say = (line: string) => {
    said.push(line);
    if (press?.test(line) === true) onKeys("x");
    if (spoil?.test(line) === true) appendFileSync(join(root, "a"), "more");
  };
  const prepared = {
    set: opened,
    machine: BIOS_MACHINE,
    plan: thePlan(steps),
    resumeAt: undefined,
    notResumed: undefined,
    isDone,
    luksHeaders: new Map(),
  };
  const found = { source: set.source, place: "here", device: undefined, close: () => Promise.reject(new Error("it is in use")) };
  const context = {
    words: parseBootWords(`nuke ${words}`),
    console: { screens: [screen], say, note: () => undefined },
    shell: { run: async (command: readonly string[]) => (commands.push(command.join(" ")), { exitCode: 0, output: "" }) },
    state: { ...newState([]), restore: { prepared, found } },
  } as unknown as AgentContext;
  await runNuke(context, { root, nowMs: () => ms, sleep: async (milliseconds) => void (ms += milliseconds) });
  return { said, commands };
}

function skips(context: TestContext): boolean {
  return skipsWithoutDisk(context, loop);
}

const RESTORED = /^lifeboat: restored test-20261121T194500Z in \d+s, (?:3 files checked, 0 differ|files NOT checked, as you said)$/;

describe("runNuke() restores, and then", () => {
  const cases = [
    ["reboots", "", ["busybox reboot", "busybox reboot -f"]],
    ["powers off when it is told to", "lifeboat.then=poweroff lifeboat.check=none", ["busybox poweroff", "busybox poweroff -f"]],
    ["leaves the machine to the operator when it is told to", "lifeboat.then=shell lifeboat.check=none", []],
  ] as const;
  for (const [what, words, expected] of cases) {
    test(what, async (context) => {
      if (skips(context)) return;
      const { said, commands } = await nuke({ words });
      assert.match(said.find((line) => line.startsWith("lifeboat: restored")) ?? said.join("\n"), RESTORED);
      assert.deepEqual(commands, expected);
    });
  }

  test("does neither when files differ, and says so", async (context) => {
    if (skips(context)) return;
    const { said, commands } = await nuke({ spoil: /set inode flags/, words: "lifeboat.then=reboot" });
    assert.match(
      said.join("\n"),
      / 3 files checked, [1-9] differ\nlifeboat: files differ from the set: look at the list before you trust the machine$/,
    );
    assert.deepEqual(commands, []);
  });

  for (const then of ["", "lifeboat.then=reboot", "lifeboat.then=poweroff"]) {
    test(`does neither when it fails after disks were written to, and the operator is waited for: ${then || "as usual"}`, async (context) => {
      if (skips(context)) return;
      const step = { kind: "check-initramfs", drivers: ["nvme"], copies: [], gone: NOTHING_GONE } as const;
      const { said, commands } = await nuke({ steps: [step], words: then });
      const text = said.join("\n");
      assert.match(text, /\nlifeboat: make ext4 /);
      assert.match(text, /\nlifeboat: restore failed \(4\): Cannot see that the initramfs can start from nvme/);
      assert.doesNotMatch(text, /lifeboat: restored/);
      assert.deepEqual(commands, []);
    });
  }

  const losses = [
    [0, undefined, "1 lost to damage"],
    [4, "  lost: 4 paths whose names the damage took", "5 lost to damage"],
    [undefined, "  lost: maybe more paths, whose names the damage took", "1 or more lost to damage"],
  ] as const;
  for (const [unnamed, line, count] of losses) {
    test(`does neither when damage has cost files: ${count}`, async (context) => {
      if (skips(context)) return;
      const entries = (await Array.fromAsync(readCatalogue(set))).filter(({ path }) => path !== "/b");
      const manifest = { ...set.manifest, totals: { ...set.manifest.totals, paths: 2 } };
      const opened = { ...set, manifest, rebuilt: { entries, broken: ["/b"], unnamed } };
      const { said, commands } = await nuke({ opened, words: "lifeboat.damage=accept lifeboat.check=none" });
      const text = said.join("\n");
      assert.match(
        text,
        new RegExp(`, files NOT checked, as you said, ${count}\nlifeboat: files were lost to damage: look at the list before`),
      );
      assert.match(text, /\nlifeboat: lost to damage: \/b\n/);
      assert.ok(said.includes("lifeboat:     lost: /b"), text);
      if (line !== undefined) assert.ok(said.includes(`lifeboat:   ${line}`), text);
      assert.deepEqual(commands, []);
    });
  }
});

describe("runNuke() writes nothing", () => {
  async function assertUntouched(context: TestContext, one: Case, says: RegExp): Promise<void> {
    if (skips(context)) return;
    await run(["sh", "-c", 'head -c 1048576 /dev/zero | tr "\\0" x > "$1"; truncate -s 32M "$1"', "sh", image]);
    const before = await digestFile(image);
    const { said, commands } = await nuke(one);
    assert.match(said.join("\n"), says);
    assert.deepEqual([await digestFile(image), commands], [before, []]);
  }

  test("when a key is pressed in the countdown", (context) =>
    assertUntouched(context, { press: /nuke begins/ }, /lifeboat: stopped by a key: nothing has been written$/));

  test("when the disks carry the mark of the set", (context) =>
    assertUntouched(context, { isDone: true }, /lifeboat: restore refused: these disks carry the mark .*\n.*lifeboat\.again=test-2026/));

  test("when another set may be restored again", (context) =>
    assertUntouched(context, { isDone: true, words: "lifeboat.again=other" }, /lifeboat: restore refused: these disks carry the mark/));

  test("when the gate refuses", (context) => {
    const manifest = { ...set.manifest, totals: { ...set.manifest.totals, paths: 99 } };
    return assertUntouched(context, { opened: { ...set, manifest } }, /lifeboat: restore refused \(5\): .*must name all 99 paths/);
  });
});

test("runNuke() restores once more when it is told the set", async (context) => {
  if (skips(context)) return;
  const { commands } = await nuke({ isDone: true, words: "lifeboat.again=test-20261121T194500Z lifeboat.check=none" });
  assert.deepEqual(commands, ["busybox reboot", "busybox reboot -f"]);
});
