// A whole set goes to tapes by the steps of `lifeboat archive`, and is read from them as a restore reads it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { openTapeSet } from "../media/open-tape-set.ts";
import { blankTape, changedDrive, type TestTape } from "../media/tape-for-tests.ts";
import { tapeSource } from "../media/tape-source.ts";
import { parseTapeUrl, type TapeMedium } from "../media/tape-url.ts";
import { openDamagedSet } from "../set/damaged-set.ts";
import { checkListed, openSet, readMachine } from "../set/open-set.ts";
import type { SetSource } from "../set/set-source.ts";
import { verifySet } from "../set/verify-set.ts";
import { completeManifest, writeSet } from "./archive-set.ts";
import { imageOf } from "./image-for-tests.ts";
import { FINISHED_AT, setOptionsFor, TEST_SET_ID as ID } from "./set-for-tests.ts";
import { placeOnTape } from "./tape-place.ts";

const MIB = 2 ** 20;
const scratch = await mkdtemp(join(tmpdir(), "lifeboat-tape-place-"));
after(() => rm(scratch, { recursive: true }));
const tree = join(scratch, "tree");
await mkdir(tree);
for (let number = 0; number < 5; number += 1) await writeFile(join(tree, `file-${number}`), randomBytes(4 * MIB));
const kernel = join(scratch, "kernel");
await writeFile(kernel, randomBytes(MIB));
const IMAGE = imageOf([{ path: "lifeboat/vmlinuz", source: kernel }]);

const medium = (text: string): TapeMedium => parseTapeUrl(`${text}?volume=5M&block=64K&spool=${scratch}`)!;

async function archive(url: string, capacityBytes: number) {
  const tapes: TestTape[] = [blankTape(capacityBytes)];
  const tapeFor = ({ use, number }: { readonly use: string; readonly number: number | "last" }) => {
    if (use === "write") tapes.push(blankTape(capacityBytes));
    return tapes.at(use === "write" || number === "last" ? -1 : number - 1);
  };
  const { drive, loaded, requests } = changedDrive(tapes[0], tapeFor);
  await using cleanUp = new AsyncDisposableStack();
  const { changer } = loaded;
  const label = { hostName: "test", createdAt: FINISHED_AT };
  const place = await placeOnTape({
    medium: medium(url),
    openDrive: () => drive,
    id: ID,
    cleanUp,
    image: IMAGE,
    label,
    changer,
    note: () => undefined,
  });
  await place.begin?.(BIOS_MACHINE);
  const spooled: number[] = [];
  const draft = await writeSet({
    ...setOptionsFor(tree, place.directory),
    codec: "none",
    machine: BIOS_MACHINE,
    volumeLimitBytes: place.volumeLimitBytes!,
    volumes: {
      async open(name) {
        spooled.push((await readdir(place.directory)).filter((file) => file.startsWith("data-") && !file.endsWith(".frames")).length);
        return place.volumes!.open(name);
      },
    },
  });
  const facts = { besideFiles: ["boot/rescue.iso"], finishedAt: FINISHED_AT };
  const manifest = await completeManifest(place.directory, draft, facts);
  const check = async (source: SetSource) => assert.deepEqual((await verifySet({ source, manifest }, () => undefined)).damage, []);
  const completed = await place.complete({ manifest, check });
  return { tapes, drive, requests, manifest, completed, spooled };
}

async function open(tapes: readonly TestTape[]) {
  const { loaded } = changedDrive(tapes[0], ({ number }) => tapes.at(number === "last" ? -1 : number - 1));
  const staging = await mkdtemp(join(scratch, "staging-"));
  return openSet(tapeSource(await openTapeSet({ ...loaded, staging })));
}

describe("tape:", () => {
  test("a set on three tapes is checked, opened from its last tape, and whole; its head has the machine and the rescue image", async () => {
    const { tapes, requests, manifest, completed } = await archive("tape:/dev/nst0", 12 * MIB);
    assert.equal(tapes.length, 3);
    assert.equal(completed.path, "3 tapes in /dev/nst0");
    // Written 2 and 3, then read from the first one on.
    assert.deepEqual(
      requests.map(({ use, number }) => `${use} ${number}`),
      ["write 2", "write 3", "read 1", "read 2", "read 3"],
    );
    const set = await open(tapes);
    assert.deepEqual(set.manifest, manifest);
    assert.equal((await readMachine(set))?.hostName, BIOS_MACHINE.hostName);
    const iso = manifest.files.find(({ name }) => name === "boot/rescue.iso")!;
    await checkListed(set.source, { ...iso, digest: iso.digest! });
    assert.deepEqual((await verifySet(set, () => undefined)).damage, []);
  });

  test("no more than two volumes wait while a third one is begun, and the spool is empty in the end", async () => {
    const { spooled } = await archive("tape:/dev/nst0", Infinity);
    assert.equal(spooled.length, 5);
    assert.ok(Math.max(...spooled) <= 2, spooled.join(" "));
    assert.deepEqual(
      (await readdir(scratch)).filter((name) => name.startsWith("lifeboat-tape-")),
      [],
    );
  });

  test("damage on the tape is found by the check, and named", async () => {
    const { tapes } = await archive("tape:/dev/nst0", Infinity);
    // Label, mark, head with machine and image, mark, head of the first volume, its first record.
    const second = tapes[0]!.items.indexOf("mark", tapes[0]!.items.indexOf("mark") + 1);
    (tapes[0]!.items[second + 2] as Uint8Array)[1000]! ^= 1;
    const { damage } = await verifySet(await open(tapes), () => undefined);
    assert.match(damage[0] ?? "", /^frame 0 in data-0001\.tar/);
  });
});

test("a set whose end is lost is refused, and with damage accepted is made again from what its sections say", async () => {
  const { tapes } = await archive("tape:/dev/nst0", Infinity);
  const { items } = tapes[0]!;
  items.length = items.lastIndexOf("mark", items.lastIndexOf("mark") - 1) + 1;
  const { drive, loaded } = changedDrive(tapes[0], () => undefined);
  const staging = await mkdtemp(join(scratch, "staging-"));
  await assert.rejects(openTapeSet({ ...loaded, staging }), /the last tape of .* must be in/);
  drive.tape = tapes[0];
  const set = await openDamagedSet(tapeSource(await openTapeSet({ ...loaded, staging, acceptsDamage: true })));
  assert.equal((await readMachine(set))?.hostName, BIOS_MACHINE.hostName);
  assert.equal(set.manifest.totals.volumes, 5);
  const { damage, paths } = await verifySet(set, () => undefined);
  assert.deepEqual(
    damage.filter((line) => /^frame|" is lost/.test(line)),
    [],
  );
  assert.equal(paths, 6);
});

describe("obdr:", () => {
  test("the tape begins with what boots, and the set behind it is whole", async () => {
    const { tapes, manifest } = await archive("obdr:/dev/nst0", 20 * MIB);
    assert.deepEqual(
      tapes.map(({ items }) => (items[0] as Uint8Array).length),
      [512, 32_768],
    );
    const set = await open(tapes);
    assert.deepEqual(set.manifest, manifest);
    assert.deepEqual((await verifySet(set, () => undefined)).damage, []);
  });
});
