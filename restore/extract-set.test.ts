// Whole sets onto real file systems: equal to the original as the system's own tools see it, also when it was broken off in between.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { infoRaw } from "#os/byte-paths";
import { run } from "#os/exec";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { listTree, makeOddTree } from "../archive/trees-for-tests.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { directorySource } from "../media/directory-store.ts";
import { openSet, readFrames, type OpenSet, type PlacedFrame } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { frameStarts } from "../set/stream-places.ts";
import { compareFiles } from "./compare-files.ts";
import type { RestoreEnvironment, RestoreProgress } from "./engine.ts";
import { extractFiles } from "./extract-files.ts";
import { extractSet, heldBack, startFrame } from "./extract-set.ts";
import { EXT4, mountImage, XFS, type MountedImage } from "./images-for-tests.ts";
import { readJournal } from "./journal.ts";
import { framesOf } from "./lost-paths.ts";
import { planRestore } from "./plan-restore.ts";
import { presentDisk } from "./present-disks-for-tests.ts";
import { setFlags } from "./set-flags.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-extract-"));
const MIB = 2 ** 20;
let source: MountedImage | undefined;
let odd: TreeSet;
let large: TreeSet;
const place = (name: string) => join(source?.path ?? "", name);

/** Files of all sizes in directories of all modes, so that a frame ends in each of them. */
const LARGE = `
  set -e
  mkdir -p a/deep b c; head -c 3000000 /dev/urandom > a/1; ln a/1 c/link; head -c 1000000 /dev/urandom > a/deep/2; head -c 14000000 /dev/urandom > b/spans
  for n in 1 2 3 4 5 6; do head -c 1900000 /dev/urandom > c/$n; done; ln b/spans c/spans; ln c/5 c/7; truncate -s 1G z; echo end >> z; mkfifo pipe
  ln -s /etc/passwd a/absolute; ln -s ../b a/up; ln -s 1 a/near; ln a/absolute c/again; ln -s / a/deep/root
  setfacl -m u:5:r c/3; setfattr -n user.x -v y b/spans; chmod 500 b; chmod 0 c/4; chown 5:6 c; touch -d '2001-01-01 UTC' a/deep a b c .`;

before(async () => {
  source = await mountImage(EXT4, 200);
  if (source === undefined) return;
  await mkdir(place("odd"));
  await makeOddTree(place("odd"));
  await run(["bash", "-c", "chattr +i noise; chattr +a sub/second; chattr +dA sub; chattr +S short; chattr +i sub/empty"], {
    cwd: place("odd"),
  });
  odd = await archiveTree(place("odd"), join(scratch, "odd-set"));
  await mkdir(place("large"));
  await run(["bash", "-c", LARGE], { cwd: place("large") });
  large = await archiveTree(place("large"), join(scratch, "large-set"));
});
after(async () => {
  await source?.[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true });
});

const plan = planRestore({
  machine: BIOS_MACHINE,
  manifest: { id: "set", totals: { paths: 1, contentBytes: 1, frames: 1, volumes: 1, streamBytes: 1, storedBytes: 1 } },
  present: [presentDisk({ serial: "X" })],
  firmware: "bios",
  options: { map: new Map(), excluded: [], wipe: [] },
});

/** Its clock goes on by a minute with each look, so that every frame is noted. */
function environmentFor(root: string, progress: (state: RestoreProgress | undefined) => void = () => undefined): RestoreEnvironment {
  let minutes = 0;
  return {
    root,
    say: () => undefined,
    note: (line) => assert.match(line, /no space left on the device$/),
    progress,
    release: async () => undefined,
    nowMs: () => (minutes += 1) * 60_000,
    now: () => "2026-11-22T00:00:00.000Z",
    logPath: "/nonexistent",
  };
}

interface Extraction {
  readonly resumeAt?: number;
  readonly damaged?: readonly number[];
  readonly lost?: readonly string[];
  readonly progress?: (state: RestoreProgress | undefined) => void;
}

