// LUKS headers that cryptsetup has made, on their way through a set into another file: with all key slots, or not at all.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, open, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "#os/exec";
import { readBytes } from "#os/files";
import { LUKS_UUID, makeLuks } from "../machine/luks-for-tests.ts";
import { BIOS_MACHINE, withLayout } from "../machine/machine-for-tests.ts";
import type { LuksVolume } from "../machine/stacked-device.ts";
import { directorySource } from "../media/directory-store.ts";
import { opensHeader, withHeaderFile } from "../restore/luks-header.ts";
import { headerCommands } from "../restore/stack-commands.ts";
import { openDamagedSet } from "../set/damaged-set.ts";
import { readLuksHeaders } from "../set/luks-headers.ts";
import { openSet, type OpenSet } from "../set/open-set.ts";
import { verifySet } from "../set/verify-set.ts";
import { completeManifest, writeManifest, writeSet } from "./archive-set.ts";
import { saveLuksHeaders } from "./luks-headers.ts";
import { FINISHED_AT, setOptionsFor, TEST_SET_ID } from "./set-for-tests.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-headers-"));
after(() => rm(scratch, { recursive: true }));
const tree = join(scratch, "tree");
await mkdir(tree);
await writeFile(join(tree, "file"), "content");

const FILE = `luks/${LUKS_UUID}.header`;
const layoutOf = (...stack: readonly LuksVolume[]) => withLayout(BIOS_MACHINE, { stack }).layout;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

/** Without its first line, which names the file. */
const dumpOf = async (path: string) => (await run(["cryptsetup", "luksDump", path])).stdout.replace(/^LUKS header information.*\n/, "");

/** A set with this volume's header in it. */
async function archive(image: string, volume: LuksVolume): Promise<OpenSet & { readonly directory: string }> {
  const directory = join(await mkdtemp(join(scratch, "store-")), TEST_SET_ID);
  await mkdir(directory, 0o700);
  const machine = withLayout(BIOS_MACHINE, { stack: [volume] });
  const { headers } = await saveLuksHeaders(directory, machine.layout, () => image);
  const draft = await writeSet({ ...setOptionsFor(tree, directory), machine });
  const besideFiles = headers.map(({ file }) => file);
  await writeManifest(directory, await completeManifest(directory, draft, { besideFiles, finishedAt: FINISHED_AT }));
  return { ...(await openSet(directorySource(directory))), directory };
}

async function flipByte(path: string, at: number): Promise<void> {
  await using file = await open(path, "r+");
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
  await file.write(Buffer.from([buffer[0]! ^ 1]), 0, 1, at);
}

for (const version of [1, 2] as const) {
  describe(`the header of a LUKS${version} volume`, () => {
    const image = join(scratch, `volume-${version}`);
    let volume: LuksVolume;
    let set: Awaited<ReturnType<typeof archive>>;
    before(async () => {
      volume = await makeLuks(image, version);
      set = await archive(image, volume);
    });

    test("is a file of the set that its owner alone can read, and that verify reads", async () => {
      const file = join(set.directory, FILE);
      assert.deepEqual([await modeOf(file), await modeOf(join(set.directory, "luks"))], [0o600, 0o700]);
      assert.deepEqual(await readdir(join(set.directory, "luks")), [`${LUKS_UUID}.header`]);
      assert.deepEqual((await verifySet(set, () => undefined)).damage, []);
    });

    test("goes into another file, of another size and over another header, where both passphrases open it", async () => {
      const header = (await readLuksHeaders(set, layoutOf(volume))).get(volume.id)!;
      const target = join(scratch, `target-${version}`);
      for (const old of [["--type=luks1", "--offset=8192"], ["--type=luks2", "--offset=16384"], undefined]) {
        if (old !== undefined) await makeLuks(target, 1, old);
        await truncate(target, 48 << 20);
        await withHeaderFile(header, async (file) => {
          for (const command of headerCommands(target, file)) await run(command);
        });
        assert.equal(await dumpOf(target), await dumpOf(image));
        const opens = ["one", "two", "three"].map(async (key) => {
          const test = ["--test-passphrase", "--type=luks", "--key-file=-"];
          return (await run(["cryptsetup", "open", ...test, target], { input: key, okCodes: [0, 2] })).exitCode;
        });
        assert.deepEqual(await Promise.all(opens), [0, 0, 2]);
      }
    });

    test("is tried with a passphrase before anything is written", async () => {
      const header = (await readLuksHeaders(set, layoutOf(volume))).get(volume.id)!;
      const answers = ["one", "two", "three", "one\n"].map((key) => opensHeader(header, bytesOf(key)));
      assert.deepEqual(await Promise.all(answers), [true, true, false, false]);
      await assert.rejects(opensHeader(header.subarray(0, 512), bytesOf("one")), { exitCode: 5 });
    });

    test("is refused when it is damaged, or the header of another volume", async () => {
      const lying = (change: Partial<LuksVolume>) => readLuksHeaders(set, layoutOf({ ...volume, ...change }));
      await assert.rejects(lying({ header: { ...volume.header!, dataOffsetBytes: 4096 } }), {
        exitCode: 5,
        message:
          /^Cannot read "luks\/a652cb0d\S+" of ".*" as it must be the header of "safe": its data offset is another than in machine.json$/,
      });
      const damaged = await archive(image, volume);
      const file = join(damaged.directory, FILE);
      await flipByte(file, 300_000);
      const problem = new RegExp(`^Cannot read "${FILE}" of ".*" as its digest must be the manifest's: it is another$`);
      assert.match((await verifySet(damaged, () => undefined)).damage.join("\n"), problem);
      await assert.rejects(readLuksHeaders(damaged, layoutOf(volume)), { exitCode: 5, message: problem });
      const accepted = await openDamagedSet(damaged.source);
      assert.match(accepted.remarks?.join("\n") ?? "", /: its volume will be encrypted anew, with a new passphrase$/);
      assert.deepEqual([...(await readLuksHeaders(accepted, layoutOf(volume)))], []);
    });

    test("comes back by its name when the manifest is lost", async () => {
      const bare = await archive(image, volume);
      await rm(join(bare.directory, "set.json"));
      const headers = await readLuksHeaders(await openDamagedSet(bare.source), layoutOf(volume));
      assert.deepEqual([...headers.keys()], [volume.id]);
    });
  });
}

