// `lifeboat list`, `verify` and `plan` as users run them: what they find, what they say of damage, and their exit codes.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "#os/exec";
import { archiveTree } from "../archive/set-for-tests.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { markStore } from "../media/directory-store.ts";
import { parseCatalogueEntry } from "../set/catalogue.ts";
import { commandOf, lifeboat } from "./command-line-for-tests.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-list-"));
after(() => rm(scratch, { recursive: true }));

const tree = join(scratch, "tree");
const [OLD, NEW, LATE] = ["web-20260101T000000Z", "web-20260201T000000Z", "web-20260301T000000Z"];
const original = join(scratch, "original");

before(async () => {
  await mkdir(tree);
  await run(
    [
      "sh",
      "-c",
      "echo a > a; echo u > \"$(printf 'caf\\303\\251\\nx')\"; echo r > \"$(printf '\\377')\"; head -c 5000000 /dev/urandom > noise; echo z > z",
    ],
    { cwd: tree },
  );
  await mkdir(original);
  await markStore(original);
  for (const id of [OLD, NEW]) await archiveTree(tree, join(original, id), { id, machine: BIOS_MACHINE });
});

let copies = 0;

async function storeWith(spoil: (store: string) => Promise<unknown>): Promise<string> {
  const store = join(scratch, `store${(copies += 1)}`);
  await cp(original, store, { recursive: true });
  await spoil(store);
  return store;
}

async function spoil(path: string, offset: number): Promise<void> {
  await using file = await open(path, "r+");
  await file.write(Buffer.from("\u0001\u0002\u0003"), 0, 3, offset);
}

const spoilNewest = (store: string) => spoil(join(store, NEW, "set.json"), 50);

describe("list", () => {
  test("lists sets, and files as their names can be given back", async () => {
    const { stdout, exitCode } = await lifeboat(["list", original]);
    assert.deepEqual([exitCode, stdout.split("\n").map((line) => line.split(" ")[0])], [0, [OLD, NEW, ""]]);
    const files = await lifeboat(["list", "--files", original]);
    assert.deepEqual([files.exitCode, files.stderr], [0, ""]);
    assert.deepEqual(
      files.stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.slice(line.indexOf("/"))),
      ["/", "/a", "/café\\nx", "/noise", "/z", "/\\377"],
    );
  });

  test("lists files as data as the catalogue has them, bytes that are no text in base64", async () => {
    const { stdout } = await lifeboat(["list", "--files", "--json", join(original, OLD)]);
    const lines = stdout.trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => parseCatalogueEntry(line).path),
      ["/", "/a", "/caf\xc3\xa9\nx", "/noise", "/z", "/\xff"],
    );
    const { path, pathB64 } = Object.assign({}, ...lines.slice(-4).map((line) => JSON.parse(line) as object)) as Record<string, string>;
    assert.deepEqual([path, pathB64], ["/z", "L/8="]);
    assert.equal((JSON.parse(lines[2]!) as { path: string }).path, "/café\nx");
  });

  test("names what is damaged, and exits with 5; what is not finished is no damage", async () => {
    const store = await storeWith(async (path) => {
      await spoilNewest(path);
      await mkdir(join(path, LATE));
    });
    const { stdout, exitCode } = await lifeboat(["list", store]);
    const [old = "", damaged = "", late = ""] = stdout.split("\n");
    assert.match(old, new RegExp(`^${OLD}  machine `));
    assert.match(damaged, new RegExp(`^${NEW}  DAMAGED: Cannot read ".*set\\.json" as a set's manifest must be whole`));
    assert.equal(late, `${LATE}  INCOMPLETE: it was not finished: there is no manifest`);
    assert.equal(exitCode, 5);
    const kept = await lifeboat(["list", "--remove-incomplete", store]);
    assert.deepEqual([kept.exitCode, kept.stderr, await readdir(store)], [5, `removed ${store}/${LATE}\n`, [".lifeboat-store", OLD, NEW]]);
    const unfinished = await storeWith((path) => mkdir(join(path, LATE)));
    assert.equal((await lifeboat(["list", unfinished])).exitCode, 0);
  });

  test("is quiet when its reader stops, and says so when its output cannot be written", async () => {
    const words = commandOf("list", "--files", original);
    const cut = await run(["bash", "-c", `"$@" | head -n 1; echo "\${PIPESTATUS[0]}"`, "bash", ...words]);
    assert.match(cut.stdout, /^d0755 .*\n0\n$/);
    assert.equal(cut.stderr, "");
    const full = await run(["bash", "-c", '"$@" > /dev/full', "bash", ...words], { okCodes: [4] });
    assert.equal(
      full.stderr,
      'lifeboat: Cannot write to "standard output" as the system allows: no space left on the device\n  Free some space or choose another place\n',
    );
  });

  test("refuses a set where sets are listed", async () => {
    const { exitCode, stderr } = await lifeboat(["list", join(original, OLD)]);
    assert.deepEqual([exitCode, /as it must hold sets: it is one itself\n/.test(stderr)], [2, true]);
  });
});

