// A machine's file systems on loop devices, found by UUID and mounted for a look. Stacked storage is opened in virtual machines alone.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { digestFile } from "#os/digest";
import { run } from "#os/exec";
import { part, sketchedDisk, sketchedLayout, luks, uuidOf } from "../machine/layouts-for-tests.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { openMachine } from "./open-machine.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-open-"));
const loops: string[] = [];
after(async () => {
  for (const loop of loops) await run(["losetup", "--detach", loop]);
  await rm(scratch, { recursive: true });
});

const image = (name: string) => join(scratch, name);
let hasLoops = false;

before(async () => {
  hasLoops = (await run(["losetup", "--find"], { okCodes: [0, 1, 127] })).exitCode === 0;
  if (!hasLoops) return;
  const make = async (name: string, ...command: readonly [string, ...string[]]) => {
    await writeFile(image(name), "");
    await truncate(image(name), 320 * 2 ** 20);
    await run([...command, image(name)]);
    loops.push((await run(["losetup", "--find", "--show", image(name)])).stdout.trim());
  };
  await make("root", "mke2fs", "-q", "-t", "ext4", "-U", uuidOf("sda1"));
  await make("home", "mkfs.xfs", "-q", "-m", `uuid=${uuidOf("sda2")}`);
  const place = join(scratch, "fill");
  await mkdir(place);
  for (const [index, loop] of loops.entries()) {
    await run(["mount", loop, place]);
    await run(["sh", "-ec", 'mkdir -p "$1/home"; echo "$2" > "$1/file"', "sh", place, `on ${index}`]);
    await run(["umount", place]);
  }
});

const LAYOUT = sketchedLayout({
  disks: [sketchedDisk("sda", { sizeMiB: 2000, parts: [part("linux", 320), part("linux", 320), part("linux", 320), part("linux", 320)] })],
  stack: [luks("safe", "sda4")],
  holds: {
    sda1: { type: "ext4", path: "/" },
    sda2: { type: "xfs", path: "/home" },
    sda3: { type: "ext4", path: "/gone" },
    safe: { type: "ext4", path: "/secret" },
  },
});

function needLoops(context: TestContext): boolean {
  if (!hasLoops) context.skip("losetup cannot attach files here");
  return hasLoops;
}

test("openMachine() finds file systems by UUID, wherever they are, says what is closed, and changes no byte", async (context) => {
  if (!needLoops(context)) return;
  const digests = () => Promise.all(["root", "home"].map((name) => digestFile(image(name))));
  const old = await digests();
  const root = join(scratch, "root-mount");
  {
    await using opened = await openMachine({ machine: { ...BIOS_MACHINE, layout: LAYOUT }, root, keys: new Map() });
    assert.deepEqual(await Promise.all(["file", "home/file"].map((name) => readFile(join(root, name), "utf8"))), ["on 0\n", "on 1\n"]);
    assert.deepEqual(opened.closed, [
      { path: "/gone", why: `its UUID ${uuidOf("sda3")} is on none of the disks that are here` },
      { path: "/secret", why: '"safe": what it stands on is not here, or no longer used so' },
    ]);
    await assert.rejects(writeFile(join(root, "new"), ""), { code: "EROFS" });
  }
  assert.equal((await run(["mountpoint", root], { okCodes: [0, 32] })).exitCode, 32);
  assert.deepEqual(await digests(), old);
});

test("openMachine() refuses where the root is not there, or there twice", async (context) => {
  if (!needLoops(context)) return;
  const root = join(scratch, "other-mount");
  const fileSystems = LAYOUT.fileSystems.map((one) => (one.device === "sda1" ? { ...one, uuid: uuidOf("nowhere") } : one));
  const machine = { ...BIOS_MACHINE, layout: { ...LAYOUT, fileSystems } };
  await assert.rejects(openMachine({ machine, root, keys: new Map() }), {
    exitCode: 3,
    message: /its root must be on the disks that are here/,
  });
  await run(["cp", "--sparse=always", image("root"), image("copy")]);
  loops.push((await run(["losetup", "--find", "--show", image("copy")])).stdout.trim());
  const whole = { ...BIOS_MACHINE, layout: LAYOUT };
  await assert.rejects(openMachine({ machine: whole, root, keys: new Map() }), { exitCode: 3, message: /several devices have its UUID/ });
});
