// What killed archives have left goes; what is whole, damaged, somebody else's or being written stays.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { makeSetDirectory, markStore } from "./directory-store.ts";
import { removeLeftovers } from "./remove-leftovers.ts";
import { writeLock } from "./set-lock.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-left-"));
after(() => rm(scratch, { recursive: true }));

const HALF = "web-20260101T000000Z";
const MARK = ".lifeboat-store.part-0123456789ab";

async function makeStore(): Promise<string> {
  const store = join(await mkdtemp(join(scratch, "disk-")), "store");
  for (const name of [HALF, "web-20260102T000000Z", "mine-20260103T000000Z", ".lifeboat-staging-AbC123", ".lifeboat-new-AbC123"])
    await mkdir(join(store, name, "boot"), { recursive: true });
  await markStore(store);
  await writeFile(join(store, "web-20260102T000000Z/set.json"), "{");
  await writeFile(join(store, "mine-20260103T000000Z/thesis"), "");
  await writeFile(join(store, MARK), "");
  await writeFile(join(store, "letter.iso"), "");
  for (const name of [".lifeboat-staging-AbC123", ".lifeboat-new-AbC123"]) await utimes(join(store, name), 1, 1);
  return store;
}

const LEFT = [".lifeboat-store", "letter.iso", "mine-20260103T000000Z", "web-20260102T000000Z"];

test("all that is incomplete is removed, and nothing else, also in a store one level below", async () => {
  const store = await makeStore();
  const { removed, written } = await removeLeftovers(join(store, ".."));
  assert.deepEqual(
    removed.map(({ path }) => path.slice(store.length + 1)).sort(),
    [".lifeboat-new-AbC123", ".lifeboat-staging-AbC123", MARK, HALF].sort(),
  );
  assert.deepEqual([written, (await readdir(store)).sort()], [[], LEFT]);
});

test("what somebody has put into half a set stays, with the directories above it, and is named", async () => {
  const store = await makeStore();
  const half = join(store, HALF);
  for (const name of ["data-0001.tar.zst", "data-0001.frames", "machine.json.part-0123456789ab", "thesis", "boot/rescue.iso"])
    await writeFile(join(half, name), "");
  for (const name of ["boot/.lifeboat-AbC123", "boot/.lifeboat-7-2vw6-f6e495-1ulajuk-AbC123", "letters/machine.json"])
    await mkdir(join(half, name), { recursive: true });
  await writeFile(join(half, "boot/.lifeboat-AbC123/output"), "");
  await writeFile(join(half, "boot/.lifeboat-7-2vw6-f6e495-1ulajuk-AbC123/output"), "");
  const { removed, stayed } = await removeLeftovers(store);
  assert.deepEqual(
    removed.map(({ path }) => path.slice(store.length + 1)).sort(),
    [".lifeboat-new-AbC123", ".lifeboat-staging-AbC123", MARK].sort(),
  );
  const kept = ["letters", "letters/machine.json", "thesis"];
  assert.deepEqual([stayed, (await readdir(half, { recursive: true })).sort()], [kept.map((name) => join(half, name)), kept]);
});

test("a set that is being written is refused by name, and so is half a mark meanwhile", async () => {
  const store = await makeStore();
  const path = await makeSetDirectory(store, "web-20260104T000000Z");
  await writeLock(join(store, ".lifeboat-staging-AbC123"), "web-20260105T000000Z");
  const { written } = await removeLeftovers(store);
  assert.deepEqual(
    written.map((set) => [set.id, set.path]),
    [
      ["web-20260104T000000Z", path],
      ["web-20260105T000000Z", join(store, ".lifeboat-staging-AbC123")],
    ],
  );
  assert.deepEqual((await readdir(store)).sort(), [...LEFT, MARK, ".lifeboat-staging-AbC123", "web-20260104T000000Z"].sort());
});