async function extract(set: OpenSet, root: string, { resumeAt, damaged = [], lost = [], progress }: Extraction = {}): Promise<void> {
  const gate = { frames: await readFrames(set), mode: "full", damaged: new Set(damaged), lost } as const;
  await extractSet(
    { set, plan, gate, resume: resumeAt === undefined ? undefined : { frame: resumeAt, changed: [] } },
    environmentFor(root, progress),
  );
}

/** What differs from the set, by our own comparison; and from the original, by the system's tools. */
async function assertEqualTree(set: OpenSet, root: string, original: string): Promise<void> {
  await rm(join(root, ".lifeboat"), { recursive: true, force: true });
  await run(["touch", "-r", original, root]);
  const entries = () => readCatalogue(set);
  const compared = await compareFiles({ root, entries, withFlags: true, progress: () => undefined });
  assert.deepEqual(compared, { checked: set.manifest.totals.paths, differences: [] });
  const [now, then] = [await listTree(root), await listTree(original)];
  // XFS shows each ACL a second time under its own name.
  const attributes = now["attributes"]?.replace(/^trusted\.SGI_ACL_.*\n/gm, "");
  assert.deepEqual({ ...now, attributes }, then);
}

async function flagsOf(directory: string): Promise<string> {
  const { stdout } = await run(["sh", "-c", "find . '(' -type f -o -type d ')' -print0 | sort -z | xargs -0 lsattr -d --"], {
    cwd: directory,
  });
  // How a file is stored is the file system's own business.
  return stdout.replace(/^[-A-Za-z]+ /gm, (letters) => `${letters.replace(/[^aAdDijStT]/g, "")} `);
}

function skipWithout<T>(context: TestContext, image: T | undefined): image is T {
  if (image === undefined) context.skip("no such file system can be mounted here");
  return image !== undefined;
}

describe("a tree of every kind of file comes back equal, with its flags,", () => {
  for (const [type, command, sizeMiB] of [
    ["ext4", EXT4, 100],
    ["xfs", XFS, 320],
  ] as const) {
    test(`on ${type}`, async (context) => {
      await using image = await mountImage(command, sizeMiB);
      if (!skipWithout(context, source) || !skipWithout(context, image)) return;
      const root = join(image.path, "root");
      await mkdir(root);
      await extract(odd, root);
      await setFlags(root, readCatalogue(odd), () => false);
      await assertEqualTree(odd, root, place("odd"));
      assert.equal(await flagsOf(root), await flagsOf(place("odd")));
    });
  }
});

