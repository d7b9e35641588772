// Restores onto real file systems that are broken off, and what becomes of them: gone on with while the journal holds, else done from the start.
import assert from "node:assert/strict";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { exists } from "#os/files";
import { sketchedProgram } from "../formats/pe-for-tests.ts";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { listTree } from "../archive/trees-for-tests.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import type { FileSystem } from "../machine/model.ts";
import { readFrames, type OpenSet } from "../set/open-set.ts";
import { planOfSteps } from "./plan-for-tests.ts";
import { attachDisk, detachDisk, skipsWithoutDisk, smallExt4 } from "./disk-for-tests.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { mkfsCommands } from "./mkfs-command.ts";
import { mountAll, unmountAll } from "./mount-all.ts";
import type { Plan, Step } from "./plan.ts";
import { restoreMachine, type RestoreReport } from "./restore-machine.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-resume-"));
const tree = join(scratch, "tree");
const root = join(scratch, "root");
const MIB = 2 ** 20;
let set: TreeSet;
/** For the root and for /srv; none where no loop device can be had. */
const loops: string[] = [];

/** Eight frames; /z is in the last. */
const MAKE = `
  set -e
  mkdir etc srv; echo "/dev/sda2 / ext4" > etc/fstab; ln -s /etc/fstab etc/link; head -c 9000000 /dev/urandom > a; head -c 5000000 /dev/urandom > srv/b
  head -c 5000000 /dev/urandom > srv/c; echo last > z; touch -d '2001-01-01 UTC' etc srv .
  chattr +i z etc/fstab; chattr +a srv`;

before(async () => {
  await mkdir(tree);
  await mkdir(root);
  await run(["bash", "-c", MAKE], { cwd: tree });
  set = await archiveTree(tree, join(scratch, "set"));
  for (const name of ["root.img", "srv.img"]) {
    const device = await attachDisk(join(scratch, name), 64);
    if (device !== undefined) loops.push(device);
  }
});
after(async () => {
  for (const device of loops) await detachDisk(device);
  await run(["bash", "-c", "chattr -ia tree/z tree/etc/fstab tree/srv"], { cwd: scratch });
  await rm(scratch, { recursive: true });
});

function fileSystem(uuid: string): FileSystem {
  return { ...smallExt4(1024), uuid, label: undefined };
}

const [ROOT_FS, SRV_FS] = [fileSystem("7a61ccf8-d4dc-4a28-aa1e-bd1c6a57709c"), fileSystem("b4946635-dd96-462a-a002-414401064400")];

function thePlan(more: readonly Step[] = []): Plan {
  const sizeBytes = 64 * MIB;
  const steps: readonly Step[] = [
    { kind: "wipe-device", device: loops[0]! },
    { kind: "make-filesystem", devices: [{ path: loops[0]!, sizeBytes }], fileSystem: ROOT_FS },
    { kind: "make-filesystem", devices: [{ path: loops[1]!, sizeBytes }], fileSystem: SRV_FS },
    { kind: "mount", device: loops[0]!, path: "/", type: "ext4", options: [], fsRoot: "/" },
    { kind: "mount", device: loops[1]!, path: "/srv", type: "ext4", options: [], fsRoot: "/" },
    { kind: "extract", paths: 1, streamBytes: 1 },
    { kind: "write-fstab", changes: [{ path: "/", from: "/dev/sda2", to: "UUID=x" }] },
    ...more,
    { kind: "set-flags" },
    { kind: "check", paths: 1 },
    { kind: "write-mark" },
    { kind: "unmount" },
  ];
  return planOfSteps(set.manifest.id, steps);
}

class Broken extends Error {}

interface Break {
  /** So many frames have been handed over. */
  readonly afterFrames?: number;
  /** The step that is not begun. */
  readonly before?: RegExp;
  /** Files are read back; called when that begins. */
  readonly atCheck?: () => void;
  /** Steps between the others, and what happens before them. */
  readonly more?: readonly Step[];
  readonly beforeMore?: () => void;
}

