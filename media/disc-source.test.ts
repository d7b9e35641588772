// A set read disc by disc: each is asked for once a pass, a wrong one is named, a second drive is looked into.
import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "#os/exec";
import { archiveOnDiscs } from "../archive/discs-for-tests.ts";
import { imageOf } from "../archive/image-for-tests.ts";
import { TEST_SET_ID as ID } from "../archive/set-for-tests.ts";
import { findOnIso } from "../formats/iso9660.ts";
import { restoreFiles } from "../restore/restore-files.ts";
import { FILES_REQUEST } from "../restore/files-request-for-tests.ts";
import { openSet } from "../set/open-set.ts";
import { MissingMedium } from "../set/set-source.ts";
import { verifySet } from "../set/verify-set.ts";
import { findSet } from "./find-set.ts";
import { sourceBelow } from "./find-store.ts";
import { openDiscSet } from "./disc-source.ts";
import { NOBODY, type MediumChanger, type MediumRequest } from "./medium-changer.ts";

const M = 1_000_000;
const OTHER = "other-20260101T000000Z";
const scratch = await mkdtemp(join(tmpdir(), "lifeboat-drives-"));
after(() => rm(scratch, { recursive: true }));
const tree = join(scratch, "tree");
const discs = join(scratch, "discs");
const disc = (number: number, id = ID) => join(discs, `${id}-${number}.iso`);

before(async () => {
  await mkdir(tree);
  await mkdir(discs);
  const kernel = { path: "lifeboat/vmlinuz", source: join(scratch, "kernel") };
  await writeFile(kernel.source, Buffer.alloc(2 * M, "kernel"));
  await run(["sh", "-c", "head -c 30000000 /dev/urandom > large; seq 10000 > text"], { cwd: tree });
  for (const id of [ID, OTHER]) await archiveOnDiscs({ tree, store: discs, id, image: imageOf([kernel]), limitBytes: 16 * M });
  assert.equal((await readdir(discs)).filter((name) => name.startsWith(ID) && name.endsWith(".iso")).length, 3);
});

const cleanUp = new AsyncDisposableStack();
after(() => cleanUp.disposeAsync());

interface Rack {
  readonly drives: readonly string[];
  put(drive: number, path: string | undefined): Promise<void>;
  readonly asked: MediumRequest[];
  reading(answer: (request: MediumRequest) => Promise<string>): Parameters<typeof openDiscSet>[1];
}

/** Drives are files, and a disc is put in as a copy. */
async function rack(count: number): Promise<Rack> {
  const place = await mkdtemp(join(scratch, "rack-"));
  const drives = Array.from({ length: count }, (_, index) => join(place, `drive${index}`));
  const asked: MediumRequest[] = [];
  return {
    drives,
    asked,
    async put(drive, path) {
      await rm(drives[drive]!, { force: true });
      if (path !== undefined) await copyFile(path, drives[drive]!);
    },
    reading: (answer) => ({
      drives: () => drives,
      cleanUp,
      changer: {
        async next(one) {
          asked.push(one);
          return answer(one);
        },
      } satisfies MediumChanger,
    }),
  };
}

const asText = (asked: readonly MediumRequest[]) =>
  asked.map(({ number, problem }) => `${number}${problem === undefined ? "" : `: ${problem}`}`);

test("one drive: verify asks for each disc once a pass, and what is wrong is named", async () => {
  const one = await rack(1);
  const [drive = ""] = one.drives;
  await one.put(0, disc(1));
  let wrong: (string | undefined)[] = [disc(3), disc(2, OTHER), undefined];
  const reading = one.reading(async ({ number }) => {
    const [first, ...others] = wrong;
    if (wrong.length === 0) await one.put(0, disc(Number(number)));
    else await one.put(0, first);
    wrong = others;
    return drive;
  });
  const set = await openSet(await openDiscSet(drive, reading));
  assert.deepEqual((await verifySet(set, () => undefined)).damage, []);
  const about = `in ${drive} is`;
  assert.deepEqual(asText(one.asked), [
    "2",
    `2: ${about} disc 3 of ${ID}`,
    `2: ${about} disc 2 of ${OTHER}`,
    `2: ${about} no disc that can be read`,
    "3",
  ]);
  // A second pass begins where the first one did.
  one.asked.length = 0;
  assert.deepEqual((await verifySet(set, () => undefined)).damage, []);
  assert.deepEqual(asText(one.asked), ["1", "2", "3"]);
});

test("two drives, and a disc that is put into the other one: nothing is asked for that is in any of them", async () => {
  const two = await rack(2);
  await two.put(0, disc(1));
  await two.put(1, disc(2));
  const reading = two.reading(async ({ arrived }) => {
    assert.equal(await arrived!(), undefined);
    await two.put(1, disc(2, OTHER));
    assert.equal(await arrived!(), two.drives[1]);
    assert.equal(await arrived!(), undefined);
    await two.put(1, undefined);
    assert.equal(await arrived!(), undefined);
    await two.put(1, disc(3));
    return (await arrived!())!;
  });
  const set = await openSet(await openDiscSet(two.drives[0]!, reading));
  assert.deepEqual((await verifySet(set, () => undefined)).damage, []);
  assert.deepEqual(asText(two.asked), ["3"]);
});

