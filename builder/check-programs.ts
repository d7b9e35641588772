// Runs every program of the image inside the image's own tree, so that a missing library is found today and not on the bad day.

import { join } from "node:path";
import { run, type Command } from "#os/exec";
import { LifeboatError } from "#os/error";
import { changeMode, copyFile, makeDirectory, makeSymlink, makeTemporaryDirectory, writeFile } from "#os/files";
import { AGENT_PATH } from "./agent-path.ts";
import { archiveEntries } from "./archive-entries.ts";
import type { PlanEntry } from "./image-plan.ts";

/** The tree has no /dev: standard input is the /dev/null outside. 124 is timeout's word for a program that hangs, 126 and 127 a shell's for one that cannot be run; from 129 to 159 a signal ended it. Many programs do not know --version; our own does. */
const CHECK_SCRIPT = `
[ -r /etc/lifeboat/library-path ] && export LD_LIBRARY_PATH=$(cat /etc/lifeboat/library-path)
fails() { printf '%s: exit code %s: %s\\n' "$program" "$code" "$(printf '%s' "$output" | tail -n 1)"; }
for program; do
  output=$(timeout 20 "$program" --version 2>&1); code=$?
  case "$code $output" in
    124*|126*|127*|129*|1[3-5][0-9]*|*'error while loading shared libraries'*) fails ;;
    0*) ;;
    *) if [ "$program" = /${AGENT_PATH} ]; then fails; fi ;;
  esac
done
`;

/** Throws LifeboatError naming the programs that do not run. Needs root, or a kernel that lets users have a root of their own. */
export async function checkPrograms(entries: readonly PlanEntry[], programPaths: readonly string[]): Promise<void> {
  await using stage = await makeTemporaryDirectory("lifeboat-check-");
  const wanted = entries.filter(({ group }) => !["modules", "firmware", "microcode"].includes(group));
  // The agent stacks the tools layer over the initramfs: of two files of one name, the tools layer's counts.
  wanted.sort((a, b) => Number(a.layer === "initramfs") - Number(b.layer === "initramfs"));
  await stageEntries(stage.path, wanted);
  const isRoot = process.getuid?.() === 0;
  const enter: Command = isRoot ? ["chroot"] : ["unshare", "--map-root-user", "chroot"];
  const shell = [stage.path, "/usr/bin/busybox", "sh", "-c", CHECK_SCRIPT, "sh"];
  const result = await run([...enter, ...shell, ...programPaths.map((path) => `/${path}`)], { timeoutMs: 300_000 });
  const failures = result.stdout.trim();
  if (failures === "") return;
  throw new LifeboatError(`Cannot make the image as every program must run in it: ${failures.split("\n").join("; ")}`, {
    hint: "Reinstall the package that has the program, or leave it out",
  });
}

async function stageEntries(root: string, entries: readonly PlanEntry[]): Promise<void> {
  const sources = new Map([...entries].reverse().map((entry) => [entry.path, entry]));
  for (const { type, path } of archiveEntries(entries, new Set())) {
    const target = join(root, path);
    const entry = sources.get(path);
    if (type === "directory") await makeDirectory(target);
    else if (entry?.type === "symlink") await makeSymlink(entry.target, target);
    else if (entry?.type === "file") await stageFile(entry, target);
  }
}

async function stageFile(entry: PlanEntry & { type: "file" }, target: string): Promise<void> {
  if ("bytes" in entry.content) await writeFile(target, entry.content.bytes);
  else await copyFile(entry.content.hostPath, target);
  await changeMode(target, entry.mode);
}