test("a header whose UUID is another is refused with exit code 5", async () => {
  const [image, other] = [join(scratch, "mine"), join(scratch, "other")];
  const volume = await makeLuks(image, 2);
  await makeLuks(other, 2, ["--uuid=11111111-66a5-4a0e-a09a-b106fdf49af7"]);
  const set = await archive(image, volume);
  await run(["cryptsetup", "luksHeaderBackup", other, "--header-backup-file", join(scratch, "lie")]);
  await writeFile(join(set.directory, FILE), await readBytes(join(scratch, "lie")));
  const draft = { manifest: { ...set.manifest, files: set.manifest.files.filter(({ name }) => name !== FILE) } };
  await writeManifest(set.directory, await completeManifest(set.directory, draft, { besideFiles: [FILE], finishedAt: FINISHED_AT }));
  await assert.rejects(readLuksHeaders(await openSet(set.source), layoutOf(volume)), {
    exitCode: 5,
    message: /as it must be the header of "safe": it is that of another volume, UUID 11111111-66a5-4a0e-a09a-b106fdf49af7$/,
  });
});

describe("saveLuksHeaders()", () => {
  const save = async (...layout: Parameters<typeof saveLuksHeaders> extends [string, ...infer Rest] ? Rest : never) => {
    const directory = await mkdtemp(join(scratch, "set-"));
    return { directory, ...(await saveLuksHeaders(directory, ...layout)) };
  };

  test("names the file and what it gives away", async () => {
    const image = join(scratch, "named");
    const { headers, warnings } = await save(layoutOf(await makeLuks(image, 2)), () => image);
    assert.deepEqual(headers, [{ volume: "safe", file: FILE }]);
    assert.deepEqual(warnings, [
      `${FILE} is the LUKS header of "safe": whoever has this file and a passphrase of today can open the volume, also when the passphrase has been changed since`,
    ]);
  });

  test("says so where there is nothing to save, and why one is not", async () => {
    const image = join(scratch, "part");
    await makeLuks(image, 2);
    const part: LuksVolume = { ...(await makeLuks(image, 2)), header: undefined, problem: "it covers a part of its device only" };
    const results = [await save(undefined), await save(layoutOf()), await save(layoutOf(part), () => image)];
    assert.deepEqual(
      results.map(({ warnings }) => warnings),
      [
        ["no LUKS header is in the set: files alone rebuild no volume"],
        ["no LUKS header is in the set: no volume that it rebuilds is encrypted"],
        ['the LUKS header of "safe" is not in the set: it covers a part of its device only'],
      ],
    );
    for (const { directory } of results) assert.deepEqual(await readdir(directory), []);
  });

  test("leaves no header under its name that is not the volume's, and none of a device that is not known", async () => {
    const image = join(scratch, "changed");
    const volume = await makeLuks(image, 1);
    const directory = await mkdtemp(join(scratch, "set-"));
    const other = { ...volume, header: { ...volume.header!, cipher: "serpent-xts-plain64" } };
    await assert.rejects(
      saveLuksHeaders(directory, layoutOf(other), () => image),
      {
        exitCode: 3,
        message: /^Cannot save the LUKS header of "safe" as that of .*changed must be it: its cipher is another than in machine.json$/,
      },
    );
    assert.ok(!(await readdir(join(directory, "luks"))).includes(`${LUKS_UUID}.header`));
    await rm(join(directory, "luks"), { recursive: true });
    await assert.rejects(
      saveLuksHeaders(directory, layoutOf(volume), () => undefined),
      { message: /the kernel names none that it is on$/ },
    );
  });
});
