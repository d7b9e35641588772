import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { run, start } from "#os/exec";
import { removeTree } from "./files.ts";
import { removeStaleTemporaries } from "./temporaries.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-temporaries-"));
after(() => rmSync(scratch, { recursive: true }));

/** Makes what a build makes, says so, and waits: a directory with a file deep in it, a part file, a finished file, a child with a child. */
const PROGRAM = `
import { stopDescendants } from "#os/descendants";
import { start } from "#os/exec";
import { makeDirectory, makeTemporaryDirectory, moveIntoPlace, temporaryName, writeFile } from "#os/files";
import { removeTemporariesOnSignals } from "#os/temporaries";
removeTemporariesOnSignals(stopDescendants);
const place = process.argv[1];
const directory = await makeTemporaryDirectory("made-", place);
await makeDirectory(directory.path + "/a/b");
await writeFile(directory.path + "/a/b/file", "x");
await writeFile(temporaryName(place + "/out"), "half");
const whole = temporaryName(place + "/whole");
await writeFile(whole, "whole");
await moveIntoPlace(whole, place + "/whole");
// As dpkg-deb does it: a child whose own child goes on writing.
const child = start(["sh", "-c", "(while :; do mkdir -p $0/busy; for n in 1 2 3 4 5 6 7 8 9; do : > $0/busy/$n; done; done) & echo $!; wait", directory.path]);
child.onOutput((pid) => console.log(directory.path + " " + new TextDecoder().decode(pid)));
setInterval(() => undefined, 1000);
`;

interface Started extends AsyncDisposable {
  readonly pid: number;
  readonly directory: string;
  readonly childPid: string;
  readonly exited: Promise<{ readonly signal: string | undefined }>;
}

async function startProgram(place: string): Promise<Started> {
  const program = start([process.execPath, "--input-type=module", "--eval", PROGRAM, place], { cwd: import.meta.dirname });
  const line = await new Promise<string>((resolve) => program.onOutput((chunk) => resolve(new TextDecoder().decode(chunk))));
  const [directory = "", childPid = ""] = line.trim().split(" ");
  return { pid: program.pid, directory, childPid, exited: program.exited, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

test("SIGINT, SIGTERM and SIGHUP remove what is unfinished, keep what is finished, and end the process and its children", async () => {
  for (const signal of ["INT", "TERM", "HUP"]) {
    const place = mkdtempSync(join(scratch, "t-"));
    await using program = await startProgram(place);
    await run(["kill", `-${signal}`, String(program.pid)]);
    assert.equal((await program.exited).signal, `SIG${signal}`);
    const { stdout } = await run(["find", place, "-mindepth", "1", "-printf", "%P\\n"]);
    assert.equal(stdout, "whole\n", signal);
    const { stdout: state } = await run(["ps", "-o", "stat=", "-p", program.childPid], { okCodes: [0, 1] });
    assert.match(state.trim(), /^(?:Z.*)?$/, "the child of the child must have ended");
  }
});

const noRoot = process.getuid?.() === 0 ? false : "needs root to mount a tmpfs";

test("a mount inside a temporary directory keeps its files when a signal comes", { skip: noRoot }, async () => {
  const place = mkdtempSync(join(scratch, "t-"));
  await using program = await startProgram(place);
  const mounted = join(program.directory, "a/b");
  await run(["mount", "-t", "tmpfs", "tmpfs", mounted]);
  try {
    await run(["touch", join(mounted, "precious")]);
    await run(["kill", String(program.pid)]);
    assert.equal((await program.exited).signal, "SIGTERM");
    assert.ok(existsSync(join(mounted, "precious")));
  } finally {
    await run(["umount", mounted]);
  }
});

describe("removeStaleTemporaries()", () => {
  /** Makes a temporary directory in `place`, says its name and waits. */
  const MAKE = `
import { makeTemporaryDirectory, writeFile } from "#os/files";
const made = await makeTemporaryDirectory(...JSON.parse(process.env.WHERE ?? '["lifeboat-some-"]'));
await writeFile(made.path + "/file", "x");
console.log(made.path);
setInterval(() => undefined, 1000);
`;

  async function startMaker(place: string, where?: readonly [prefix: string, parent: string]) {
    const env = { TMPDIR: place, WHERE: where === undefined ? undefined : JSON.stringify(where) };
    const program = start([process.execPath, "--input-type=module", "--eval", MAKE], { cwd: import.meta.dirname, env });
    const path = await new Promise<string>((resolve) => program.onOutput((text) => resolve(new TextDecoder().decode(text).trim())));
    return { program, path };
  }

  test("removes what a killed process has left, and leaves what lives, is of another start or container, is a link, or is no name of ours", async () => {
    const place = mkdtempSync(join(scratch, "stale-"));
    const dead = await startMaker(place);
    dead.program.kill("SIGKILL");
    await dead.program.exited;
    const living = await startMaker(place);
    await using _ = living.program;
    const name = dead.path.slice(place.length + 1);
    const [, , pid = "", ticks = "", boot = "", space = "", random = ""] = name.split("-");
    const others = [
      ["lifeboat", "some", pid, ticks, "000000", space, random],
      ["lifeboat", "some", pid, ticks, boot, "1", random],
      ["lifeboat", "some", pid, ticks, boot, space],
      ["lifeboat", "abcdef"],
    ].map((parts) => join(place, parts.join("-")));
    for (const path of others) mkdirSync(path);
    const link = join(place, `lifeboat-${pid}-${ticks}-${boot}-${space}-aBcDeF`);
    symlinkSync(others[0]!, link);
    assert.ok(existsSync(dead.path));
    removeStaleTemporaries(place);
    assert.deepEqual([existsSync(dead.path), existsSync(join(living.path, "file")), existsSync(link)], [false, true, true]);
    assert.deepEqual(others.filter(existsSync), others);
  });

  test("removes what a killed process has left beside an output and in a cache", async () => {
    const place = mkdtempSync(join(scratch, "beside-"));
    for (const prefix of [".lifeboat-", ".unfinished-"]) {
      const { program, path } = await startMaker(scratch, [prefix, place]);
      removeStaleTemporaries(place);
      assert.ok(existsSync(path));
      program.kill("SIGKILL");
      await program.exited;
      removeStaleTemporaries(place);
      assert.ok(!existsSync(path));
    }
  });

  test("touches nothing where others could put something else in its place", async () => {
    const place = mkdtempSync(join(scratch, "open-"));
    const { program, path } = await startMaker(place);
    program.kill("SIGKILL");
    await program.exited;
    chmodSync(place, 0o777);
    removeStaleTemporaries(place);
    assert.ok(existsSync(path));
    chmodSync(place, 0o1777);
    removeStaleTemporaries(place);
    assert.ok(!existsSync(path));
    removeStaleTemporaries(join(place, "none"));
  });
});

test("removeTree() refuses what is a mount point itself, and all that is on it stays", async (context) => {
  const place = mkdtempSync(join(scratch, "mounted-"));
  if ((await run(["mount", "-t", "tmpfs", "lifeboat-test", place], { okCodes: [0, 1, 32] })).exitCode !== 0)
    return context.skip("may not mount");
  try {
    mkdirSync(join(place, "theirs"));
    await assert.rejects(removeTree(place), { message: /deletion never crosses a mount/ });
    assert.ok(existsSync(join(place, "theirs")));
  } finally {
    await run(["umount", place]);
  }
});