/** Every frame is noted in the journal, as its clock goes on by a minute with each look. */
async function restore(
  mayResume: boolean,
  { afterFrames, before: step, atCheck, more = [], beforeMore }: Break = {},
  opened: OpenSet = set,
) {
  let minutes = 0;
  let frames = 0;
  const said: string[] = [];
  const environment: RestoreEnvironment = {
    root,
    say(line) {
      said.push(line);
      if (step?.test(line) === true) throw new Broken();
      if (/read all/.test(line)) atCheck?.();
      if (/change \/etc\/fstab/.test(line)) beforeMore?.();
    },
    // Nothing may be found locked, or be left out.
    note: (line) => assert.fail(line),
    progress(state) {
      if (state?.what === "extracting" && (frames += 1) === afterFrames) throw new Broken();
    },
    release: async () => undefined,
    nowMs: () => (minutes += 1) * 60_000,
    now: () => "2026-11-22T00:00:00.000Z",
    logPath: "/nonexistent",
  };
  const plan = thePlan(more);
  const gate = { frames: await readFrames(set), mode: "full", damaged: new Set<number>(), lost: [] } as const;
  try {
    const request = { set: opened, machine: BIOS_MACHINE, plan, gate, mayResume, check: atCheck !== undefined };
    return { said, report: await restoreMachine(request, environment) };
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    // The power comes back, and everything is looked at anew.
    await unmountAll(plan, environment);
    return { said, report: undefined };
  }
}

/** Does something to what the broken restore has left. */
async function meddle(script: string): Promise<void> {
  const environment = { root } as RestoreEnvironment;
  await mountAll(thePlan(), environment, "rw");
  try {
    await run(["bash", "-c", `set -e; ${script}`], { cwd: root });
  } finally {
    await unmountAll(thePlan(), environment);
  }
}

