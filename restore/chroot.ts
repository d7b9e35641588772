// Programs of the machine that is being restored, run inside it: they know best how it boots.

import { run, runAttached, type RunResult } from "#os/exec";
import { exists, linkInfo, makeDirectory, makeSymlink, writeFile } from "#os/files";
import { PROGRAM_DIRECTORIES } from "../machine/distributions.ts";
import { insideRoot } from "../machine/inside-root.ts";

export interface Chroot extends AsyncDisposable {
  /** Throws LifeboatError when the program fails. */
  run(command: readonly [string, ...string[]], timeoutMs?: number): Promise<RunResult>;
  /** The first of these programs that is there. */
  find(names: readonly string[]): Promise<string | undefined>;
}

export interface TerminalChroot extends Chroot {
  /** On our terminal. Returns its exit code. */
  runAttached(command: readonly [string, ...string[]]): Promise<number>;
}

/** initramfs tools squeeze for minutes on slow machines. */
const LIMIT_MS = 30 * 60_000;

interface Mount {
  readonly at: string;
  readonly args: readonly string[];
}

/** What such programs look at. */
const MOUNTS: readonly Mount[] = [
  { at: "/proc", args: ["-t", "proc", "proc"] },
  { at: "/sys", args: ["-t", "sysfs", "sysfs"] },
  { at: "/dev", args: ["--bind", "/dev"] },
  { at: "/run", args: ["-t", "tmpfs", "tmpfs"] },
];

/** Only what has a directory there is mounted; all of it is unmounted at the end, last first. */
export async function openChroot(root: string): Promise<TerminalChroot> {
  await using made = new AsyncDisposableStack();
  await makeDescriptorLinks();
  for (const { at, args } of MOUNTS) {
    const place = await insideRoot(root, at);
    if (!(await exists(place))) continue;
    await run(["mount", ...args, place]);
    made.defer(async () => void (await run(["umount", "-l", place], { okCodes: [0, 1, 32] })));
  }
  const lvm = await quietLvm(root);
  const kept = made.move();
  const env = { PATH: PROGRAM_DIRECTORIES.join(":"), LC_ALL: "C", ...lvm };
  return {
    run: (command, timeoutMs = LIMIT_MS) => run(["chroot", root, ...command], { timeoutMs, env }),
    runAttached: (command) => runAttached(["chroot", root, ...command], { env }),
    async find(names) {
      for (const name of names) {
        for (const directory of PROGRAM_DIRECTORIES) if (await exists(await insideRoot(root, `${directory}/${name}`))) return name;
      }
      return undefined;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Below /run, which is memory. */
const LVM_DIRECTORY = "/run/lifeboat-lvm";
const LVM_SETTINGS =
  "backup {\n backup = 0\n archive = 0\n}\ndevices {\n use_devicesfile = 0\n multipath_component_detection = 0\n}\nactivation {\n udev_sync = 0\n udev_rules = 0\n}\n";

/**
 * GRUB and initramfs tools ask LVM, which would write copies of its metadata into the machine's /etc; and whose settings there may name
 * disks that are gone. A path of a multipath disk, which LVM passes over elsewhere, is the disk here.
 */
async function quietLvm(root: string): Promise<Readonly<Record<string, string>>> {
  const run = await insideRoot(root, "/run");
  if (!(await exists(run))) return {};
  const directory = `${run}${LVM_DIRECTORY.slice("/run".length)}`;
  await makeDirectory(directory);
  await writeFile(`${directory}/lvm.conf`, LVM_SETTINGS);
  return { LVM_SYSTEM_DIR: LVM_DIRECTORY, DM_DISABLE_UDEV: "1", LVM_SUPPRESS_FD_WARNINGS: "1" };
}

/** bash's `<(…)`, which dracut and mkinitcpio are full of, needs what udev would make (systemd's dev-setup.c has the same list). */
const DESCRIPTOR_LINKS: readonly (readonly [path: string, target: string])[] = [
  ["/dev/fd", "/proc/self/fd"],
  ["/dev/stdin", "/proc/self/fd/0"],
  ["/dev/stdout", "/proc/self/fd/1"],
  ["/dev/stderr", "/proc/self/fd/2"],
];

async function makeDescriptorLinks(): Promise<void> {
  for (const [path, target] of DESCRIPTOR_LINKS) if ((await linkInfo(path)) === undefined) await makeSymlink(target, path);
}