test("files come back from the one disc that holds them, beginning with any disc", async () => {
  const one = await rack(1);
  await one.put(0, disc(2));
  const answered = one.reading(async ({ number }) => {
    await one.put(0, disc(number === "last" ? 3 : number));
    return one.drives[0]!;
  });
  const set = await openSet(await openDiscSet(one.drives[0]!, answered));
  const to = join(scratch, "to");
  const outcome = await restoreFiles({ ...FILES_REQUEST, set, to, only: ["/text"] });
  assert.deepEqual(outcome.differences, []);
  assert.deepEqual(asText(one.asked), ["last"]);
});

test("when the copies on the first disc are damaged, those on the last one are taken", async () => {
  const one = await rack(1);
  const bytes = await readFile(disc(1));
  bytes[findOnIso(bytes, `${ID}/catalogue.ndjson.zst`)!.extents[0]!.lba * 2048 + 40]! ^= 0xff;
  const damaged = join(scratch, "damaged.iso");
  await writeFile(damaged, bytes);
  await one.put(0, damaged);
  const answered = one.reading(async ({ number }) => {
    await one.put(0, number === 1 ? damaged : disc(number === "last" ? 3 : number));
    return one.drives[0]!;
  });
  const set = await openSet(await openDiscSet(one.drives[0]!, answered));
  assert.deepEqual(asText(one.asked), ["last"]);
  assert.equal(set.manifest.id, ID);
});

test("images of all discs are found below a mounted file system by what is in them, and by their prefix", async () => {
  const disk = await mkdtemp(join(scratch, "disk-"));
  const found = async (prefix?: string, notes: string[] = []) => {
    const search = { id: ID, path: undefined, prefix, note: (line: string) => void notes.push(line) };
    const stored = await sourceBelow(disk, search);
    return stored === undefined ? notes : [stored.path, (await openSet(stored.source)).manifest.id];
  };
  const sets = join(disk, "sets");
  await mkdir(sets);
  for (const number of [1, 2, 3]) await copyFile(disc(number), join(sets, `boat-${number}.iso`));
  assert.deepEqual(await found(), [], "no store");
  await writeFile(join(sets, ".lifeboat-store"), "");
  assert.deepEqual(await found(), ["/sets/boat-1.iso", ID]);
  assert.deepEqual(await found("boat"), ["/sets/boat-1.iso", ID]);
  assert.deepEqual(await found("ship"), []);
  await rm(join(sets, "boat-2.iso"));
  assert.deepEqual(await found(), [`${sets}: of ${ID} disc 2 is not here`]);
});

test("a disc that is mounted is told from a set, and discs that were put together in one directory are one", async () => {
  const extract = (number: number, to: string) => run(["xorriso", "-osirrox", "on", "-indev", disc(number), "-extract", "/", to]);
  const place = join(scratch, "mounted");
  await extract(1, place);
  const lack = `it is disc 1 of several, and data-0002.tar.zst is on another one`;
  for (const path of [place, join(place, ID)]) {
    await assert.rejects(findSet(path), {
      exitCode: 5,
      message: new RegExp(`as all of the set must be in it: ${lack}$`),
      hint: /\/dev\/sr0/,
    });
  }
  const notes: string[] = [];
  const search = { id: ID, path: undefined, prefix: undefined, note: (line: string) => void notes.push(line) };
  assert.equal(await sourceBelow(place, search), undefined);
  assert.deepEqual(notes, [`${place}/${ID}: ${lack}`]);
  await run(["chmod", "-R", "u+w", place]);
  for (const number of [2, 3]) {
    await extract(number, `${place}${number}`);
    await run(["sh", "-c", `cp -f ${place}${number}/${ID}/* ${place}/${ID}/`]);
  }
  assert.deepEqual((await verifySet(await openSet(await findSet(place)), () => undefined)).damage, []);
  assert.equal((await sourceBelow(place, search))?.path, `/${ID}`);
});

test("no disc is asked for while the rescue system's own must stay in", async () => {
  const one = await rack(1);
  await one.put(0, disc(1));
  const reading = { ...one.reading(async () => assert.fail()), mustStayNote: disc(1) };
  await assert.rejects(openDiscSet(one.drives[0]!, reading), { exitCode: 3, message: /this rescue system's disc must stay/ });
});

describe("nobody to ask", () => {
  test("is a refusal that names the disc, and no damage", async () => {
    const one = await rack(1);
    await one.put(0, disc(1));
    const set = await openSet(await openDiscSet(one.drives[0]!, { ...one.reading(async () => assert.fail()), changer: NOBODY }));
    const refused = await verifySet(set, () => undefined).catch((error: unknown) => error);
    assert.ok(refused instanceof MissingMedium && refused.exitCode === 3);
    assert.match(refused.message, new RegExp(`as disc 2 of ${ID} must be in ".*drive0" to be read`));
  });

  test("a drive without a disc, and a disc without a set, are refused", async () => {
    const one = await rack(1);
    const open = () => openDiscSet(one.drives[0]!, { ...one.reading(async () => assert.fail()), changer: NOBODY });
    await assert.rejects(open(), { exitCode: 2, message: /as a disc with a set must be in it: there is none$/ });
    await writeFile(one.drives[0]!, "music");
    await assert.rejects(open(), { exitCode: 2 });
  });
});
