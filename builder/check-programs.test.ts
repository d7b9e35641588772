// Programs are really started in the tree: what cannot run is named, what runs is not.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { checkPrograms } from "./check-programs.ts";
import { findBusybox } from "./find-busybox.ts";
import { fileClosure } from "./file-closure.ts";
import { imagePath, imageTarget } from "./image-path.ts";
import type { PlanEntry } from "./image-plan.ts";
import { busyboxEntries, initEntries } from "./init-files.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-programs-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

async function imageWith(names: readonly string[]): Promise<readonly PlanEntry[]> {
  const busybox = await findBusybox({ given: undefined, cacheDirectory: join(scratch, "packages") });
  const { entries } = await fileClosure(names.map((name) => ({ name, need: "required", because: ["a test wants it"] })));
  const programs = entries.map((entry): PlanEntry => {
    const path = imagePath(entry.path) ?? entry.path;
    return entry.type === "symlink"
      ? { ...entry, path, layer: "tools", target: imageTarget(entry.target) }
      : { ...entry, path, layer: "tools" };
  });
  return [...initEntries(), ...busyboxEntries(busybox.path, busybox.sizeBytes, busybox.applets), ...programs];
}

const skip = existsSync("/usr/bin/busybox") || existsSync("/bin/busybox") ? false : "no static busybox on this machine";

test("checkPrograms() is content with programs that have all their libraries", { skip }, async () => {
  await checkPrograms(await imageWith(["tar", "bash"]), ["usr/bin/tar", "usr/bin/bash"]);
});

test("checkPrograms() names a program whose library is missing", { skip }, async () => {
  const entries = (await imageWith(["tar", "bash"])).filter(({ path }) => !path.includes("libtinfo"));
  await assert.rejects(checkPrograms(entries, ["usr/bin/tar", "usr/bin/bash"]), (error: Error) => {
    assert.match(error.message, /^Cannot make the image as every program must run in it: \/usr\/bin\/bash: .*libtinfo/);
    assert.doesNotMatch(error.message, /tar/);
    return true;
  });
});

test("checkPrograms() names a program that crashes and one whose interpreter is not there", { skip }, async () => {
  const script = (name: string, text: string): PlanEntry => {
    const hostPath = join(scratch, name);
    writeFileSync(hostPath, text);
    const common = { type: "file", layer: "tools", group: "programs", because: ["a test wants it"] } as const;
    return { ...common, path: `usr/bin/${name}`, mode: 0o755, sizeBytes: text.length, content: { hostPath } };
  };
  const entries = [...(await imageWith([])), script("crashes", "#!/bin/sh\nkill -SEGV $$\n"), script("foreign", "#!/usr/bin/none\n")];
  await assert.rejects(checkPrograms(entries, ["usr/bin/crashes", "usr/bin/foreign"]), /crashes: exit code 139.*foreign: exit code 127/);
});