describe("extraction ends with exit code 4 and the reason", () => {
  const FULL = /^Cannot write all files below ".*" as there must be room for them: no space is left$/;
  const failures: readonly (readonly [what: string, command: readonly [string, ...string[]], sizeMiB: number, reason: RegExp])[] = [
    ["on a file system that is full", EXT4, 20, FULL],
    ["on one without inodes", [...EXT4, "-N", "64"], 100, FULL],
  ];
  for (const [what, command, sizeMiB, message] of failures) {
    test(what, async (context) => {
      await using image = await mountImage(command, sizeMiB);
      if (!skipWithout(context, source) || !skipWithout(context, image)) return;
      // mke2fs rounds up: what it made more than was asked for is taken.
      if (command.includes("-N")) await run(["bash", "-c", "while : > full$((n += 1)); do :; done 2>&1 || :"], { cwd: image.path });
      await assert.rejects(extract(large, image.path), { name: "LifeboatError", exitCode: 4, message });
    });
  }

  test("on one that becomes read-only", async (context) => {
    await using image = await mountImage(EXT4, 100);
    if (!skipWithout(context, source) || !skipWithout(context, image)) return;
    await run(["mount", "-o", "remount,ro", image.path]);
    const frames = await readFrames(large);
    const options = { set: large, allFrames: frames, frames, areChecked: false, root: image.path, handedOver: async () => undefined };
    await assert.rejects(extractFiles(options), { name: "LifeboatError", exitCode: 4, message: /Read-only file system/ });
  });

  test("when tar is killed in the middle", async (context) => {
    if (!skipWithout(context, source)) return;
    const root = join(scratch, "killed");
    await mkdir(root);
    const frames = await readFrames(large);
    const handedOver = async ({ number }: PlacedFrame) => {
      if (number !== 1) return;
      const [pid] = (await run(["pgrep", "-x", "-P", `${process.pid}`, "tar"])).stdout.split("\n");
      process.kill(Number(pid), "SIGKILL");
    };
    const message = "Cannot extract the files as GNU tar must take them: exit code none";
    await assert.rejects(extractFiles({ set: large, allFrames: frames, frames, areChecked: false, root, handedOver }), {
      exitCode: 4,
      message,
    });
  });

  test("when tar has seen the archive's end, and there are frames left", async (context) => {
    if (!skipWithout(context, source)) return;
    const root = join(scratch, "early");
    await mkdir(root);
    const allFrames = await readFrames(large);
    const frames = [...allFrames, ...allFrames.slice(0, 2)];
    const message = /^Cannot extract all of ".*" as GNU tar ended in frame [07], before the last$/;
    const options = { set: large, allFrames, frames, areChecked: false, root, handedOver: async () => undefined };
    await assert.rejects(extractFiles(options), { exitCode: 4, message });
  });

  test("when a frame has gone bad after the gate", async (context) => {
    if (!skipWithout(context, source)) return;
    const root = join(scratch, "bad");
    await mkdir(root);
    const message = /^Cannot read frame 2 of ".*" as it must be as it was written: it must have \d+ bytes of zstd data: /;
    await assert.rejects(extract(await damagedIn(2), root), { exitCode: 5, message });
  });
});

test("that tar leaves some of the last frame unread, as the archive's end is in it, is no failure", async (context) => {
  if (!skipWithout(context, source)) return;
  const root = join(scratch, "padded");
  await mkdir(root);
  const allFrames = await readFrames(large);
  // After the archive's end there is more than a pipe holds.
  const frames = [...allFrames, { ...allFrames[0]!, number: 7 }];
  const numbers: number[] = [];
  const handedOver = async ({ number }: PlacedFrame) => void numbers.push(number);
  assert.deepEqual(await extractFiles({ set: large, allFrames, frames, areChecked: false, root, handedOver }), []);
  // tar may be gone before it is given all of either of the last two.
  assert.deepEqual([...new Set(numbers)], [0, 1, 2, 3, 4, 5, 6, 7]);
  await assertEqualTree(large, root, place("large"));
});

let sets = 0;

async function damagedIn(number: number): Promise<OpenSet> {
  const directory = join(scratch, `damaged${(sets += 1)}`);
  await cp(large.directory, directory, { recursive: true });
  const { volume, offset, storedBytes } = (await readFrames(large))[number]!;
  await using file = await open(join(directory, volume), "r+");
  await file.write(new Uint8Array([1, 2, 3]), 0, 3, offset + Math.floor(storedBytes / 2));
  return openSet(directorySource(directory));
}

test("damage in the middle of a file that spans frames costs that file and its links alone", async (context) => {
  if (!skipWithout(context, source)) return;
  const frames = await readFrames(large);
  const middle = frames.find(({ firstMember }) => firstMember === undefined)!.number;
  const root = join(scratch, "accepted");
  await mkdir(root);
  const lost = ["/b/spans", "/c/spans"];
  await extract(await damagedIn(middle), root, { damaged: [middle], lost });
  const entries = () => readCatalogue(large);
  const { checked, differences } = await compareFiles({ root, entries, withFlags: false, progress: () => undefined });
  assert.equal(checked, large.manifest.totals.paths - 2);
  assert.deepEqual(
    differences.filter(({ path }) => path !== "/"),
    lost.map((path) => ({ path, kind: "missing", what: "missing" })),
  );
});

