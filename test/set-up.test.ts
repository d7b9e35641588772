import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "#os/exec";
import { makeDirectory, makeSymlink, makeTemporaryDirectory, writeFile } from "#os/files";

const ROOT = join(import.meta.dirname, "..");

/** A machine where no package is installed, with these programs beside a shell. */
async function bareMachine(programs: Readonly<Record<string, string>>) {
  const place = await makeTemporaryDirectory("lifeboat-set-up-");
  const bin = join(place.path, "bin");
  await makeDirectory(bin);
  await cp(join(ROOT, "set-up"), join(place.path, "set-up"), { recursive: true });
  for (const name of ["dirname", "uname", "grep", "tail", "mkdir"])
    await makeSymlink((await run(["which", name])).stdout.trim(), join(bin, name));
  for (const [name, script] of Object.entries(programs)) await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, 0o755);
  return {
    place,
    setUp: () => run(["env", "-i", `PATH=${bin}`, "/bin/sh", join(place.path, "set-up/set-up.sh"), "run"], { okCodes: [0, 1, 2] }),
  };
}

test("set-up without root lists what is missing and the command that installs it, and exits 2", async () => {
  const { place, setUp } = await bareMachine({ "apt-get": "exit 9", "dpkg-query": "exit 1", id: "echo 1000" });
  await using _ = place;
  const { exitCode, stderr } = await setUp();
  assert.equal(exitCode, 2);
  assert.match(stderr, /these packages are missing: .*xorriso/);
  assert.match(stderr, /apt-get install --no-install-recommends .*xorriso/);
});

test("set-up without apt lists what is needed and exits 2", async () => {
  const { place, setUp } = await bareMachine({ id: "echo 0" });
  await using _ = place;
  const { exitCode, stderr } = await setUp();
  assert.equal(exitCode, 2);
  assert.match(stderr, /xorriso/);
  assert.match(stderr, /no apt-get/);
});

test("set-up with an apt that fails shows its last words and exits 2", async () => {
  const { place, setUp } = await bareMachine({ "apt-get": "echo no network >&2; exit 100", "dpkg-query": "exit 1", id: "echo 0" });
  await using _ = place;
  const { exitCode, stderr } = await setUp();
  assert.equal(exitCode, 2);
  assert.match(stderr, /no network/);
});
