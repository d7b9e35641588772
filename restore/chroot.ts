// Programs of the machine that is being restored, run inside it: they know best how it boots.

import { run, type RunResult } from "#os/exec";
import { exists } from "#os/files";

export interface Chroot extends AsyncDisposable {
  /** Throws LifeboatError when the program fails. */
  run(command: readonly [string, ...string[]], timeoutMs?: number): Promise<RunResult>;
  /** The first of these programs that is there. */
  find(names: readonly string[]): Promise<string | undefined>;
}

const PROGRAM_DIRECTORIES = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];
/** initramfs tools squeeze for minutes on slow machines. */
const LIMIT_MS = 30 * 60_000;

interface Mount {
  readonly at: string;
  readonly args: readonly string[];
}

/** What such programs look at. Only what has a directory there is mounted; all of it is unmounted at the end, last first. */
export async function openChroot(root: string): Promise<Chroot> {
  const mounts: readonly Mount[] = [
    { at: "/proc", args: ["-t", "proc", "proc"] },
    { at: "/sys", args: ["-t", "sysfs", "sysfs"] },
    { at: "/dev", args: ["--bind", "/dev"] },
    { at: "/run", args: ["-t", "tmpfs", "tmpfs"] },
  ];
  await using made = new AsyncDisposableStack();
  for (const { at, args } of mounts) {
    const place = `${root}${at}`;
    if (!(await exists(place))) continue;
    await run(["mount", ...args, place]);
    made.defer(async () => void (await run(["umount", "-l", place], { okCodes: [0, 1, 32] })));
  }
  const kept = made.move();
  return {
    run: (command, timeoutMs = LIMIT_MS) =>
      run(["chroot", root, ...command], { timeoutMs, env: { PATH: PROGRAM_DIRECTORIES.join(":"), LC_ALL: "C" } }),
    async find(names) {
      for (const name of names) for (const directory of PROGRAM_DIRECTORIES) if (await exists(`${root}${directory}/${name}`)) return name;
      return undefined;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
