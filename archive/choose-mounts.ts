// Which of the mounted file systems go into a set: those that are the machine's own.

import type { Mount } from "../machine/parse-findmnt.ts";

export interface MountChoice {
  readonly path: string;
  readonly mount: Mount;
  /** Undefined: its content is taken. */
  readonly leftOutBecause: string | undefined;
  /** Nobody expects it in a backup, so nobody needs to be told. */
  readonly isObvious: boolean;
}

export interface MountRules {
  readonly include: readonly string[];
  /** MondoRescue's -N. */
  readonly withoutNetwork: boolean;
  /** What the user said that leaves out the device that is mounted there. */
  deviceWord(mount: Mount): string | undefined;
  /** The pattern that leaves out a path, or a directory above it. */
  patternFor(path: string): string | undefined;
  /** Where the set is written; its mount is left out when it is no part of the machine. */
  readonly storePath: string;
  /** Mount points that /etc/fstab names. */
  readonly fstabPaths: readonly string[];
}

/** In memory: their files go with it. */
const VOLATILE: ReadonlySet<string> = new Set(["tmpfs", "ramfs"]);
const MADE_UP: ReadonlySet<string> = new Set(
  (
    "autofs binder binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl fuse.gvfsd-fuse fuse.lxcfs fuse.portal " +
    "hugetlbfs mqueue nsfs proc pstore rpc_pipefs securityfs selinuxfs sysfs tracefs"
  ).split(" "),
);
const NETWORK: ReadonlySet<string> = new Set(
  "9p afs beegfs ceph cifs coda fuse.ceph fuse.glusterfs fuse.s3fs fuse.sshfs gfs gfs2 glusterfs lustre ncpfs nfs nfs4 smb3 smbfs virtiofs".split(
    " ",
  ),
);
/** Their content is elsewhere: in files that are archived, or on a disc that can be put in again. */
const IMAGES: ReadonlySet<string> = new Set(["squashfs", "erofs", "iso9660", "udf"]);
/** Left out whatever is mounted there: the kernel makes what is in them. */
export const KERNEL_DIRECTORIES: readonly string[] = ["/proc", "/sys", "/dev", "/run"];

/** One answer for each mount that is seen below what is included, in the order of mounting. */
export function chooseMounts(mounts: readonly Mount[], rules: MountRules): readonly MountChoice[] {
  // Of mounts on one another the last is seen.
  const seen = mounts.filter((mount) => mountOf(mount.target, mounts) === mount);
  const choices: MountChoice[] = [];
  for (const mount of seen.filter(({ target }) => rules.include.some((path) => isWithin(target, path)))) {
    const leftOutBecause = leaveOut(mount, { seen, choices, rules });
    choices.push({ path: mount.target, mount, leftOutBecause, isObvious: isObvious(mount, rules) });
  }
  return choices;
}

/** The network file systems whose files are taken. */
export function networkMounts(choices: readonly MountChoice[]): readonly Mount[] {
  return choices.flatMap(({ mount, leftOutBecause }) => (NETWORK.has(mount.fsType) && leftOutBecause === undefined ? [mount] : []));
}

/** Of what a user names: what the kernel makes up there, and nobody can bring back. */
export function madeUpType(path: string, mounts: readonly Mount[]): string | undefined {
  const holding = mountOf(path, mounts);
  // Nodes in /dev are files like others.
  return holding !== undefined && MADE_UP.has(holding.fsType) && holding.fsType !== "devtmpfs" ? holding.fsType : undefined;
}

/** The kernel's own places in a machine that is archived whole. */
function isObvious({ target, fsType }: Mount, rules: MountRules): boolean {
  if (!MADE_UP.has(fsType) && !VOLATILE.has(fsType)) return false;
  if (isBelowNamed(target, rules)) return false;
  return !VOLATILE.has(fsType) || isInKernelDirectory(target);
}

/** Below a path that the user named himself, more is meant than of a whole machine. */
function isBelowNamed(target: string, { include }: MountRules): boolean {
  return include.some((path) => path !== "/" && isWithin(target, path));
}

function isInKernelDirectory(target: string): boolean {
  return KERNEL_DIRECTORIES.some((directory) => isWithin(target, directory));
}

interface Choosing {
  /** Mounts that another does not hide. */
  readonly seen: readonly Mount[];
  /** Those of earlier mounts. */
  readonly choices: readonly MountChoice[];
  readonly rules: MountRules;
}

