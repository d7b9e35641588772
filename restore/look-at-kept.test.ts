// What is to stay, looked at with programs that only say what they are asked: in virtual machines the real ones are.
import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { group, luks, part, sketchedDisk, sketchedLayout, uuidOf, volume, formed } from "../machine/layouts-for-tests.ts";
import type { Layout } from "../machine/model.ts";
import { keptProblems } from "./look-at-kept.ts";
import type { Plan } from "./plan.ts";
import { planRestore } from "./plan-restore.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { signatureUuids } from "./foreign-data.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-kept-"));
const path = process.env["PATH"];
after(async () => {
  process.env["PATH"] = path;
  await rm(scratch, { recursive: true });
});

const calls = join(scratch, "calls");
const uuid = join(scratch, "uuid");

beforeEach(async () => {
  process.env["PATH"] = `${scratch}:${path}`;
  for (const name of ["lvm", "cryptsetup", "blkid"]) {
    const answer = name === "blkid" ? `cat ${uuid}` : `case "$*" in *"$(cat ${scratch}/refuse)"*) echo it is broken >&2; exit 5;; esac`;
    await writeFile(join(scratch, name), `#!/bin/sh\necho ${name} "$*" >> ${calls}\n${answer}\n`);
    await chmod(join(scratch, name), 0o755);
  }
  await writeFile(calls, "");
  await writeFile(join(scratch, "refuse"), "nothing is refused");
  await writeFile(uuid, uuidOf("cargo/data"));
});

const DISKS = [
  sketchedDisk("sda", { sizeMiB: 8192, parts: [part("bios", 1), part("linux")] }),
  sketchedDisk("sdb", { sizeMiB: 8192, parts: [part("lvm")] }),
];
const HOLDS = { sda2: { type: "ext4", path: "/" }, "cargo/data": { type: "ext4", path: "/data" } } as const;
const PLAIN = sketchedLayout({
  disks: DISKS,
  stack: [luks("safe", "sdb1"), group("cargo", ["safe"]), volume("cargo/data", [4000, "safe"])],
  holds: HOLDS,
});
const pool = { chunkBytes: 65536, metadataBytes: 8 * 2 ** 20, zero: true, discards: "passdown", on: ["sdb1"] };
const THIN = sketchedLayout({
  disks: DISKS,
  stack: [
    group("cargo", ["sdb1"]),
    formed("cargo/pool", 4000, { type: "thin-pool", ...pool }),
    formed("cargo/data", 3000, { type: "thin", pool: "cargo/pool", origin: undefined }),
  ],
  holds: HOLDS,
});

/** /data is kept. */
function planOf(layout: Layout): Plan {
  const [first, second] = layout.disks;
  const contents = layout.stack.flatMap((one) =>
    signatureUuids(one).map((found) => ({ device: "sdb1", type: "member", uuid: found, label: undefined })),
  );
  return planRestore({
    machine: { ...BIOS_MACHINE, layout },
    manifest: { id: "set", totals: { paths: 1, contentBytes: 1, frames: 1, volumes: 1, streamBytes: 1, storedBytes: 1 } },
    present: [
      { disk: { ...first!, table: undefined }, contents: [], lockedBecause: undefined },
      { disk: second!, contents, lockedBecause: undefined },
    ],
    firmware: "bios",
    options: { map: new Map(), excluded: [], wipe: [], keep: ["/data"] },
  });
}

const look = async (layout: Layout) => {
  const problems = await keptProblems(planOf(layout), { passphrases: new Map([["safe", Buffer.from("key")]]), note: () => undefined });
  const said = (await readFile(calls, "utf8"))
    .trim()
    .split("\n")
    .filter((line) => line !== "");
  return { problems, said: said.map((line) => line.replace(/--config .*?--activate/, "--activate").replace(/ -c .* \/dev/, " /dev")) };
};

const OPENED = ["cryptsetup open --readonly --type=luks --key-file=- /dev/sdb1 safe", "lvm vgchange --yes --activate=y cargo"];
const CLOSED = ["lvm vgchange --yes --activate=n cargo", "cryptsetup close safe"];

test("what is to stay is opened for a look, and closed again", async () => {
  assert.deepEqual(await look(PLAIN), { problems: [], said: [...OPENED, "blkid /dev/mapper/cargo-data", ...CLOSED] });
});

test("another file system in its place is named before anything is written", async () => {
  await writeFile(uuid, "11111111-2222-3333-4444-555555555555\n");
  const { problems, said } = await look(PLAIN);
  assert.deepEqual(problems, [
    `/data on /dev/mapper/cargo-data was to stay, and is not the machine's: its UUID is 11111111-2222-3333-4444-555555555555 instead of ${uuidOf("cargo/data")}`,
  ]);
  assert.deepEqual(said.slice(-2), CLOSED);
});

test("what does not open is named, and what was opened before it is closed", async () => {
  await writeFile(join(scratch, "refuse"), "vgchange");
  const { problems, said } = await look(PLAIN);
  assert.match(problems.join(), /^"cargo" must open as it is to stay: .*it is broken/);
  assert.deepEqual(said, [...OPENED, "cryptsetup close safe"]);
});

test("a thin pool is not opened, as that would write to it", async () => {
  assert.deepEqual(await look(THIN), { problems: [], said: [] });
});
