// Burning: disc after disc through xorriso's own drive of a file; what is in the drive is never written over unasked.
import assert from "node:assert/strict";
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "#os/exec";
import { openDiscSet } from "../media/disc-source.ts";
import { NOBODY, type MediumChanger, type MediumRequest } from "../media/medium-changer.ts";
import { openSet } from "../set/open-set.ts";
import { verifySet } from "../set/verify-set.ts";
import { burnCommand } from "./burner.ts";
import type { BurnWishes, DiscWishes } from "./disc-wishes.ts";
import { archiveOnDiscs } from "./discs-for-tests.ts";
import { imageOf } from "./image-for-tests.ts";
import { TEST_SET_ID as ID } from "./set-for-tests.ts";

const M = 1_000_000;
const scratch = await mkdtemp(join(tmpdir(), "lifeboat-burn-"));
after(() => rm(scratch, { recursive: true }));
const tree = join(scratch, "tree");
const kernel = { path: "lifeboat/vmlinuz", source: join(scratch, "kernel") };

before(async () => {
  await mkdir(tree);
  await writeFile(kernel.source, Buffer.alloc(2 * M, "kernel"));
  await run(["sh", "-c", "head -c 30000000 /dev/urandom > large; seq 10000 > text"], { cwd: tree });
});

const WISHES: Omit<BurnWishes, "drive"> = { blank: undefined, speed: undefined, eject: true, isDry: false };

/** A drive that is a file, and the pile of discs that came out of it. */
async function workshop() {
  const place = await mkdtemp(join(scratch, "drive-"));
  const drive = join(place, "drive");
  const store = join(place, "store");
  await mkdir(store);
  const asked: MediumRequest[] = [];
  const pile: string[] = [];
  const takeOut = async () => {
    if (
      !(await access(drive).then(
        () => true,
        () => false,
      ))
    )
      return;
    pile.push(join(place, `disc${pile.length + 1}`));
    await rename(drive, pile.at(-1)!);
  };
  const changer: MediumChanger = {
    async next(request) {
      asked.push(request);
      await takeOut();
      return request.place;
    },
  };
  const burned = (wishes: Partial<BurnWishes> = {}, discs: DiscWishes = {}, by = changer) => {
    const burn: BurnWishes = { ...WISHES, drive: `stdio:${drive}`, ...wishes };
    return archiveOnDiscs({ tree, store, image: imageOf([kernel]), limitBytes: 16 * M, changer: by, discs: { ...discs, burn } });
  };
  return { drive, store, asked, pile, takeOut, burned };
}

/** The real xorriso, whose first disc has a scratch. */
async function scratchedOnce(drive: string): Promise<AsyncDisposable> {
  const directory = await mkdtemp(join(scratch, "bin-"));
  const real = (await run(["sh", "-c", "command -v xorriso"])).stdout.trim();
  const script = `#!/bin/sh
case "$*" in *cdrecord*) [ -e ${directory}/done ] || { touch ${directory}/done; ${real} "$@" && printf X | dd of=${drive} bs=1 seek=3000000 conv=notrunc status=none; exit; } ;; esac
exec ${real} "$@"
`;
  await writeFile(join(directory, "xorriso"), script, { mode: 0o755 });
  const path = process.env["PATH"];
  process.env["PATH"] = `${directory}:${path}`;
  return { [Symbol.asyncDispose]: async () => void (process.env["PATH"] = path) };
}