class Broken extends Error {}

describe("an extraction that is broken off goes on from its journal, and the tree is the same", () => {
  /** Breaks it off when so many frames have been handed over. Returns the frame that the journal names. */
  async function breakOff(root: string, framesDone: number): Promise<number | undefined> {
    let count = 0;
    const progress = () => {
      count += 1;
      if (count === framesDone) throw new Broken();
    };
    await assert.rejects(extract(large, root, { progress }), Broken);
    const journal = await readJournal(root);
    return typeof journal === "object" ? journal.frame : journal && assert.fail(journal);
  }

  /** What a power cut may leave of all that the journal does not vouch for. */
  async function spoil(root: string, from: number): Promise<number> {
    const starts = frameStarts(await readFrames(large));
    let spoiled = 0;
    for await (const entry of readCatalogue(large)) {
      const isVouchedFor = framesOf(entry, starts).every((frame) => frame < from);
      if (isVouchedFor || entry.type !== "file" || infoRaw(root + entry.path) === undefined) continue;
      await truncate(root + entry.path, 0);
      spoiled += 1;
    }
    return spoiled;
  }

  for (let framesDone = 1; framesDone <= 8; framesDone += 1) {
    test(`after ${framesDone} frames`, async (context) => {
      if (!skipWithout(context, source)) return;
      assert.equal((await readFrames(large)).length, 8);
      const root = join(scratch, `broken${framesDone}`);
      await mkdir(root);
      const frame = await breakOff(root, framesDone);
      // The first is noted by its own number: nothing is vouched for.
      assert.equal(frame, framesDone === 1 ? undefined : framesDone - 2);
      await spoil(root, frame ?? 0);
      const told: RestoreProgress[] = [];
      await extract(large, root, {
        ...(frame !== undefined && { resumeAt: frame }),
        progress: (state) => void (state && told.push(state)),
      });
      if (frame !== undefined) assert.ok(told.length <= 8 - startFrame(await readFrames(large), frame));
      await assertEqualTree(large, root, place("large"));
      await rm(root, { recursive: true });
    });
  }
});

describe("where an extraction goes on", () => {
  const frame = (number: number, firstMember: number | undefined, contentBytes = 4 * MIB): PlacedFrame => {
    return { number, offset: 0, storedBytes: 1, contentBytes, digest: "", firstMember, firstPath: "/", volume: "v" };
  };

  test("startFrame() goes back to where the file begins that reaches into the frame", () => {
    const frames = [frame(0, 0), frame(1, 0), frame(2, undefined), frame(3, 900), frame(4, 0), frame(5, 100), frame(6, undefined)];
    assert.deepEqual(
      frames.map(({ number }) => startFrame(frames, number)),
      [0, 1, 1, 1, 4, 4, 5],
    );
    assert.equal(startFrame(frames, 7), 5);
  });

  test("heldBack() has the frames that make up the last MiB, and a part of one is all of it", () => {
    const sizes = [4 * MIB, 4 * MIB, MIB - 1, 1, 5000, MIB, MIB - 1];
    const frames = sizes.map((contentBytes, number) => frame(number, 0, contentBytes));
    assert.deepEqual(
      frames.map((_, index) => heldBack(frames.slice(0, index + 1)).map(({ number }) => number)),
      [[0], [1], [1, 2], [2, 3], [2, 3, 4], [5], [5, 6]],
    );
  });
});

test("a journal of another kind is not read, and none is none", async () => {
  assert.equal(await readJournal(join(scratch, "journal")), undefined);
  await mkdir(join(scratch, "journal/.lifeboat"), { recursive: true });
  for (const text of ["", "{}", "nonsense", '{"set":"a","plan":"b","frame":1}']) {
    await writeFile(join(scratch, "journal/.lifeboat/journal"), text);
    assert.equal(await readJournal(join(scratch, "journal")), "unreadable", text);
  }
});
