// Single files by whatever name a person has of them, and with their inode flags.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { infoRaw } from "#os/byte-paths";
import { run } from "#os/exec";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import type { ByteText } from "../formats/tar-read.ts";
import { FILES_REQUEST } from "./files-request-for-tests.ts";
import { restoreFiles, type FilesRequest } from "./restore-files.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-names-"));
after(() => rm(scratch, { recursive: true }));

let places = 0;

async function newPlace(): Promise<string> {
  const place = join(scratch, `place${(places += 1)}`);
  await mkdir(place);
  return place;
}

async function restore(only: readonly string[], request: Pick<FilesRequest, "set"> & Partial<FilesRequest>) {
  const to = request.to ?? (await newPlace());
  const outcome = await restoreFiles({ only, to, ...FILES_REQUEST, ...request });
  return { to, outcome };
}

describe("restoreFiles() takes a name", () => {
  let odd: TreeSet;

  before(async () => {
    const made = join(scratch, "names");
    await mkdir(join(made, "dir"), { recursive: true });
    const make = `printf '\\377' > dir/raw; touch 'dir/x2d' 'dir/\\x2d' 'dir/\\134' "$(printf 'dir/\\377 b')" "$(printf 'caf\\303\\251\\nx')"`;
    await run(["sh", "-c", make], { cwd: made });
    odd = await archiveTree(made, join(scratch, "names-set"));
  });

  const cases: readonly (readonly [what: string, word: string, path: ByteText])[] = [
    ["with bytes that are no text, as list prints it", "/dir/\\377 b", "/dir/\xff b"],
    ["with a newline, as list prints it", "/café\\nx", "/caf\xc3\xa9\nx"],
    ["with a backslash, as it is", "/dir/\\x2d", "/dir/\\x2d"],
    ["with a backslash, as list prints it", "/dir/\\\\x2d", "/dir/\\x2d"],
    ["with a backslash that could be another's, as it is", "/dir/\\134", "/dir/\\134"],
    ["with dots and slashes too many", "dir/.././/dir//raw/", "/dir/raw"],
  ];
  for (const [what, word, path] of cases) {
    test(what, async () => {
      const { to, outcome } = await restore([word], { set: odd });
      assert.deepEqual([outcome.differences, outcome.restored], [[], 1]);
      assert.equal(infoRaw(to + path)?.type, "file");
    });
  }

  test("and tells of one that is not there", async () => {
    const message = 'Cannot restore "/dir/\\\\q" as it must be in the set: it is not';
    await assert.rejects(restore(["/dir/\\q"], { set: odd }), { exitCode: 2, message });
  });
});

describe("restoreFiles() and inode flags", () => {
  let flagged: TreeSet;
  const made = join(scratch, "flagged");
  const clear = (directory: string) => run(["chattr", "-R", "-f", "-i", "-a", directory], { okCodes: [0, 1] });

  before(async () => {
    await mkdir(join(made, "dir"), { recursive: true });
    await run(["sh", "-c", "echo a > dir/a; ln dir/a dir/b; echo log > dir/log; chattr +i dir/a; chattr +a dir/log; chattr +d dir"], {
      cwd: made,
    });
    flagged = await archiveTree(made, join(scratch, "flagged-set"));
    await clear(made);
  });

  test("brings them back, last of all", async () => {
    const { to, outcome } = await restore(["/"], { set: flagged });
    const { stdout } = await run(["lsattr", "-d", ...["dir", "dir/b", "dir/log"].map((path) => join(to, path))]);
    await clear(to);
    assert.deepEqual([outcome.differences, outcome.restored], [[], 5]);
    assert.deepEqual(
      stdout
        .split("\n")
        .slice(0, -1)
        .map((line) => line.slice(0, line.indexOf(" ")).replace(/[-e]/g, "")),
      ["d", "i", "a"],
    );
  });

  test("brings them back with a link whose first name was not asked for", async () => {
    const { to, outcome } = await restore(["/dir/b"], { set: flagged });
    await clear(to);
    assert.deepEqual(outcome.differences, []);
  });

  test("tells of those that the place cannot keep, and takes no offence at those that it gives", async () => {
    const to = await newPlace();
    await run(["chattr", "+d", to]);
    assert.deepEqual((await restore(["/dir/log", "/dir/a"], { set: flagged, to })).outcome.differences, []);
    await clear(to);
    const ram = join("/dev/shm", `lifeboat-test-${process.pid}`);
    try {
      const { outcome } = await restore(["/dir/log"], { set: flagged, to: ram });
      const isKept = (await run(["lsattr", "-d", join(ram, "dir/log")], { okCodes: [0, 1] })).stdout.includes("a-");
      assert.deepEqual(outcome.differences, isKept ? [] : [{ path: "/dir/log", what: "inode flags none instead of a" }]);
    } finally {
      await clear(ram);
      await rm(ram, { recursive: true });
    }
  });
});
