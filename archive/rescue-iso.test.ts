// What a rescue image lacks is told by name, whether the machine has none of it or one that does not run.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileClosure } from "../builder/file-closure.ts";
import { TOOL_PROGRAMS } from "../builder/programs.ts";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import { neededPrograms, programProblems } from "../restore/needed-programs.ts";
import { kernelWarnings, missingPrograms } from "./rescue-iso.ts";

const root = await mkdtemp(join(tmpdir(), "lifeboat-missing-"));
after(() => rm(root, { recursive: true }));

test("a program that is there and lacks what it needs to run counts as missing, like one that is not there", async () => {
  await mkdir(join(root, "usr/sbin"), { recursive: true });
  await writeFile(join(root, "usr/sbin/mkfs.xfs"), "#!/opt/perl\n", { mode: 0o755 });
  const { missing } = await fileClosure([{ name: "mkfs.xfs", need: "optional", because: ["mkfs.xfs makes XFS"] }], { root });
  const absentPrograms = TOOL_PROGRAMS.filter(({ name }) => name === "mke2fs");
  const found = missingPrograms({ absentPrograms, incompleteFiles: missing.filter(({ kind }) => kind === "incomplete") });
  assert.deepEqual(programProblems(BIOS_MACHINE, found), [
    "mke2fs, which makes ext file systems: not installed (package e2fsprogs)",
    `mkfs.xfs, which makes XFS: ${missing[0]?.state}`,
  ]);
  assert.match(missing[0]?.state ?? "", /\/opt\/perl/);
});

test("every program that a restore needs is asked for when an image is made, or is busybox's", () => {
  const asked = new Set(TOOL_PROGRAMS.map(({ name }) => name));
  const firmware = { kind: "uefi", secureBoot: false, entries: [], order: [] } as const;
  const [fileSystem] = BIOS_MACHINE.layout.fileSystems;
  const fileSystems = ["ext4", "xfs", "vfat"].map((type) => ({ ...fileSystem!, type }));
  const needed = neededPrograms({ ...BIOS_MACHINE, firmware, layout: { ...BIOS_MACHINE.layout, fileSystems } });
  assert.deepEqual(
    needed.map(({ name }) => name).filter((name) => !asked.has(name)),
    ["dd", "xargs"],
  );
});

test("a kernel that stands in for the one that runs is told of", () => {
  const kernel = {
    release: "6.1.0-56-amd64",
    provenance: 'the failsafe kernel (linux-image-6.1.0-56-amd64), as "/boot" has no image',
    standIn: true,
  };
  assert.deepEqual(kernelWarnings(kernel), [
    'the rescue image has kernel 6.1.0-56-amd64, the failsafe kernel (linux-image-6.1.0-56-amd64), as "/boot" has no image',
  ]);
  assert.deepEqual(kernelWarnings({ ...kernel, standIn: false }), []);
});
