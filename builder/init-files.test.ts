import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "#os/exec";
import { isExecutable, makeTemporaryDirectory } from "#os/files";
import type { PlanEntry } from "./image-plan.ts";
import { busyboxEntries, initEntries } from "./init-files.ts";

const ENTRIES = initEntries();
const BUSYBOX = ["/bin/busybox", "/usr/bin/busybox"];

function textOf(path: string): string {
  const entry = ENTRIES.find((candidate) => candidate.path === path);
  assert.ok(entry?.type === "file" && "bytes" in entry.content, path);
  return new TextDecoder().decode(entry.content.bytes);
}

const BOOT = textOf("etc/lifeboat/boot");
const SCRIPTS = { boot: BOOT, profile: textOf("etc/profile") };

async function busybox(): Promise<string | undefined> {
  for (const path of BUSYBOX) if (await isExecutable(path)) return path;
  return undefined;
}

for (const [name, script] of Object.entries(SCRIPTS)) {
  test(`busybox's shell reads the ${name} script`, async (t) => {
    const program = await busybox();
    if (program === undefined) return t.skip("busybox is not installed");
    await using directory = await makeTemporaryDirectory();
    const path = join(directory.path, name);
    await writeFile(path, script);
    await run([program, "sh", "-n", path]);
    await writeFile(path, `${script}\nif`);
    await assert.rejects(run([program, "sh", "-n", path]), /syntax error/);
  });

  test(`shellcheck finds nothing to say about the ${name} script`, async (t) => {
    if (!(await isExecutable("/usr/bin/shellcheck"))) return t.skip("shellcheck is not installed");
    // Words of console names and of the command line are meant to be split; what is not there yet cannot be followed.
    const exclude = "SC2013,SC2086,SC2046,SC1091,SC2148,SC2155";
    await run(["shellcheck", "--shell=dash", `--exclude=${exclude}`, "-"], { input: script });
  });
}

test("the boot script calls nothing but busybox, the agent and itself", async (t) => {
  const program = await busybox();
  if (program === undefined) return t.skip("busybox is not installed");
  const applets = new Set((await run([program, "--list"])).stdout.split("\n"));
  const builtins = [
    "case",
    "do",
    "done",
    "echo",
    "esac",
    "exec",
    "exit",
    "export",
    "fi",
    "for",
    "if",
    "in",
    "read",
    "set",
    "then",
    "umask",
  ];
  const shell = new Set([...builtins, "wait", "while", "kill", ":", "[", "!"]);
  const functions = new Set([...BOOT.matchAll(/^(\w+)\(\) \{/gm)].map((match) => match[1]));
  const plain = BOOT.replace(/^\s*#.*$/gm, "")
    .replace(/\bsay .*/g, "say")
    .replace(/'[^']*'/g, "''");
  const called = [...plain.matchAll(/(?:^|;|\||&&|\$\(|\{|\bdo\b|\bthen\b|\))[ \t]*(?:[A-Z]+=\S+ +)?([a-z]\w*)(?=[ \n;)])/gm)].map(
    (match) => match[1]!,
  );
  assert.ok(called.length > 30, "the search for commands finds them");
  for (const name of called) assert.ok(applets.has(name) || shell.has(name) || functions.has(name), `${name} is no applet of busybox`);
});

test("init's table has init's form, starts the boot script again when it ends, and unmounts at the end", () => {
  const lines = textOf("etc/inittab")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  for (const line of lines) assert.match(line, /^::(?:respawn|ctrlaltdel|shutdown):\/\S+/);
  assert.ok(lines.includes("::respawn:/etc/lifeboat/boot"));
  const words = new Set(lines.map((line) => line.split(":")[3]?.split(" ")[0]));
  assert.deepEqual([...words], ["/etc/lifeboat/boot", "/sbin/reboot", "/bin/sync", "/bin/umount"]);
});

test("the first files have sane modes: nothing is set-uid, nothing but /tmp and /dev/null is writable for all", () => {
  const modeOf = (entry: PlanEntry) => (entry.type === "symlink" ? 0 : entry.mode);
  const open = ENTRIES.filter((entry) => (modeOf(entry) & 0o6002) !== 0).map(({ path }) => path);
  assert.deepEqual(open.sort(), ["dev/null", "tmp"]);
});

test("busybox is one program and a link for each applet with a file's name", () => {
  const entries = busyboxEntries("/x/busybox", 7, ["busybox", "sh", "[", "[[", "no/name", "ls"]);
  assert.deepEqual(
    entries.map(({ path, type }) => `${type} ${path}`),
    ["file usr/bin/busybox", "symlink usr/bin/sh", "symlink usr/bin/[", "symlink usr/bin/[[", "symlink usr/bin/ls"],
  );
});
