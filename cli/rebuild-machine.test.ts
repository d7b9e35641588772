// `lifeboat restore` of a whole machine from consent on, onto a file that stands for its disk.
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { after, before, describe, test, type TestContext } from "node:test";
import { digestFile } from "#os/digest";
import { NOBODY } from "../media/medium-changer.ts";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import type { Machine } from "../machine/model.ts";
import { attachDisk, detachDisk, LAST_STEPS, planOnto, skipsWithoutDisk } from "../restore/disk-for-tests.ts";
import type { Plan, TargetDisk } from "../restore/plan.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import type { OpenSet } from "../set/open-set.ts";
import type { Invocation, OptionValues } from "./command-spec.ts";
import { askHidden, askOnce, rebuildMachine, rebuildPrepared } from "./rebuild-machine.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-rebuild-"));
const [root, image, log] = ["root", "image", "log"].map((name) => join(scratch, name)) as [string, string, string];
let set: TreeSet;
let loop: string | undefined;

before(async () => {
  const tree = join(scratch, "tree");
  await mkdir(tree);
  await mkdir(root);
  for (const name of ["a", "b"]) await writeFile(join(tree, name), name);
  set = await archiveTree(tree, join(scratch, "set"), { machine: BIOS_MACHINE });
  loop = await attachDisk(image, 32);
});
after(async () => {
  await detachDisk(loop);
  await rm(scratch, { recursive: true });
});

function thePlan(): Plan {
  return planOnto({ device: loop!, setId: set.manifest.id, sizeMiB: 32, inodeCount: 512 }, LAST_STEPS);
}

interface Case {
  readonly options: OptionValues;
  /** The option --then: an object that has a key of that name is taken for a promise. */
  readonly next?: string;
  /** What is typed. */
  readonly answer?: string;
  readonly machine?: Machine;
  readonly plan?: Partial<Plan>;
  readonly opened?: OpenSet;
  /** The disks carry the mark of this set. */
  readonly isDone?: boolean;
  /** A terminal, at which a key is pressed when so much time has gone by. */
  readonly keyAfterMs?: number;
  /** Something is written into a restored file. */
  readonly spoil?: boolean;
}

async function rebuild({
  options,
  next,
  answer = "",
  machine = BIOS_MACHINE,
  plan,
  opened = set,
  isDone = false,
  keyAfterMs,
  spoil = false,
}: Case) {
  const printed: string[] = [];
  const remarks: string[] = [];
  const asked: string[] = [];
  const ended: string[] = [];
  let waitedMs = 0;
  const invocation: Invocation = {
    args: [],
    options: { ...options, ...Object.fromEntries(new Map([["then", next]])) },
    print: (text) => void printed.push(text),
    remark(text) {
      remarks.push(text);
      if (spoil && /set inode flags/.test(text)) appendFileSync(join(root, "a"), "more");
    },
    progress: () => undefined,
    status: () => undefined,
    changer: NOBODY,
    cleanUp: new AsyncDisposableStack(),
  };
  const prepared = {
    set: opened,
    machine,
    plan: { ...thePlan(), ...plan },
    resumeAt: undefined,
    notResumed: undefined,
    isDone,
    luksHeaders: new Map(),
  };
  const keys = Object.assign(new PassThrough(), { isTTY: keyAfterMs !== undefined });
  const exitCode = await rebuildPrepared(prepared, invocation, {
    root,
    logPath: log,
    keys,
    async sleep(milliseconds) {
      waitedMs += milliseconds;
      if (waitedMs === keyAfterMs) keys.push("q");
      await new Promise(setImmediate);
    },
    ask: async (question) => (asked.push(question), answer),
    askHidden: async () => undefined,
    end: async (action) => void ended.push(action),
  });
  return { exitCode, printed, remarks, asked, ended, waitedMs };
}

function skips(context: TestContext): boolean {
  return skipsWithoutDisk(context, loop);
}

test("rebuildMachine() refuses outside the rescue system", async () => {
  const message = "Cannot restore a whole machine as that happens in the rescue system: this is none";
  await assert.rejects(rebuildMachine("/nowhere", {} as Invocation & { options: OptionValues }), {
    name: "LifeboatError",
    exitCode: 2,
    message,
  });
});