describe("verify", () => {
  test("reads the newest set of a store, and says how much", async () => {
    const { stdout, exitCode } = await lifeboat(["verify", original]);
    assert.match(stdout, new RegExp(`^${NEW}: 3 frames, 4\\.8 MiB, 6 paths read: no damage\\n$`));
    assert.equal(exitCode, 0);
  });

  test("names what a damaged frame costs when the catalogue is damaged too", async () => {
    const store = await storeWith(async (path) => {
      await spoil(join(path, NEW, "catalogue.ndjson.zst"), 40);
      await spoil(join(path, NEW, "data-0001.tar.zst"), 3_000_000);
    });
    const { stdout, exitCode } = await lifeboat(["verify", join(store, NEW)]);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.replaceAll(store, "STORE"));
    assert.deepEqual(lines.slice(0, 2), [
      `${NEW}: 3 frames, 4.8 MiB, 5 paths read: DAMAGED`,
      `  Cannot read "catalogue.ndjson.zst" of "STORE/${NEW}" as its digest must be the manifest's: it is another: the catalogue was made again from the files' own headers`,
    ]);
    assert.deepEqual(lines.slice(2), [
      '  frame 1 in data-0001.tar.zst, which begins in "/noise": its digest is another',
      '  "/noise" is lost',
    ]);
    assert.equal(exitCode, 5);
  });

  test("says of a damaged frame list what it could be made of", async () => {
    const store = await storeWith((path) => spoil(join(path, NEW, "data-0001.frames"), 40));
    const { stdout, exitCode } = await lifeboat(["verify", join(store, NEW)]);
    assert.match(stdout, /6 paths read: DAMAGED\n {2}Cannot read "data-0001\.frames".*: it was made again from the volume\n$/);
    assert.equal(exitCode, 5);
  });
});

test("verify, restore and plan do not pass over a damaged set that is newer; restore and plan take it when told", async () => {
  const store = await storeWith(spoilNewest);
  const to = join(scratch, "to");
  for (const words of [["verify"], ["restore", "--only", "/a", "--to", to], ["plan"], ["list", "--files"]]) {
    const { exitCode, stderr } = await lifeboat([...words, store]);
    const [line = "", hint = ""] = stderr.split("\n");
    assert.match(
      line,
      new RegExp(`^lifeboat: Cannot take the newest set of "${store}" as it must be whole: ${NEW}: Cannot read `),
      words.join(" "),
    );
    assert.match(hint, new RegExp(`^  The newest that is whole is older: name ${store}/${OLD} for it; `));
    assert.equal(exitCode, 5);
  }
  const { stdout, exitCode } = await lifeboat(["restore", "--only", "/a", "--to", to, "--accept-damage", store]);
  assert.match(stdout, new RegExp(`^${NEW}: 1 paths restored`));
  assert.equal(exitCode, 1);
  // No disk of this machine is free to be planned for; by then the damage has been told.
  const planned = await lifeboat(["plan", "--accept-damage", store]);
  assert.match(planned.stderr, /^damage: Cannot read ".*set\.json" .*made again from the frame lists/);
  const dry = await lifeboat(["restore", "--dry-run", "--accept-damage", store]);
  assert.deepEqual([dry.stderr, dry.stdout, dry.exitCode], [planned.stderr, planned.stdout, planned.exitCode]);
});

test("an archive that is not finished is passed over with a note, and alone it is no set", async () => {
  const store = await storeWith(async (path) => {
    await mkdir(join(path, LATE));
    await writeFile(join(path, LATE, "data-0001.tar.zst"), "");
  });
  const { stdout, stderr, exitCode } = await lifeboat(["verify", store]);
  assert.match(stdout, new RegExp(`^${NEW}: `));
  assert.deepEqual([exitCode, stderr], [0, `${LATE} is newer than ${NEW}, and no set: it was not finished: there is no manifest\n`]);
  const named = await lifeboat(["restore", join(store, LATE), "--only", "/", "--to", scratch]);
  assert.deepEqual([named.exitCode, /as a set has a manifest: there is no set\.json\n/.test(named.stderr)], [5, true]);
});
