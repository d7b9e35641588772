import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { findBusybox, REQUIRED_APPLETS, type Busybox } from "./find-busybox.ts";
import { makeLocalApt } from "./local-apt.ts";

const root = await mkdtemp(join(tmpdir(), "lifeboat-busybox-"));
after(() => rm(root, { recursive: true }));
const cacheDirectory = join(root, "cache");
const noApt = { env: { PATH: join(root, "no-apt") }, lists: join(root, "no-lists") };

const own = await findBusybox({ cacheDirectory, apt: noApt }).catch((error: unknown) => {
  if (error instanceof LifeboatError) return undefined;
  throw error;
});
const skip = own === undefined ? "this machine has no static busybox" : false;
const ownPath = (own as Busybox).path;

async function compile(name: string, source: string, ...flags: readonly string[]): Promise<string> {
  const path = join(root, name);
  await writeFile(`${path}.s`, source);
  await run(["as", `${path}.s`, "-o", `${path}.o`]);
  await run(["ld", ...flags, `${path}.o`, "-o", path]);
  return path;
}

const assembler = await run(["as", "--version"]).then(
  () => process.arch === "x64",
  () => false,
);

test("findBusybox() takes the machine's own when it is static and whole", { skip }, async () => {
  const found = await findBusybox({ cacheDirectory, places: [join(root, "absent"), ownPath], apt: noApt });
  assert.equal(found.path, ownPath);
  assert.equal(found.provenance, "the machine's own");
  assert.deepEqual(
    REQUIRED_APPLETS.filter((name) => !found.applets.includes(name)),
    [],
  );
  const { stdout } = await run(["sh", "-c", `${ownPath} --list | grep -vc '^busybox$'`]);
  assert.equal(found.applets.length, Number(stdout));
});

test("findBusybox() fetches Debian's when the machine's is unfit, and says why", { skip }, async () => {
  await mkdir(join(root, "apt"));
  const local = await makeLocalApt(join(root, "apt"));
  await local.add({ name: "busybox-static", version: "1:1.35.0-4", files: { "bin/busybox": await readFile(ownPath) } });
  await local.update();
  await run(["chmod", "-R", "u+rwX", join(root, "apt")]);
  const script = join(root, "script");
  await writeFile(script, "#!/bin/sh\n", { mode: 0o755 });
  const fetched = findBusybox({ cacheDirectory, places: [script], apt: local });
  // The package made here keeps no mode bits for its program.
  await assert.rejects(fetched, /does not run on this machine/);
  await run(["chmod", "755", join(cacheDirectory, "packages/busybox-static/1_1.35.0-4/bin/busybox")]);
  const found = await findBusybox({ cacheDirectory, places: [script], apt: local });
  assert.equal(found.path, join(cacheDirectory, "packages/busybox-static/1_1.35.0-4/bin/busybox"));
  assert.equal(found.provenance, `Debian's package busybox-static, as ${script} is no ELF program`);
});

test("findBusybox() takes the one given, through a link too", { skip }, async () => {
  await copyFile(ownPath, join(root, "mine"));
  await symlink("mine", join(root, "link"));
  const found = await findBusybox({ cacheDirectory, given: join(root, "link"), apt: noApt });
  assert.deepEqual([found.path, found.provenance], [join(root, "link"), "given with --busybox FILE"]);
});

test(
  "findBusybox() refuses one that is dynamic, lacks applets, does not run or is none",
  { skip: skip === false && !assembler ? "there is no as for x86-64" : skip },
  async () => {
    const exit = ".globl _start\n_start: mov $60, %eax\n xor %edi, %edi\n syscall\n";
    const dynamic = await compile("dynamic", exit, "-pie", "--dynamic-linker", "/lib64/ld-linux-x86-64.so.2");
    const empty = await compile("empty", exit);
    const crashing = await compile("crashing", ".globl _start\n_start: ud2\n");
    await writeFile(join(root, "text"), "no program\n");
    await writeFile(join(root, "cut"), (await readFile(ownPath)).subarray(0, 40));
    const cases: readonly (readonly [string, RegExp])[] = [
      [dynamic, /busybox must be static and whole: it is not static: it wants \/lib64\/ld-linux-x86-64\.so\.2$/],
      [empty, /it lacks the applets \[, awk, blockdev/],
      [crashing, /it does not run on this machine$/],
      [join(root, "text"), /it is no ELF program$/],
      [join(root, "cut"), /^Cannot /],
      [root, /it is a directory$/],
      [join(root, "absent"), /it is not there$/],
    ];
    for (const [given, message] of cases) {
      await assert.rejects(findBusybox({ cacheDirectory, given, apt: noApt }), (error) => {
        assert.ok(error instanceof LifeboatError);
        assert.match(error.message, message);
        assert.equal(error.exitCode, 3);
        return true;
      });
    }
  },
);

test("findBusybox() says which option helps when there is none and no apt", async () => {
  const nowhere = { cacheDirectory: join(root, "empty-cache"), places: [], apt: noApt };
  await assert.rejects(findBusybox(nowhere), { message: /Cannot fetch "busybox-static" as apt must be there/, hint: /--busybox FILE$/ });
});