describe("a set that is burned", () => {
  test("is on three discs in order, the manifest on the last; what reads it asks for that one first", async () => {
    const { drive, store, asked, pile, takeOut, burned } = await workshop();
    await burned();
    await takeOut();
    assert.deepEqual(
      asked.map(({ use, number, problem }) => [use, number, problem]),
      [
        ["write", 2, undefined],
        ["write", 3, undefined],
      ],
    );
    assert.deepEqual([pile.length, await readdir(store)], [3, []]);
    const wanted: (number | string)[] = [];
    await run(["cp", pile[0]!, drive]);
    const changerOfDiscs: MediumChanger = {
      async next({ number, use }) {
        assert.equal(use, "read");
        wanted.push(number);
        await run(["cp", pile[(number === "last" ? 3 : number) - 1]!, drive]);
        return drive;
      },
    };
    await using cleanUp = new AsyncDisposableStack();
    const set = await openSet(await openDiscSet(drive, { drives: () => [drive], changer: changerOfDiscs, cleanUp }));
    assert.deepEqual((await verifySet(set, () => undefined)).damage, []);
    assert.deepEqual(wanted, ["last", 1, 2, 3]);
  });

  test("leaves discs alone that are not empty, unless it is told to blank them, and never its own", async () => {
    const { drive, asked, pile, burned } = await workshop();
    await writeFile(drive, "");
    await run(["xorriso", "-no_rc", "-outdev", `stdio:${drive}`, "-map", kernel.source, "/mine", "-commit"]);
    const mine = await readFile(drive);
    await burned();
    assert.deepEqual(
      asked.slice(0, 2).map(({ number, problem }) => [number, problem]),
      [
        [1, `the disc in stdio:${drive} is not empty (is written , is appendable)`],
        [2, undefined],
      ],
    );
    assert.ok((await readFile(pile[0]!)).equals(mine));
    asked.length = 0;
    // Nobody takes them out until they are refused.
    await rm(drive);
    let refused = 0;
    const lazy: MediumChanger = {
      async next(request) {
        if (request.problem === `the disc in stdio:${drive} is one of this set`) refused += 1;
        if (request.problem !== undefined) await rm(drive);
        return request.place;
      },
    };
    await burned({ blank: "as_needed" }, {}, lazy);
    assert.equal(refused, 2);
  });

  test("asks for another disc when one cannot be burned, or reads otherwise", async () => {
    const { drive, store, asked, pile, takeOut, burned } = await workshop();
    await using _ = await scratchedOnce(drive);
    const clumsy: MediumChanger = {
      async next(request) {
        asked.push(request);
        await takeOut();
        if (request.number === 3 && request.problem === undefined) await mkdir(drive);
        return request.place;
      },
    };
    await burned({}, {}, clumsy);
    await takeOut();
    assert.deepEqual(
      asked.map(({ number }) => number),
      [1, 2, 3, 3],
    );
    assert.equal(asked[0]?.problem, `Cannot trust the disc in "stdio:${drive}" as it must read as its image: it does not`);
    assert.match(asked[3]?.problem ?? "", /could not be performed properly/);
    assert.deepEqual([pile.length, await readdir(store)], [5, []]);
  });

  test("runs a command before each image is made, and after each was burned", async () => {
    const { drive, burned } = await workshop();
    const line = (when: string) => `echo ${when} $LIFEBOAT_VOLUME $LIFEBOAT_SET $(basename $LIFEBOAT_FILE) >> ${drive}.log`;
    await burned({}, { before: line("before"), after: line("after") });
    const expected = [1, 2, 3].flatMap((number) => ["before", "after"].map((when) => `${when} ${number} ${ID} ${ID}-${number}.iso\n`));
    assert.equal(await readFile(`${drive}.log`, "utf8"), expected.join(""));
  });

  test("needs somebody for the second disc", async () => {
    const { store, burned } = await workshop();
    await assert.rejects(burned({}, {}, NOBODY), { exitCode: 3, message: /as disc 2 of test-\S+ must be in "stdio:.*" to be written: / });
    assert.deepEqual(await readdir(store), []);
  });

  test("with the laser off nothing is written and nobody is asked", async () => {
    const { drive, store, asked, burned } = await workshop();
    await burned({ isDry: true });
    assert.deepEqual(
      [
        asked,
        await readdir(store),
        await stat(drive).then(
          ({ size }) => size,
          () => 0,
        ),
      ],
      [[], [], 0],
    );
  });

  test("ends with 4 when a command of the user's fails, and leaves nothing", async () => {
    const { store, burned } = await workshop();
    const message = /^Cannot go on with disc 2 as the command of --before-volume must succeed: exit code 7, saying "no"$/;
    await assert.rejects(burned({}, { before: "[ $LIFEBOAT_VOLUME = 1 ] || { echo no >&2; exit 7; }" }), { exitCode: 4, message });
    assert.deepEqual(await readdir(store), []);
  });
});

test("xorriso is told the drive, its speed, how to blank, and to keep the laser off", () => {
  const command = burnCommand({ drive: "/dev/sr0", blank: "fast", speed: "4", eject: false, isDry: true }, "/w/x-1.iso");
  assert.equal(command.join(" "), "xorriso -no_rc -as cdrecord -v dev=/dev/sr0 speed=4 blank=fast -dummy /w/x-1.iso");
});

test("commands run for images in a directory too, the later ones when all have their names", async () => {
  const store = await mkdtemp(join(scratch, "store-"));
  const log = join(scratch, "log");
  const line = (when: string) => `echo ${when} $LIFEBOAT_VOLUME $(ls ${store} | grep -c 'iso$') >> ${log}`;
  const discs = { prefix: "boat", before: line("before"), after: `test -f $LIFEBOAT_FILE && ${line("after")}` };
  await archiveOnDiscs({ tree, store, image: imageOf([kernel]), limitBytes: 16 * M, discs });
  assert.equal(await readFile(log, "utf8"), "before 2 0\nbefore 3 0\nbefore 1 0\nafter 1 3\nafter 2 3\nafter 3 3\n");
});
