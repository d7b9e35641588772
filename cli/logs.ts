// `lifeboat logs FILE`: what somebody who was not there needs to know, in one archive.

import { LifeboatError } from "#os/error";
import { run, type Command } from "#os/exec";
import { exists, makeDirectory, makeTemporaryDirectory, moveIntoPlace, removeFile, writeFile } from "#os/files";
import { parentOf } from "../bootloaders/output.ts";
import { utf8Encode } from "../formats/text.ts";
import type { CommandSpec } from "./command-spec.ts";
import { FORCE_OPTION } from "./command-spec.ts";
import { MACHINE_ROOT } from "./mount.ts";

/** Those that are there are taken, the machine's own where it is mounted. */
const FILES: readonly string[] = [
  "/var/log/lifeboat.log",
  "/run/lifeboat/differences",
  "/lifeboat/image.json",
  "/proc/cmdline",
  "/proc/mdstat",
  "/proc/modules",
  "/proc/mounts",
  "/proc/partitions",
  "/var/log/lifeboat-restore.log",
  `${MACHINE_ROOT}/var/log/lifeboat-restore.log`,
  `${MACHINE_ROOT}/.lifeboat/restored.json`,
  `${MACHINE_ROOT}/etc/fstab`,
  `${MACHINE_ROOT}/etc/crypttab`,
];

/** What each says, or why it says nothing. */
const QUESTIONS: Readonly<Record<string, Command>> = {
  "kernel.log": ["dmesg"],
  "lsblk.json": ["lsblk", "--json", "--bytes", "--output-all"],
  "blkid.txt": ["blkid", "-c", "/dev/null", "-o", "full"],
  "sfdisk.txt": ["sfdisk", "--list"],
  "network.txt": ["ip", "address"],
  "routes.txt": ["ip", "route"],
  "processes.txt": ["ps"],
};

export const logsCommand: CommandSpec = {
  name: "logs",
  summary: "Put logs, layout and kernel messages into one archive, for whoever helps",
  description:
    "Writes a compressed tar archive with the agent's log, the log and report of a restore, what lifeboat compare found, the kernel's messages, and what lsblk, blkid, sfdisk and " +
    "ip say. No file of the machine is in it but fstab and crypttab, and no key.",
  args: [{ name: "FILE", required: true, isPath: true, description: "Such as /mnt/stick/lifeboat-logs.tar.gz" }],
  options: [FORCE_OPTION],
  examples: [{ command: "lifeboat logs /mnt/stick/logs.tar.gz", says: "after a restore that failed" }],
  async run({ args: [path = ""], options, print }) {
    if ((await exists(path)) && options["force"] !== true) {
      throw new LifeboatError(`Cannot write "${path}" as nothing is overwritten without being told: it exists`, {
        hint: "Give --force to replace it",
      });
    }
    await using work = await makeTemporaryDirectory("lifeboat-logs-");
    const directory = `${work.path}/lifeboat-logs`;
    await makeDirectory(directory);
    for (const [name, command] of Object.entries(QUESTIONS)) await writeFile(`${directory}/${name}`, utf8Encode(await answerOf(command)));
    let count = Object.keys(QUESTIONS).length;
    for (const file of FILES) {
      if (!(await exists(file))) continue;
      const place = `${directory}/files${file}`;
      await makeDirectory(parentOf(place));
      // What the kernel makes up has no size: it is read, not copied.
      await run(["sh", "-c", 'cat "$1" > "$2"', "sh", file, place]);
      count += 1;
    }
    await packInto(path, work.path);
    print(`${path}: ${count} files`);
    return 0;
  },
};

/** Whole, or not at all. */
async function packInto(path: string, directory: string): Promise<void> {
  const part = `${path}.part`;
  try {
    await run(["tar", "-C", directory, "-czf", part, "lifeboat-logs"]);
    await moveIntoPlace(part, path);
  } catch (error) {
    await removeFile(part);
    throw error;
  }
}

async function answerOf(command: Command): Promise<string> {
  return run(command)
    .then(({ stdout }) => stdout)
    .catch((error: Error) => `${error.message}\n`);
}
