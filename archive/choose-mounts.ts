// Which of the mounted file systems go into a set: those that are the machine's own.

import type { Mount } from "../machine/parse-findmnt.ts";

export interface MountChoice {
  readonly path: string;
  /** Undefined: its content is taken. */
  readonly leftOutBecause: string | undefined;
  /** Nobody expects it in a backup, so nobody needs to be told. */
  readonly isObvious: boolean;
}

export interface MountRules {
  readonly include: readonly string[];
  /** MondoRescue's -N. */
  readonly withoutNetwork: boolean;
  /** Device nodes that the user leaves out. */
  readonly excludedDevices: readonly string[];
  /** Where the set is written; its mount is left out when it is no part of the machine. */
  readonly storePath: string;
  /** Mount points that /etc/fstab names. */
  readonly fstabPaths: readonly string[];
}

const MADE_UP: ReadonlySet<string> = new Set(
  (
    "autofs binder binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl fuse.gvfsd-fuse fuse.lxcfs fuse.portal " +
    "hugetlbfs mqueue nsfs proc pstore ramfs rpc_pipefs securityfs selinuxfs sysfs tmpfs tracefs"
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

/** One answer for each mount, in the order of mounting. */
export function chooseMounts(mounts: readonly Mount[], rules: MountRules): readonly MountChoice[] {
  const taken: Mount[] = [];
  return mounts.map((mount) => {
    const reason = rules.include.includes(mount.target) || mount.target === "/" ? undefined : leaveOut(mount, rules, taken);
    if (reason === undefined) taken.push(mount);
    return { path: mount.target, leftOutBecause: reason, isObvious: MADE_UP.has(mount.fsType) };
  });
}

/** The network file systems whose files are taken. */
export function networkMounts(mounts: readonly Mount[], choices: readonly MountChoice[]): readonly Mount[] {
  return mounts.filter(({ fsType }, index) => NETWORK.has(fsType) && choices[index]?.leftOutBecause === undefined);
}

function leaveOut(mount: Mount, rules: MountRules, taken: readonly Mount[]): string | undefined {
  const { target, fsType, source } = mount;
  if (MADE_UP.has(fsType)) return `${fsType} has no files of its own`;
  if (KERNEL_DIRECTORIES.some((directory) => isWithin(target, directory))) return "the kernel makes what is there";
  if (rules.excludedDevices.includes(source)) return `${source} is left out, as you said`;
  if (IMAGES.has(fsType) || /^\/dev\/(?:loop|sr|fd)\d/.test(source)) return `${fsType} from ${source} is an image or a disc`;
  if (fsType === "overlay") return "an overlay shows files that are elsewhere";
  if (NETWORK.has(fsType) && rules.withoutNetwork) return "it is on the network, which -N leaves out";
  const twin = taken.find((other) => other.majorMinor === mount.majorMinor && isShownBy(mount, other));
  if (twin !== undefined) return `it shows what "${twin.target}" has already`;
  if (isWithin(rules.storePath, target) && !rules.fstabPaths.includes(target) && !rules.fstabPaths.some((path) => isWithin(path, target))) {
    return "the set is written there, and /etc/fstab does not name it";
  }
  return undefined;
}

/** The same file system, and a part of it that the other shows: a bind mount, or mounted twice. */
function isShownBy(mount: Mount, other: Mount): boolean {
  return mount.fsType === other.fsType && mount.source === other.source && isWithin(mount.fsRoot, other.fsRoot);
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

/** The one that shows what is at `path`: the last of those that are mounted above it. */
export function mountOf<M extends Mount>(path: string, mounts: readonly M[]): M | undefined {
  return [...mounts].reverse().find(({ target }) => isWithin(path, target));
}

/** What stands after the directory, with its slash; "" for the directory itself. */
export function below(path: string, directory: string): string {
  return path === directory ? "" : path.slice(directory === "/" ? 0 : directory.length);
}

export function joined(directory: string, below: string): string {
  return directory === "/" ? below || "/" : `${directory}${below}`;
}
