// What an earlier restore has left on the machine's own root: read from a real file system, of which no byte changes.
import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test, type TestContext } from "node:test";
import { digestFile } from "#os/digest";
import { run } from "#os/exec";
import { readText } from "#os/files";
import { archiveTree } from "../archive/set-for-tests.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { planOfSteps } from "./plan-for-tests.ts";
import { noteProgress, type Journal } from "./journal.ts";
import { prepareRestore, readTraces } from "./prepare.ts";
import { presentDisk } from "./present-disks-for-tests.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-prepare-"));
after(() => rm(scratch, { recursive: true }));
const UUID = BIOS_MACHINE.layout.fileSystems[0]!.uuid!;
const JOURNAL: Journal = { set: "web1", content: "c", plan: "p", frame: 3, writtenAt: "2026-11-22T00:00:00.000Z", changed: [] };

interface Left {
  readonly type?: "ext4" | "ext3" | "xfs" | "vfat";
  readonly uuid?: string;
  /** Content of files in /.lifeboat. */
  readonly files?: Readonly<Record<string, string>>;
  /** As a restore that was broken off has written it. */
  readonly journal?: Journal;
}

/** A disk as a power cut leaves it: the file system's own journal is not empty. Undefined where no loop device can be had. */
async function cutDisk(context: TestContext, { type = "ext4", uuid = UUID, files = {}, journal }: Left) {
  const [image, cut, place] = ["image", "cut", "place"].map((name) => join(scratch, name)) as [string, string, string];
  await run(["truncate", "-s", type === "xfs" ? "320M" : "32M", image]);
  const mkfs: Record<string, readonly [string, ...string[]]> = {
    ext4: ["mkfs.ext4", "-q", "-F", "-U", uuid, image],
    ext3: ["mkfs.ext3", "-q", "-F", "-U", uuid, image],
    xfs: ["mkfs.xfs", "-q", "-f", "-m", `uuid=${uuid}`, image],
    vfat: ["mkfs.vfat", image],
  };
  await run(mkfs[type]!);
  if (type !== "vfat") {
    await mkdir(place, { recursive: true });
    const mounted = await run(["mount", "-o", "loop", image, place], { okCodes: [0, 1, 32] });
    if (mounted.exitCode !== 0) {
      context.skip(`no image can be mounted here: ${mounted.stderr.trim()}`);
      return undefined;
    }
    await mkdir(join(place, ".lifeboat"));
    for (const [name, content] of Object.entries(files)) await writeFile(join(place, ".lifeboat", name), content);
    await run(["sync", "-f", place]);
    if (journal !== undefined) await noteAs(journal, place);
    // XFS has its metadata in its log alone until much later, or until it is frozen: without a replay nothing of it is to be seen.
    const mustFreeze = type === "xfs" && journal === undefined;
    if (mustFreeze) await run(["fsfreeze", "-f", place]);
    await copyFile(image, cut);
    if (mustFreeze) await run(["fsfreeze", "-u", place]);
    await run(["umount", place]);
  } else {
    await copyFile(image, cut);
  }
  await rm(image);
  const device = (await run(["losetup", "--find", "--show", cut])).stdout.trim();
  return { device, cut, [Symbol.asyncDispose]: async () => void (await run(["losetup", "--detach", device])) };
}

async function noteAs({ set, content, plan, frame, changed, writtenAt }: Journal, root: string): Promise<void> {
  const fail = () => assert.fail("not called");
  const environment = { say: fail, note: assert.fail, progress: fail, release: fail, nowMs: fail, logPath: "" };
  await noteProgress({ set, content, plan, frames: 9 }, { frame, changed }, { ...environment, root, now: () => writtenAt });
}

async function look(context: TestContext, left: Left, found = left.uuid ?? UUID) {
  await using disk = await cutDisk(context, left);
  if (disk === undefined) return undefined;
  const { device, cut } = disk;
  const type = left.type ?? "ext4";
  const mount = { kind: "mount", device, path: "/", type, options: [], fsRoot: "/" } as const;
  const plan = planOfSteps("web1", [mount]);
  const content = { device: device.slice("/dev/".length), type, uuid: found, label: undefined };
  const before = await digestFile(cut);
  const traces = await readTraces(BIOS_MACHINE, plan, [presentDisk({ id: "loop" }, [content])]);
  assert.equal(await digestFile(cut), before, "no byte has changed");
  assert.doesNotMatch(await readText("/proc/self/mounts"), /lifeboat-look-/);
  return traces;
}

const MARK = JSON.stringify({ set: "web1", seconds: 3 });

describe("readTraces() finds", () => {
  for (const type of ["ext4", "ext3", "xfs"] as const) {
    test(`the mark and the journal on ${type}, with the file system's own journal not replayed`, async (context) => {
      const traces = await look(context, { type, files: { journal: JSON.stringify(JOURNAL), "restored.json": MARK } });
      if (traces !== undefined) assert.deepEqual(traces, { journal: JOURNAL, mark: "web1" });
    });
  }

  for (const type of ["ext4", "ext3", "xfs"] as const) {
    test(`what a power cut on ${type} leaves of a journal that was noted the moment before`, async (context) => {
      const traces = await look(context, { type, journal: JOURNAL });
      if (traces !== undefined) assert.deepEqual(traces, { journal: JOURNAL, mark: undefined });
    });
  }

  test("a journal that cannot be read, and no mark", async (context) => {
    const traces = await look(context, { files: { journal: '{"set":1}' } });
    if (traces !== undefined) assert.deepEqual(traces, { journal: "unreadable", mark: undefined });
  });

  const nothing: readonly (readonly [what: string, left: Left, found?: string])[] = [
    ["where nothing was restored", {}],
    ["on another machine's file system", { uuid: "11111111-2222-4333-8444-555555555555", files: { "restored.json": MARK } }],
    ["when the UUID is written otherwise and nothing is there", {}, UUID.toUpperCase()],
    ["on a type that cannot be looked at without a change", { type: "vfat" }, UUID],
  ];
  for (const [what, left, found] of nothing) {
    test(`nothing ${what}`, async (context) => {
      const traces = await look(context, left, found);
      if (traces !== undefined) assert.deepEqual(traces, { journal: undefined, mark: undefined });
    });
  }

  test("nothing on what cannot be mounted", async () => {
    const mount = { kind: "mount", device: "/dev/null", path: "/", type: "ext4", options: [], fsRoot: "/" } as const;
    const plan = planOfSteps("web1", [mount]);
    const present = presentDisk({ id: "x" }, [{ device: "null", type: "ext4", uuid: UUID, label: undefined }]);
    assert.deepEqual(await readTraces(BIOS_MACHINE, plan, [present]), { journal: undefined, mark: undefined });
  });
});

test("prepareRestore() refuses a set of files alone", async () => {
  const tree = join(scratch, "tree");
  await mkdir(tree);
  const set = await archiveTree(tree, join(scratch, "set"));
  const options = { map: new Map(), excluded: [], wipe: [], locks: new Map() };
  const message = /^Cannot rebuild a machine from test-20261121T194500Z as a set must have been made of \/: it holds files alone$/;
  await assert.rejects(prepareRestore(set, options), { name: "LifeboatError", exitCode: 2, message });
});