describe("a machine is rebuilt", () => {
  const cases = [
    ["after the word, and reboots", { "no-check": true }, undefined, "nuke\n", ["reboot"], 0],
    ["after a countdown with --nuke, and powers off", { "no-check": true, nuke: true }, "poweroff", "", ["poweroff"], 20_000],
    [
      "a second time with --nuke, when it is named",
      { "no-check": true, nuke: true, again: "test-20261121T194500Z" },
      "shell",
      "",
      [],
      20_000,
    ],
    ["and left to the operator", { "no-check": true }, "shell", " nuke ", [], 0],
  ] as const;
  for (const [what, options, next, answer, expected, waited] of cases) {
    test(what, async (context) => {
      if (skips(context)) return;
      const { exitCode, printed, ended, waitedMs, asked } = await rebuild({
        options,
        answer,
        isDone: "again" in options,
        ...(next !== undefined && { next }),
      });
      assert.deepEqual([exitCode, ended, waitedMs, asked.length], [0, expected, waited, answer === "" ? 0 : 1]);
      assert.match(printed.join("\n"), /\nlifeboat: restored test-20261121T194500Z in \d+s, files NOT checked, as you said$/);
      assert.match(await readFile(log, "utf8"), /^\S+Z lifeboat: gate passed/m);
    });
  }

  test("and its report printed as data", async (context) => {
    if (skips(context)) return;
    const { printed } = await rebuild({ options: { "no-check": true, json: true }, answer: "nuke" });
    assert.equal(printed.length, 1);
    assert.equal((JSON.parse(printed[0]!) as { set: string }).set, "test-20261121T194500Z");
  });

  test("and not rebooted when files differ, with exit code 1", async (context) => {
    if (skips(context)) return;
    const { exitCode, ended, remarks } = await rebuild({ options: {}, next: "reboot", answer: "nuke", spoil: true });
    assert.deepEqual([exitCode, ended], [1, []]);
    assert.match(remarks.at(-1) ?? "", /^files differ from the set: /);
  });

  test("and not rebooted when damage has cost files, with exit code 1", async (context) => {
    if (skips(context)) return;
    const entries = (await Array.fromAsync(readCatalogue(set))).filter(({ path }) => path !== "/b");
    const manifest = { ...set.manifest, totals: { ...set.manifest.totals, paths: 2 } };
    const opened = { ...set, manifest, rebuilt: { entries, broken: ["/b"], unnamed: 0 } };
    const { exitCode, ended, remarks } = await rebuild({ options: { "accept-damage": true, "no-check": true }, answer: "nuke", opened });
    assert.deepEqual([exitCode, ended], [1, []]);
    assert.match(remarks.at(-1) ?? "", /^files were lost to damage: /);
  });
});

describe("nothing is written", () => {
  const target: TargetDisk = {
    name: "sdz",
    path: "/dev/sdz",
    wwid: undefined,
    serial: "Z",
    model: undefined,
    driver: "ahci",
    drivers: ["ahci"],
    sizeBytes: 1,
    logicalSectorBytes: 512,
  };
  const matches = [{ from: "sda", disk: target, reason: "named by you" }] as const;
  const kernelCommandLine = "root=/dev/sda2 ro";
  const foreign: Machine = {
    ...BIOS_MACHINE,
    bootLoader: { kind: "unknown", detail: "LILO" },
    system: { ...BIOS_MACHINE.system, kernelCommandLine },
  };
  const cases: readonly (readonly [what: string, one: Case, message: RegExp])[] = [
    ["without the word", { options: {}, answer: "yes\n" }, /^Cannot restore as it must be agreed to: the word was not typed$/],
    ["when nobody answers", { options: {} }, /^Cannot restore as it must be agreed to/],
    ["when a key is pressed", { options: { nuke: true }, keyAfterMs: 3000 }, /^Cannot restore as it must be agreed to: a key was pressed$/],
    [
      "a second time with --nuke",
      { options: { nuke: true }, isDone: true },
      /^Cannot restore unattended as a set is restored once: the disks carry the mark of test-20261121T194500Z$/,
    ],
    [
      "a second time with --nuke and another set's name",
      { options: { nuke: true, again: "test-20260101T000000Z" }, isDone: true },
      /^Cannot restore unattended as a set is restored once/,
    ],
    [
      "with --nuke when the machine would not start",
      { options: { nuke: true }, machine: foreign, plan: { matches } },
      /^Cannot restore unattended as .*root=\/dev\/sda2/,
    ],
  ];
  for (const [what, one, message] of cases) {
    test(what, async (context) => {
      if (skips(context)) return;
      const before = await digestFile(image);
      await assert.rejects(rebuild(one), { name: "LifeboatError", exitCode: 3, message });
      assert.equal(await digestFile(image), before);
    });
  }
});

test("askHidden() gives the line that was typed, shows nothing of it, and knows when nobody is there", async () => {
  const output = new PassThrough();
  assert.equal(await askHidden("key: ", Readable.from(["se cret\n"]), output), "se cret");
  assert.equal(await askHidden("key: ", Readable.from([]), output), undefined);
  output.end();
  assert.equal(Buffer.concat(await output.toArray()).toString(), "key: \nkey: \n");
});

test("askOnce() gives the line that was typed, and nothing at the end of the input", async () => {
  const output = new PassThrough();
  assert.equal(await askOnce("word: ", Readable.from(["nuke\nmore\n"]), output), "nuke");
  assert.equal(await askOnce("word: ", Readable.from([]), output), "");
  assert.match(String(output.read()), /^word: /);
});
