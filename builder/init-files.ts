// The first files of the image: directories, device nodes, init's table and the script that starts the agent.

import type { DeviceEntry, DirectoryEntry, FileEntry, PlanEntry, SymlinkEntry } from "./image-plan.ts";

const BECAUSE = ["every rescue image starts so"] as const;
const BASE = { layer: "initramfs", group: "init", because: BECAUSE } as const;

/** Where the tools layer says which directories beside the usual ones hold libraries. */
export const LIBRARY_PATH_FILE = "etc/lifeboat/library-path";

/** Where the kernel, busybox and the programs expect things; the image's /bin, /sbin and /lib are links into /usr. */
const DIRECTORIES = [
  "dev",
  "etc",
  "etc/lifeboat",
  "mnt",
  "proc",
  "root",
  "run",
  "sys",
  "tmp",
  "usr",
  "usr/bin",
  "usr/lib",
  "usr/sbin",
  "var",
  "var/log",
];

const LINKS: Readonly<Record<string, string>> = {
  bin: "usr/bin",
  init: "usr/bin/busybox",
  lib: "usr/lib",
  lib64: "usr/lib64",
  sbin: "usr/sbin",
  "etc/mtab": "../proc/mounts",
  "var/run": "../run",
};

/** init's own messages go to the console before devtmpfs is there. */
const NODES: readonly (readonly [path: string, mode: number, major: number, minor: number])[] = [
  ["dev/console", 0o600, 5, 1],
  ["dev/null", 0o666, 1, 3],
];

const INITTAB = `# Made by lifeboat build. busybox init reaps what is orphaned and reboots on request.
::respawn:/etc/lifeboat/boot
::ctrlaltdel:/sbin/reboot
::shutdown:/bin/sync
::shutdown:/bin/umount -a -r -t ext2,ext3,ext4,xfs,btrfs,f2fs,vfat,exfat,ntfs3,jfs,reiserfs
`;

/**
 * Started by init. It must work when nearly nothing does: it uses busybox alone, and never ends, so that a failure
 * of the agent is a line and a shell and not a panic. Every console has its own process, since one may take nothing.
 */
const BOOT_SCRIPT = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
log=/var/log/lifeboat.log
errors=/run/lifeboat/agent-errors
last_words=/run/lifeboat/last-words

# The kernel's own consoles, and MondoRescue's serial=: the kernel has one serial console at most.
consoles() {
  names=$(cat /sys/class/tty/console/active 2>/dev/null)
  extra=$(sed -n 's/.*\\<serial=\\([^ ,]*\\).*/\\1/p' /proc/cmdline 2>/dev/null)
  for name in \${names:-console} \${extra#/dev/}; do
    [ "$name" = tty0 ] && name=tty1
    echo "/dev/$name"
  done | sort -u
}
say() {
  echo "lifeboat: $*" >> $log
  echo "lifeboat: $*" >> $last_words
}
operator_works() {
  pid=$(cat "/run/lifeboat/shell-\${1##*/}" 2>/dev/null) && kill -0 "$pid" 2>/dev/null
}
shells() {
  for console in $(consoles); do
    case $console in
      /dev/tty[0-9]*) terminal=linux ;;
      *) terminal=vt100 ;;
    esac
    {
      cat $last_words > "$console"
      while operator_works "$console"; do sleep 1; done
      while :; do
        TERM=$terminal setsid sh -c "stty sane < $console; exec sh -l < $console > $console 2>&1"
        sleep 1
      done
    } &
  done
  wait
  sleep 5
}

if [ -e /run/lifeboat/started ]; then
  say 'the boot script ended and was started again; here is a shell; reboot and poweroff work'
  shells
fi
mount -t proc -o nosuid,noexec,nodev proc /proc
mount -t sysfs -o nosuid,noexec,nodev sysfs /sys
mount -t devtmpfs -o mode=0755 devtmpfs /dev
# Half of the memory is all that the kernel lets its first file system have; it may be full by now.
mount -o remount,size=90% / 2>/dev/null
mkdir -p /dev/pts /dev/shm /run/lifeboat
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
umask 077
: > /run/lifeboat/started

