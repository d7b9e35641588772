// Finds the busybox that is the image's first process: static, and with every applet that the image calls.
import { join } from "node:path";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { fileInfo, makeSymlink, makeTemporaryDirectory, readBytes, realPath } from "#os/files";
import { isElf, readElf } from "../formats/elf.ts";
import { fetchPackages } from "./fetch-package.ts";
import type { AptPlace } from "./package-cache.ts";

export interface BusyboxOptions {
  /** `--busybox FILE`: this one or none. */
  readonly given?: string | undefined;
  readonly cacheDirectory: string;
  /** Where the machine's own is looked for; MACHINE_PLACES unless given. */
  readonly places?: readonly string[];
  readonly apt?: AptPlace | undefined;
}

export interface Busybox {
  readonly path: string;
  readonly sizeBytes: number;
  /** As `busybox --list` prints them, `busybox` itself left out. */
  readonly applets: readonly string[];
  /** One line: where it came from, and why not from nearer. */
  readonly provenance: string;
}

/** Called by init, by its boot script, by the agent before the tools layer is in, and by people in the emergency shell. */
export const REQUIRED_APPLETS: readonly string[] = (
  "[ awk blockdev cat chmod chroot cp cut cttyhack dd dmesg echo env free grep gunzip halt head hostname ifconfig init insmod ip kill less ln losetup " +
  "ls lsmod mkdir mknod mkswap more mount mv nslookup ping poweroff printf ps pwd readlink reboot rm rmmod route sed setsid sh sleep sort stty " +
  "swapon swapoff switch_root sync tail tar test tftp top touch tty udhcpc umount uname vi wget xargs xzcat zcat"
).split(" ");

const MACHINE_PLACES: readonly string[] = [
  "/bin/busybox",
  "/usr/bin/busybox",
  "/sbin/busybox",
  "/usr/sbin/busybox",
  "/bin/busybox.static",
  "/usr/bin/busybox.static",
  "/usr/bin/busybox-static",
  "/usr/lib/busybox/bin/busybox",
];

const INSTEAD = "--busybox FILE";

/** The one given, else the machine's own, else Debian's busybox-static through apt. Throws with exit code 3. */
export async function findBusybox(options: BusyboxOptions): Promise<Busybox> {
  if (options.given !== undefined) return checkGiven(options.given);
  const reasons: string[] = [];
  for (const path of options.places ?? MACHINE_PLACES) {
    const looked = await lookAt(path);
    if (typeof looked !== "string") return { ...looked, provenance: "the machine's own" };
    if (looked !== ABSENT) reasons.push(`${path} ${looked}`);
  }
  const why = reasons[0] ?? "the machine has none";
  const tree = await fetchPackages(["busybox-static"], options.cacheDirectory, { instead: INSTEAD, apt: options.apt });
  for (const path of [join(tree, "bin/busybox"), join(tree, "usr/bin/busybox")]) {
    const looked = await lookAt(path);
    if (typeof looked !== "string") return { ...looked, provenance: `Debian's package busybox-static, as ${why}` };
    if (looked !== ABSENT) throw unfit(path, looked);
  }
  throw unfit(tree, "has no bin/busybox");
}

async function checkGiven(path: string): Promise<Busybox> {
  const looked = await lookAt(path);
  if (typeof looked === "string") throw unfit(path, looked);
  return { ...looked, provenance: `given with ${INSTEAD}` };
}

function unfit(path: string, state: string): LifeboatError {
  return new LifeboatError(`Cannot use "${path}" as the image's busybox must be static and whole: it ${state}`, {
    exitCode: 3,
    hint: `Name another one with ${INSTEAD}; Debian's is in the package busybox-static`,
  });
}

const ABSENT = "is not there";

/** The busybox, or in words what it lacks. */
async function lookAt(path: string): Promise<Omit<Busybox, "provenance"> | string> {
  const info = await fileInfo(path);
  if (info === undefined) return ABSENT;
  if (info.type !== "file") return `is a ${info.type}`;
  const bytes = await readBytes(path);
  if (!isElf(bytes)) return "is no ELF program";
  const elf = readElf(bytes, path);
  if (elf.interpreter !== undefined) return `is not static: it wants ${elf.interpreter}`;
  const applets = await listApplets(path);
  if (applets === undefined) return "does not run on this machine";
  const missing = REQUIRED_APPLETS.filter((name) => !applets.includes(name));
  if (missing.length > 0) return `lacks the applets ${missing.join(", ")}`;
  return { path, sizeBytes: info.sizeBytes, applets };
}

/** Undefined when it does not run. */
async function listApplets(path: string): Promise<readonly string[] | undefined> {
  // It goes by the name it is called by: a file of another name would be taken for an applet.
  await using directory = await makeTemporaryDirectory("lifeboat-busybox-");
  const busybox = join(directory.path, "busybox");
  await makeSymlink(await realPath(path), busybox);
  try {
    const { stdout } = await run([busybox, "--list"], { timeoutMs: 10_000 });
    return stdout.split("\n").filter((name) => name !== "" && name !== "busybox");
  } catch (error) {
    if (error instanceof LifeboatError) return undefined;
    throw error;
  }
}
