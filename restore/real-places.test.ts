// A catalogue that lies does not lead out of the restored tree: neither by the parts of a name nor by links that came with the set.
import assert from "node:assert/strict";
import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { after, before, describe, test, type TestContext } from "node:test";
import { run } from "#os/exec";
import { archiveTree } from "../archive/set-for-tests.ts";
import type { CatalogueEntry } from "../set/catalogue.ts";
import { readFrames } from "../set/open-set.ts";
import { entryOf } from "./entries-for-tests.ts";
import { EXT4, mountImage, type MountedImage } from "./images-for-tests.ts";
import { linkNodes } from "./link-nodes.ts";
import { realPlaces } from "./real-places.ts";
import { refreshDirectories } from "./refresh-directories.ts";
import { clearLocks, setFlags } from "./set-flags.ts";

let image: MountedImage | undefined;
const root = () => `${image?.path}/to`;
const victim = () => `${image?.path}/victim`;

before(async () => {
  image = await mountImage(EXT4, 20);
  if (image === undefined) return;
  await mkdir(`${root()}/d/sub`, { recursive: true });
  await mkdir(victim());
  await writeFile(`${victim()}/shadow`, "secret");
  await writeFile(`${root()}/d/file`, "ours");
  await run(["mkfifo", `${root()}/d/evil`, `${root()}/d/sub/other`, `${victim()}/fifo`]);
  await symlink(victim(), `${root()}/d/link`);
});
after(async () => image?.[Symbol.asyncDispose]());

const OUTSIDE = ["/d/../../victim/shadow", "/d/link/shadow", "/d/file\0../victim/shadow"];

function needImage(context: TestContext): boolean {
  if (image === undefined) context.skip("no ext4 can be mounted here");
  return image !== undefined;
}

async function flagsOf(path: string): Promise<string> {
  return (await run(["lsattr", "-d", path])).stdout.split(" ")[0]!.replace(/[-e]/g, "");
}

async function* each(entries: readonly CatalogueEntry[]): AsyncGenerator<CatalogueEntry> {
  yield* entries;
}

describe("a path that leads out of the tree", () => {
  test("is no real place, nor is one below what is no directory", (context) => {
    if (!needImage(context)) return;
    const isReal = realPlaces(root());
    assert.deepEqual([...OUTSIDE, "/d/file/x", "/none/x", "d/file"].filter(isReal), []);
    assert.deepEqual(["/", "/d", "/d/link", "/d/sub/other", "/d/sub/new"].filter(isReal).length, 5);
  });

  test("gets no other name of a node in its place, and gives none", async (context) => {
    if (!needImage(context)) return;
    const fifos = [...OUTSIDE, "/d/link/fifo"].flatMap((path) => [
      entryOf({ path, type: "fifo", sameNodeAs: "/d/evil" }),
      entryOf({ path: "/d/evil", type: "fifo", sameNodeAs: path }),
    ]);
    assert.deepEqual(await linkNodes(root(), fifos), new Set());
    assert.equal(await readFile(`${victim()}/shadow`, "utf8"), "secret");
    const names = [entryOf({ path: "/d/file", type: "fifo", sameNodeAs: "/d/evil" }), entryOf({ path: "/d/evil", sameNodeAs: "/d/file" })];
    assert.deepEqual(await linkNodes(root(), names), new Set(), "files are no nodes");
    assert.deepEqual(
      await linkNodes(root(), [entryOf({ path: "/d/sub/other", type: "fifo", sameNodeAs: "/d/evil" })]),
      new Set(["/d/sub"]),
    );
  });

  test("neither gets flags nor loses them", async (context) => {
    if (!needImage(context)) return;
    const entries = [...OUTSIDE, "/d/file"].map((path) => entryOf({ path, flags: "i" }));
    await setFlags(root(), each(entries), () => false);
    assert.deepEqual([await flagsOf(`${victim()}/shadow`), await flagsOf(`${root()}/d/file`)], ["", "i"]);
    await run(["chattr", "+i", `${victim()}/shadow`]);
    await clearLocks(root(), each(entries));
    assert.deepEqual([await flagsOf(`${victim()}/shadow`), await flagsOf(`${root()}/d/file`)], ["i", ""]);
    await run(["chattr", "-i", `${victim()}/shadow`]);
  });

  test("does not become as the set has a directory of that name", async (context) => {
    if (!needImage(context)) return;
    const place = `${image?.path}`;
    await run(["sh", "-c", "mkdir -p tree/d/link/sub; chmod 700 tree/d/link/sub; mkdir victim/sub; chmod 755 victim/sub"], { cwd: place });
    const set = await archiveTree(`${place}/tree`, `${place}/set`);
    const gate = { frames: await readFrames(set), mode: "full", damaged: new Set<number>(), lost: [] } as const;
    await refreshDirectories({ set, gate }, root());
    assert.equal((await stat(`${victim()}/sub`)).mode & 0o7777, 0o755);
  });
});