if [ ! -e /.complete ]; then
  say 'initramfs incomplete: too little memory'
  memory=$(($(sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo) / 1024))
  say "this machine has $memory MiB; here is a shell; reboot and poweroff work"
  # The limit is half of the memory, and ramfs knows none. With less than this the kernel would panic (docs/memory.md).
  [ $memory -ge 355 ] && say 'boot it with the word rootfstype=ramfs, and all of its memory may be used'
  shells
fi

set -f
for word in $(cat /proc/cmdline); do
  case $word in
    lifeboat.heap=*) export NODE_OPTIONS="--max-old-space-size=\${word#lifeboat.heap=}" ;;
  esac
done
set +f
/usr/bin/lifeboat agent 2> $errors
code=$?
cut -c 1-500 $errors >> $log
case $code in
  134) reason='aborted (signal ABRT)' ;;
  135) reason='crashed (signal BUS)' ;;
  137) reason='killed (signal KILL)' ;;
  139) reason='crashed (signal SEGV)' ;;
  *) reason="exit code $code" ;;
esac
grep -q 'heap out of memory' $errors && reason='its heap is too small'
dmesg | grep -q 'Out of memory: Killed process' && reason="$reason: too little memory"
say "agent ended: $reason"
grep -v '^ *at ' $errors | grep -E -m 3 '(Error|ERROR|Cannot|\\[hint\\])' | cut -c 1-300 | while read -r line; do say "$line"; done
say "here is a shell; the log is $log; reboot and poweroff work"
shells
`;

const PROFILE = `export PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PS1='lifeboat# '
[ -r /etc/lifeboat/library-path ] && export LD_LIBRARY_PATH=$(cat /etc/lifeboat/library-path)
umask 022
cd /root || cd /
`;

const FILES: readonly (readonly [path: string, mode: number, text: string])[] = [
  ["etc/fstab", 0o644, ""],
  ["etc/group", 0o644, "root:x:0:\ntty:x:5:\ndisk:x:6:\n"],
  ["etc/inittab", 0o644, INITTAB],
  ["etc/lifeboat/boot", 0o755, BOOT_SCRIPT],
  ["etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\nhosts: files dns\n"],
  ["etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\n"],
  ["etc/profile", 0o644, PROFILE],
];

/** All of them, in no particular order. */
export function initEntries(): readonly PlanEntry[] {
  const directories = DIRECTORIES.map((path): DirectoryEntry => ({
    ...BASE,
    type: "directory",
    path,
    mode: path === "tmp" ? 0o1777 : path === "root" ? 0o700 : 0o755,
  }));
  const links = Object.entries(LINKS).map(([path, target]): SymlinkEntry => ({ ...BASE, type: "symlink", path, mode: 0o777, target }));
  const nodes = NODES.map(([path, mode, major, minor]): DeviceEntry => ({ ...BASE, type: "character-device", path, mode, major, minor }));
  return [...directories, ...links, ...nodes, ...FILES.map(([path, mode, text]) => textFile(path, mode, text))];
}

/** Where the kernel looks for it, and programs do that call it by its path (CONFIG_MODPROBE_PATH). */
const MODPROBE_PATH = "usr/sbin/modprobe";

/** Busybox itself and a link for each of its applets. */
export function busyboxEntries(hostPath: string, sizeBytes: number, applets: readonly string[]): readonly PlanEntry[] {
  const because = ["init and the shell of the rescue system"];
  const program: FileEntry = { ...BASE, because, type: "file", path: "usr/bin/busybox", mode: 0o755, sizeBytes, content: { hostPath } };
  const links = applets
    .filter((name) => name !== "busybox" && /^[\w[\]-]+$/.test(name))
    .map((name): SymlinkEntry => ({ ...BASE, because, type: "symlink", path: `usr/bin/${name}`, mode: 0o777, target: "busybox" }));
  const modprobe: SymlinkEntry = { ...BASE, because, type: "symlink", path: MODPROBE_PATH, mode: 0o777, target: "../bin/busybox" };
  return [program, ...links, ...(applets.includes("modprobe") ? [modprobe] : [])];
}

function textFile(path: string, mode: number, text: string): FileEntry {
  const bytes = new TextEncoder().encode(text);
  return { ...BASE, type: "file", path, mode, sizeBytes: bytes.length, content: { bytes } };
}