/** But for the mark, and what Lifeboat has changed, all is as in the original. */
async function assertRestored(report: RestoreReport | undefined): Promise<void> {
  assert.deepEqual(
    report?.changed.map(({ path }) => path),
    ["/etc/fstab", `/etc/.fstab.before-${set.manifest.id}`, "/.lifeboat"],
  );
  const environment = { root } as RestoreEnvironment;
  await mountAll(thePlan(), environment, "ro");
  try {
    assert.equal(await readFile(join(root, "etc/fstab"), "utf8"), "UUID=x / ext4\n");
    assert.deepEqual([await exists(join(root, ".lifeboat/journal")), await exists(join(root, ".lifeboat/restored.json"))], [false, true]);
    const [now, then] = [await listTree(root), await listTree(tree)];
    // The file systems' own, ours, and fstab, which has other names of devices.
    const isOther = (name: string) => /^(?:\.lifeboat|(?:srv\/)?lost\+found|etc\/\.?fstab|attributes)/.test(name);
    const rest = (list: typeof now) =>
      Object.fromEntries(Object.entries(list).filter(([name]) => !isOther(name.replace(/^\w+ of \.\//, ""))));
    assert.deepEqual(rest(now), rest(then));
    const flags = (await run(["lsattr", "-d", "z", "etc/fstab", "srv"], { cwd: root })).stdout;
    assert.match(flags, /^-{4}i\S+ z\n-{4}i\S+ etc\/fstab\n-{5}a\S+ srv\n$/);
  } finally {
    await unmountAll(thePlan(), environment);
  }
}

function skipWithout(context: TestContext): boolean {
  return skipsWithoutDisk(context, loops[1]);
}

test("the set has the frames that these tests are about", async () => {
  assert.equal((await readFrames(set)).length, 8);
});

describe("a restore that was broken off is gone on with", () => {
  const breaks: readonly (readonly [what: string, at: Break])[] = [
    ["in the middle of its extraction", { afterFrames: 4 }],
    ["when all was extracted", { before: /change \/etc\/fstab/ }],
    ["when it had changed files itself", { before: /set inode flags/ }],
    ["when files were locked by their flags", { before: /read all 1 paths back/ }],
  ];
  for (const [what, at] of breaks) {
    test(what, async (context) => {
      if (skipWithout(context)) return;
      assert.equal((await restore(false, at)).report, undefined);
      const { said, report } = await restore(true);
      assert.deepEqual([report?.wasResumed, said.filter((line) => /make ext4|not followed/.test(line))], [true, []]);
      await assertRestored(report);
    });
  }

  test("when another set's mark was among its files", async (context) => {
    if (skipWithout(context)) return;
    await restore(false, { before: /change \/etc\/fstab/ });
    await meddle(`echo '{"set":"other"}' > .lifeboat/restored.json`);
    const { report } = await restore(true);
    assert.equal(report?.wasResumed, true);
    await assertRestored(report);
  });

  test("twice", async (context) => {
    if (skipWithout(context)) return;
    await restore(false, { before: /set inode flags/ });
    await restore(true, { afterFrames: 1 });
    const { report } = await restore(true);
    assert.equal(report?.wasResumed, true);
    await assertRestored(report);
  });
});

test("what something keeps in use is checked as it is, with all else mounted beside it, and is named", async (context) => {
  if (skipWithout(context)) return;
  let held: number | undefined;
  try {
    const { said, report } = await restore(false, { atCheck: () => (held = openSync(join(root, "a"), "r")) });
    assert.deepEqual([report?.differences, report?.checked], [[], set.manifest.totals.paths]);
    const line = 'lifeboat: something keeps "/" in use: it was not mounted again for the check, which may read it from memory';
    assert.ok(said.includes(line), said.join("\n"));
  } finally {
    if (held !== undefined) closeSync(held);
    await unmountAll(thePlan(), { root } as RestoreEnvironment);
  }
});

test("what a step could not make right is a difference, however well the files agree", async (context) => {
  if (skipWithout(context)) return;
  const more = [{ kind: "install-efi-grub", directory: "/etc", mountPoints: ["/"], gone: ["md0"], names: ["md/boot"] }] as const;
  const beforeMore = () => {
    mkdirSync(join(root, "EFI/x"), { recursive: true });
    writeFileSync(join(root, "EFI/x/grub.efi"), sketchedProgram({ machine: 0x8664, magic: 0x20b, text: "(md/boot)/grub" }));
  };
  const { report } = await restore(false, { more, beforeMore, atCheck: () => undefined });
  const what =
    "it looks for GRUB's files where they are no more: Cannot make GRUB again as its installer must be there: neither grub-install nor grub2-install is";
  assert.deepEqual([report?.differences, report?.checked], [[{ path: "/EFI/x/grub.efi", what }], set.manifest.totals.paths]);
});

test("a restore that was broken off stops when the set cannot be read, and all that it had done is kept", async (context) => {
  if (skipWithout(context)) return;
  await restore(false, { before: /set inode flags/ });
  const unreadable = () => Promise.reject(new LifeboatError("Cannot read the medium", { exitCode: 5 }));
  const stopped = restore(true, {}, { ...set, source: { ...set.source, read: unreadable } });
  await assert.rejects(stopped, { name: "LifeboatError", exitCode: 5, message: "Cannot read the medium" });
  await unmountAll(thePlan(), { root } as RestoreEnvironment);
  const { said, report } = await restore(true);
  assert.deepEqual([report?.wasResumed, said.filter((line) => /make ext4|not followed/.test(line))], [true, []]);
  await assertRestored(report);
});

describe("a restore that was broken off is done from the start", () => {
  const edit = (change: string) => `sed -i '${change}' .lifeboat/journal`;
  const cases: readonly (readonly [what: string, script: string, why: RegExp])[] = [
    ["when a file is gone that its journal vouches for", "rm a", /"\/a" is missing$/],
    ["when a file was written to", "echo more >> a", /"\/a" has been written to since$/],
    [
      "when a file was written to and is as long as it was",
      "printf x | dd of=a conv=notrunc status=none",
      /"\/a" has been written to since$/,
    ],
    ["when its journal is gone", "rm .lifeboat/journal", /it is gone$/],
    ["when its journal is another set's", edit('s/"set":"[^"]*"/"set":"other"/'), /it is of another set, other$/],
    [
      "when it was finished",
      `echo '{"set":"test-20261121T194500Z"}' > .lifeboat/restored.json`,
      /the restore that it tells of was finished$/,
    ],
  ];

  async function assertAnew(why: RegExp): Promise<void> {
    const { said, report } = await restore(true);
    const line = said.find((one) => one.includes("not followed")) ?? "";
    assert.match(line, /^lifeboat: a restore was broken off here, and its journal is not followed: .*\. All is done from the start$/);
    assert.match(line.replace(/\. All is done from the start$/, ""), why);
    assert.deepEqual([report?.wasResumed, said.filter((one) => /make ext4/.test(one)).length], [false, 2]);
    await assertRestored(report);
  }

  for (const [what, script, why] of cases) {
    test(what, async (context) => {
      if (skipWithout(context)) return;
      await restore(false, { before: /change \/etc\/fstab/ });
      await meddle(`${script}; echo somebody > added`);
      await assertAnew(why);
    });
  }

  test("when a file system was made again with the same UUID", async (context) => {
    if (skipWithout(context)) return;
    await restore(false, { before: /change \/etc\/fstab/ });
    for (const command of mkfsCommands([loops[1]!], SRV_FS)) await run(command);
    await assertAnew(/"\/srv\/b" is missing$/);
  });

  test("when a file system cannot be mounted", async (context) => {
    if (skipWithout(context)) return;
    await restore(false, { before: /change \/etc\/fstab/ });
    await run(["wipefs", "--all", "--quiet", loops[1]!]);
    await assertAnew(/Cannot run "mount" as it must succeed: .*$/s);
  });
});
