// How a set comes to count: on an ISO too it is read from where it will be found, and nothing lies about when that fails.
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { listStore } from "../media/directory-store.ts";
import { findSet } from "../media/find-set.ts";
import { openSet } from "../set/open-set.ts";
import type { SetSource } from "../set/set-source.ts";
import { verifySet } from "../set/verify-set.ts";
import { completeManifest, writeSet } from "./archive-set.ts";
import { QUIET } from "./discs-for-tests.ts";
import { imageOf } from "./image-for-tests.ts";
import { FINISHED_AT, setOptionsFor, TEST_SET_ID as ID } from "./set-for-tests.ts";
import { makePlace, type Completion } from "./set-place.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-place-"));
after(() => rm(scratch, { recursive: true }));
const tree = join(scratch, "tree");
await mkdir(tree);
await writeFile(join(tree, "file"), "content");

const KERNEL = { path: "lifeboat/vmlinuz", source: join(scratch, "kernel") };
await writeFile(KERNEL.source, "kernel ".repeat(1000));

const IMAGE = imageOf([KERNEL]);

/** Looked at while the set is checked: what others see of the store. */
async function archive(kind: "directory" | "iso", check: Completion["check"]) {
  const store = await mkdtemp(join(scratch, "store-"));
  await using cleanUp = new AsyncDisposableStack();
  const place = await makePlace({ kind, path: store }, { store, id: ID, cleanUp, image: IMAGE, ...QUIET });
  const draft = await writeSet({
    ...setOptionsFor(tree, place.directory),
    ...(place.volumes === undefined ? {} : { volumes: place.volumes }),
  });
  const image = kind === "iso" ? { image: IMAGE.files } : {};
  const manifest = await completeManifest(place.directory, draft, { besideFiles: [], finishedAt: FINISHED_AT, ...image });
  const seen: unknown[] = [];
  const looking = async (source: SetSource) => {
    seen.push(...(await listStore(store)).map(({ id, state }) => [id, state]));
    assert.deepEqual((await verifySet({ source, manifest }, () => undefined)).damage, []);
    await check(source);
  };
  const result = await place.complete({ manifest, check: looking }).catch((error: unknown) => error);
  return { store, manifest, seen, result };
}

const CASES = [
  ["directory", ID],
  ["iso", `${ID}-1.iso`],
] as const;

for (const [kind, name] of CASES) {
  describe(`a set that becomes a ${kind}`, () => {
    test("is being written until it was checked, and then is whole and alone in the store", async () => {
      let description = "";
      const { store, manifest, seen, result } = await archive(kind, async (source) => void (description = source.description));
      assert.deepEqual(seen, [[ID, "being-written"]]);
      assert.equal((result as { readonly path: string }).path, join(store, name));
      assert.deepEqual((await readdir(store)).sort(), [".lifeboat-store", name, ...(kind === "iso" ? [`${name}.b2`] : [])]);
      assert.ok(description.endsWith(kind === "iso" ? `${name}/${ID}` : name), description);
      const found = await openSet(await findSet(store));
      assert.deepEqual(found.manifest, manifest);
      assert.deepEqual([await found.source.sizeOf("writing.json"), (await verifySet(found, () => undefined)).damage], [undefined, []]);
    });

    test("leaves nothing behind when it is not what was written", async () => {
      const { store, result } = await archive(kind, () => Promise.reject(new LifeboatError("Cannot trust the set", { exitCode: 5 })));
      assert.ok(result instanceof LifeboatError && result.exitCode === 5);
      assert.deepEqual(await readdir(store), []);
    });
  });
}

describe("the rescue image that lies beside a set", () => {
  const damageOf = async (path: string) => (await verifySet(await openSet(await findSet(path)), () => undefined)).damage;

  test("is compared on the ISO, and costs no file of the set", async () => {
    const { store, manifest } = await archive("iso", async () => undefined);
    assert.deepEqual(
      manifest.image?.map(({ name, sizeBytes }) => [name, sizeBytes]),
      [["lifeboat/vmlinuz", 7000]],
    );
    const iso = join(store, `${ID}-1.iso`);
    const bytes = await readFile(iso);
    bytes.write("KERNEL", bytes.indexOf("kernel kernel"));
    await writeFile(iso, bytes);
    const set = await openSet(await findSet(iso));
    assert.deepEqual(await verifySet(set, () => undefined), {
      frames: 1,
      paths: 2,
      storedBytes: set.manifest.totals.storedBytes,
      damage: [`Cannot read "lifeboat/vmlinuz" of "${iso}" as its digest must be the manifest's: it is another`],
    });
  });

  test("is compared where the ISO is mounted, or was copied out", async () => {
    const { store } = await archive("iso", async () => undefined);
    const disc = join(store, "disc");
    await run(["xorriso", "-osirrox", "on", "-indev", join(store, `${ID}-1.iso`), "-extract", "/", disc]);
    await symlink(join(disc, ID), join(store, "link"));
    for (const place of [disc, join(disc, ID), join(store, "link")]) assert.deepEqual(await damageOf(place), [], place);
    await chmod(join(disc, "lifeboat"), 0o755);
    await rm(join(disc, KERNEL.path));
    assert.deepEqual(await damageOf(join(disc, ID)), [`Cannot read "lifeboat/vmlinuz" of "${disc}" as it must be there: it is missing`]);
  });
});

test("an ISO of the same second is kept", async () => {
  const store = await mkdtemp(join(scratch, "same-"));
  await writeFile(join(store, `${ID}-1.iso`), "mine");
  await using cleanUp = new AsyncDisposableStack();
  const message = /as a set is never overwritten: it is there already$/;
  await assert.rejects(makePlace({ kind: "iso", path: store }, { store, id: ID, cleanUp, image: IMAGE, ...QUIET }), {
    exitCode: 3,
    message,
  });
  assert.deepEqual(await readdir(store), [`${ID}-1.iso`]);
});