function leaveOut(mount: Mount, choosing: Choosing): string | undefined {
  const { rules } = choosing;
  const { target, fsType, source } = mount;
  if (rules.include.includes(target) || target === "/") return undefined;
  const isNamed = isBelowNamed(target, rules);
  const word = rules.deviceWord(mount) ?? rules.patternFor(target);
  if (word !== undefined) return `--exclude ${word} leaves it out`;
  if (MADE_UP.has(fsType)) return `${fsType} has no files of its own`;
  if (VOLATILE.has(fsType)) return `${fsType} is memory: what is there goes with it`;
  if (!isNamed && isInKernelDirectory(target)) return "the kernel makes what is there";
  if (IMAGES.has(fsType) || (isNamed ? DISCS : DISCS_AND_LOOPS).test(source)) return `${fsType} from ${source} is an image or a disc`;
  if (fsType === "overlay") return "an overlay shows files that are elsewhere";
  if (NETWORK.has(fsType) && rules.withoutNetwork) return "it is on the network, which -N leaves out";
  const twin = twinOf(mount, choosing);
  if (twin !== undefined) return `it shows what "${twin}" has already`;
  return isNamed ? undefined : leaveOutStore(target, rules);
}

const DISCS = /^\/dev\/(?:sr|fd)\d/;
const DISCS_AND_LOOPS = /^\/dev\/(?:loop|sr|fd)\d/;

function leaveOutStore(target: string, { storePath, fstabPaths }: MountRules): string | undefined {
  const isOfMachine = fstabPaths.some((path) => isWithin(path, target));
  return isWithin(storePath, target) && !isOfMachine ? "the set is written there, and /etc/fstab does not name it" : undefined;
}

/** Where the same files are in the set: another mount of the same file system that shows them, as bind mounts do. */
function twinOf(mount: Mount, choosing: Choosing): string | undefined {
  const { seen } = choosing;
  for (const other of seen) {
    if (other === mount || !isShownBy(mount, other)) continue;
    const name = joined(other.target, below(mount.fsRoot, other.fsRoot));
    if (mountOf(name, seen) === other && isTaken(name, choosing)) return name;
  }
  return undefined;
}

/** Whether the walk comes to it: every mount on its way is one that is taken, and no pattern leaves it out. */
function isTaken(name: string, { seen, choices, rules }: Choosing): boolean {
  if (rules.patternFor(name) !== undefined) return false;
  return rules.include.some((top) => {
    const onTheWay = seen.filter(({ target }) => isWithin(name, target) && isWithin(target, top));
    const isOpen = ({ target }: Mount) => choices.some(({ path, leftOutBecause }) => path === target && leftOutBecause === undefined);
    return isWithin(name, top) && !isClosedByKernel(name, top) && onTheWay.every(isOpen);
  });
}

function isClosedByKernel(name: string, top: string): boolean {
  return KERNEL_DIRECTORIES.some((directory) => directory !== top && isWithin(name, directory) && isWithin(directory, top));
}

/** The same file system, and a part of it that the other shows: a bind mount, or mounted twice. */
function isShownBy(mount: Mount, other: Mount): boolean {
  const isSame = mount.majorMinor === other.majorMinor && mount.fsType === other.fsType && mount.source === other.source;
  return isSame && isWithin(mount.fsRoot, other.fsRoot);
}

/** Also when they are equal. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

/** All paths by which what is at `path` is seen: bind mounts, and file systems that are mounted twice, show it again. */
export function namesOf(path: string, mounts: readonly Mount[]): readonly string[] {
  const holding = mountOf(path, mounts);
  if (holding === undefined) return [path];
  const placeInside = joined(holding.fsRoot, below(path, holding.target));
  const others = mounts.flatMap((mount) => {
    if (mount.majorMinor !== holding.majorMinor || !isWithin(placeInside, mount.fsRoot)) return [];
    const name = joined(mount.target, below(placeInside, mount.fsRoot));
    // Another file system may be mounted over it.
    return mountOf(name, mounts) === mount ? [name] : [];
  });
  return [...new Set([path, ...others])];
}

/**
 * The one that shows what is at `path`: the nearest above it, and of several at one place the last. The order of mounting says no more:
 * where an initramfs has mounted /proc and /sys, they stand before the root.
 */
export function mountOf<M extends Mount>(path: string, mounts: readonly M[]): M | undefined {
  const above = mounts.filter(({ target }) => isWithin(path, target));
  return above.reduce<M | undefined>(
    (best, mount) => (best !== undefined && best.target.length > mount.target.length ? best : mount),
    undefined,
  );
}

/** What stands after the directory, with its slash; "" for the directory itself. */
export function below(path: string, directory: string): string {
  return path === directory ? "" : path.slice(directory === "/" ? 0 : directory.length);
}

export function joined(directory: string, below: string): string {
  return directory === "/" ? below || "/" : `${directory}${below}`;
}
