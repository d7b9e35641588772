// Whatever byte of a set is another: under --accept-damage every file whose own bytes are whole comes back, and all others are named or counted.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "#os/exec";
import { archiveTree, type TreeSet } from "../archive/set-for-tests.ts";
import { listTree } from "../archive/trees-for-tests.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { directorySource } from "../media/directory-store.ts";
import { openDamagedSet } from "../set/damaged-set.ts";
import { readFrames } from "../set/open-set.ts";
import { readCatalogue } from "../set/read-catalogue.ts";
import { frameStarts } from "../set/stream-places.ts";
import { framesOf, lossFinder } from "./lost-paths.ts";
import { FILES_REQUEST } from "./files-request-for-tests.ts";
import { restoreFiles } from "./restore-files.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-fuzz-"));
after(() => rm(scratch, { recursive: true }));

const tree = join(scratch, "tree");
let set: TreeSet;
let whole: Readonly<Record<string, string>>;

before(async () => {
  await mkdir(join(tree, "d"), { recursive: true });
  const make = `
    for name in a b c; do echo $name > d/$name; done; head -c 5000000 /dev/zero | tr '\\0' 'x' > d/big; ln d/big big2; ln d/a a2
    ln -s d/a link; mkfifo pipe; setfattr -n user.x -v y d/b; head -c 4100000 /dev/zero > e; echo f > f; echo last > "$(printf 'z\\377')"; chmod 750 d`;
  await run(["sh", "-c", make], { cwd: tree });
  set = await archiveTree(tree, join(scratch, "test-20261121T194500Z"), { machine: BIOS_MACHINE, volumeLimitBytes: 500 });
  whole = await listTree(tree);
});

/** Small numbers that anybody can get again (Park and Miller 1988). */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 48_271) % 2_147_483_647) % below;
}

const next = numbersFrom(20_261_126);
let places = 0;

/** Restores all of the set with these bytes flipped; the set is as it was afterwards. */
async function restoreFlipped(flips: readonly (readonly [name: string, at: number, mask: number])[]) {
  const kept = await Promise.all(flips.map(async ([name]) => readFile(join(set.directory, name))));
  for (const [index, [name, at, mask]] of flips.entries()) {
    const bytes = Buffer.from(kept[index]!);
    bytes[at]! ^= mask;
    await writeFile(join(set.directory, name), bytes);
  }
  const to = join(scratch, `place${(places += 1)}`);
  const damaged = await openDamagedSet(directorySource(set.directory));
  const request = { ...FILES_REQUEST, set: damaged, only: ["/"], to, acceptDamage: true };
  const outcome = await restoreFiles(request);
  for (const [index, [name]] of flips.entries()) await writeFile(join(set.directory, name), kept[index]!);
  return { to, outcome };
}

const NAMES = ["set.json", "data-0001.frames", "data-0002.frames", "catalogue.ndjson.zst", "machine.json"];

async function flipIn(name: string): Promise<readonly [name: string, at: number, mask: number]> {
  return [name, next((await readFile(join(set.directory, name))).length), 1 + next(255)];
}

describe("one flipped byte", () => {
  for (const name of NAMES) {
    test(`in ${name} costs no file`, async () => {
      for (let trial = 0; trial < (name === "machine.json" ? 1 : 4); trial += 1) {
        const flip = await flipIn(name);
        const { to, outcome } = await restoreFlipped([flip]);
        assert.deepEqual([outcome.differences, outcome.lost, outcome.lostUnnamed], [[], [], 0], flip.join());
        assert.deepEqual(await listTree(to), whole, flip.join());
      }
    });
  }
});

describe("one flipped byte, and one in a frame", () => {
  for (const name of NAMES.slice(0, -1)) {
    test(`in ${name} and in data costs what has bytes in that frame, and links to it`, async () => {
      const frames = await readFrames(set);
      const starts = frameStarts(frames);
      for (const { number, volume, offset, storedBytes } of frames) {
        const isLost = lossFinder([number], starts);
        const expected: string[] = [];
        let paths = 0;
        for await (const entry of readCatalogue(set)) {
          paths += 1;
          if (isLost(entry) || framesOf(entry, starts).includes(number)) expected.push(entry.path);
        }
        const flips = [await flipIn(name), [volume, offset + next(storedBytes), 1 + next(255)] as const];
        const { outcome } = await restoreFlipped(flips);
        const what = `${flips.join(" ")}: ${JSON.stringify(outcome)}`;
        assert.deepEqual(outcome.differences, [], what);
        assert.equal(outcome.restored, paths - expected.length, what);
        assert.deepEqual(
          outcome.lost.filter((path) => !expected.includes(path)),
          [],
          what,
        );
        if (outcome.lostUnnamed !== "unknown") assert.equal(outcome.lost.length + outcome.lostUnnamed, expected.length, what);
      }
    });
  }
});
