// What a set says of its machine is believed when its digest is right and each field is one that a machine can have.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { digestOf } from "#os/digest";
import { archiveTree } from "../archive/set-for-tests.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { directorySource } from "../media/directory-store.ts";
import { prepareRestore } from "../restore/prepare.ts";
import { openSet, readMachine } from "./open-set.ts";
import { formatManifest, parseManifest } from "./set-manifest.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-open-"));
after(() => rm(scratch, { recursive: true }));
const tree = join(scratch, "tree");
const directory = join(scratch, "set");
const path = join(directory, "machine.json");
let original: string;

before(async () => {
  await mkdir(tree);
  await archiveTree(tree, directory, { machine: BIOS_MACHINE });
  original = await readFile(path, "utf8");
});

/** Another machine.json; `isForged`: set.json speaks for it. */
async function setWith(machineJson: string, isForged: boolean) {
  await writeFile(path, machineJson);
  const manifestPath = join(directory, "set.json");
  const manifest = parseManifest(await readFile(manifestPath, "utf8"), manifestPath);
  const files = manifest.files.map((file) => {
    const told = isForged ? machineJson : original;
    return file.name === "machine.json" ? { ...file, sizeBytes: Buffer.byteLength(told), digest: digestOf(told) } : file;
  });
  await writeFile(manifestPath, formatManifest({ ...manifest, files }));
  return openSet(directorySource(directory));
}

describe("readMachine()", () => {
  test("reads what was archived, and nothing of a set of files alone", async () => {
    assert.equal((await readMachine(await setWith(original, true)))?.hostName, "web1");
    const files = await archiveTree(tree, join(scratch, "files"), { include: ["/"] });
    assert.equal(await readMachine(files), undefined);
  });

  const half = () => original.slice(0, original.length / 2);
  const cases: readonly (readonly [what: string, json: () => string, isForged: boolean, message: RegExp])[] = [
    ["one that was cut short", half, false, /^Cannot read "machine\.json" of ".*" as it must have \d+ bytes: it has \d+$/],
    [
      "one that another was put in the place of",
      () => original.replace("web1", "web2"),
      false,
      /as its digest must be the manifest's: it is another$/,
    ],
    ["one that was cut short before its digest was taken", half, true, /as it must describe a machine: all of it: Invalid type/],
    [
      "one that lies",
      () => original.replace('"sizeBytes": 4294967296', '"sizeBytes": "all"'),
      true,
      /as it must describe a machine: layout\.disks\.0\.sizeBytes: Invalid type: Expected number but received "all"$/,
    ],
  ];
  for (const [what, json, isForged, message] of cases) {
    test(`refuses ${what}, and so does a restore before it looks at any disk`, async () => {
      const set = await setWith(json(), isForged);
      await assert.rejects(readMachine(set), { name: "LifeboatError", exitCode: 5, message });
      const options = { map: new Map(), excluded: [], wipe: [], locks: new Map() };
      await assert.rejects(prepareRestore(set, options), { name: "LifeboatError", exitCode: 5, message });
    });
  }
});
