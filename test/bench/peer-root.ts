// A private copy of this machine for another tool: an overlay over / in a mount namespace of its own, so that nothing of the host changes.

import { join } from "node:path";
import { fileStamp } from "#os/bulk-files";
import { run, type Command } from "#os/exec";
import { makeDirectory, readTextIfThere, removeTree, writeAtomic, writeFile } from "#os/files";

/** The kernel that all contestants are given. */
export interface BenchKernel {
  readonly release: string;
  /** Has boot/ and lib/modules/. */
  readonly root: string;
}

export interface PeerSpec {
  readonly name: string;
  /** Debian's packages; recommended ones are not taken. */
  readonly packages: readonly string[];
  /** Put into the private copy: path and text. */
  readonly files: Readonly<Record<string, string>>;
}

/** Where a peer's packages were installed. */
export interface PreparedPeer {
  readonly directory: string;
}

/**
 * Arguments: the overlay's upper, work and root directory, the kernel's root or "-", its release, a shared directory or "-"; then
 * the command. With a kernel, its modules are bound to /lib/modules and its image and config copied to /boot, where the tools look.
 */
const ENTER = `set -e
upper=$1 work=$2 root=$3 kernel=$4 release=$5 shared=$6; shift 6
mount -t overlay overlay -o "lowerdir=/,upperdir=$upper,workdir=$work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
if [ "$kernel" != - ]; then
  mkdir -p "$root/lib/modules/$release"
  mount --bind "$kernel/lib/modules/$release" "$root/lib/modules/$release"
  cp "$kernel/boot/"*"$release" "$root/boot/"
fi
if [ "$shared" != - ]; then mount --rbind "$shared" "$root$shared"; fi
exec "$@"
`;

/** Installs the packages into a layer of its own, once; again when this machine's own packages have changed. */
export async function preparePeer(spec: PeerSpec, parent: string): Promise<PreparedPeer> {
  const directory = join(parent, spec.name);
  const stamp = JSON.stringify([spec, fileStamp("/var/lib/dpkg/status")?.stamp]);
  const stampPath = join(directory, "stamp");
  if ((await readTextIfThere(stampPath)) === stamp) return { directory };
  await removeTree(directory);
  for (const name of ["layer", "work", "root"]) await makeDirectory(join(directory, name));
  // Packages must not start services: this is no booted system (invoke-rc.d(8), "policy-rc.d").
  const script =
    'printf "#!/bin/sh\\nexit 101\\n" > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; exec apt-get install --yes "$@"';
  const words = ["--quiet=2", "--no-install-recommends", ...spec.packages];
  await enter(directory, "layer", { command: ["chroot", join(directory, "root"), "sh", "-c", script, "sh", ...words] });
  for (const [path, text] of Object.entries(spec.files)) {
    await makeDirectory(join(directory, "layer", path, ".."));
    await writeFile(join(directory, "layer", path), text);
  }
  await writeAtomic(stampPath, stamp);
  return { directory };
}

export interface PeerRun {
  readonly kernel?: BenchKernel;
  /** A directory of this machine that is there as it is, at the same path, so that nothing is measured through the overlay. */
  readonly shared?: string;
  /** Runs in the private copy. */
  readonly command: Command;
  /** Put before `chroot`: what measures. */
  readonly prefix?: readonly string[];
}

/** Runs a command in a fresh copy. What it wrote is under `written`, relative to the root, until the next run of the same peer. */
export async function runInPeer(
  { directory }: PreparedPeer,
  { command, prefix = [], ...about }: PeerRun,
): Promise<{ readonly written: string }> {
  await removeTree(join(directory, "written"));
  await removeTree(join(directory, "work"));
  await makeDirectory(join(directory, "work"));
  // A copy and not a second lower layer: one layer of an overlay may not lie inside another (overlayfs.rst, "Overlapping").
  await run(["cp", "--archive", join(directory, "layer"), join(directory, "written")]);
  const [program = "chroot", ...words] = [...prefix, "chroot", join(directory, "root"), ...command];
  await enter(directory, "written", { ...about, command: [program, ...words] });
  return { written: join(directory, "written") };
}

type Inside = Omit<PeerRun, "prefix">;

async function enter(directory: string, upper: "layer" | "written", { kernel, shared = "-", command }: Inside): Promise<void> {
  const layers = [upper, "work", "root"].map((name) => join(directory, name));
  const places = [...layers, kernel?.root ?? "-", kernel?.release ?? "-", shared];
  await run(["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "sh", ...places, ...command], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
    timeoutMs: 15 * 60_000,
  });
}
