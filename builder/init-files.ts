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
::once:/etc/lifeboat/boot
::ctrlaltdel:/sbin/reboot
::shutdown:/bin/sync
`;

/**
 * Started by init. It must work when nearly nothing does: it uses busybox alone, and never ends, so that a failure
 * of the agent is a line and a shell and not a panic.
 */
const BOOT_SCRIPT = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=\${TERM:-vt100}
mount -t proc -o nosuid,noexec,nodev proc /proc
mount -t sysfs -o nosuid,noexec,nodev sysfs /sys
mount -t devtmpfs -o mode=0755 devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
umask 077

consoles() {
  names=$(cat /sys/class/tty/console/active 2>/dev/null)
  for name in \${names:-console}; do
    [ "$name" = tty0 ] && name=tty1
    echo "/dev/$name"
  done
}
say() {
  echo "lifeboat: $*" >> /var/log/lifeboat.log
  for console in $(consoles); do printf 'lifeboat: %s\\n' "$*" > "$console"; done
}
shells() {
  for console in $(consoles); do
    while :; do
      setsid sh -c "stty sane < $console; exec sh -l < $console > $console 2>&1"
      sleep 1
    done &
  done
  wait
}

if [ ! -e /.complete ]; then
  say 'initramfs incomplete: too little memory'
  shells
fi

for word in $(cat /proc/cmdline); do
  case $word in
    lifeboat.heap=*) export NODE_OPTIONS="--max-old-space-size=\${word#lifeboat.heap=}" ;;
  esac
done
/usr/bin/lifeboat agent 2> /run/agent-errors
code=$?
cat /run/agent-errors >> /var/log/lifeboat.log
case $code in
  134) reason='aborted (signal ABRT)' ;;
  137) reason='killed (signal KILL): too little memory' ;;
  139) reason='crashed (signal SEGV)' ;;
  *) reason="exit code $code" ;;
esac
grep -q 'heap out of memory' /run/agent-errors && reason='its heap is too small'
say "agent ended: $reason"
for line in "$(grep -v '^ *$' /run/agent-errors | tail -n 3)"; do [ -n "$line" ] && say "$line"; done
say 'here is a shell; the log is /var/log/lifeboat.log; reboot and poweroff work'
shells
`;

const FILES: readonly (readonly [path: string, mode: number, text: string])[] = [
  ["etc/fstab", 0o644, ""],
  ["etc/group", 0o644, "root:x:0:\ntty:x:5:\ndisk:x:6:\n"],
  ["etc/inittab", 0o644, INITTAB],
  ["etc/lifeboat/boot", 0o755, BOOT_SCRIPT],
  ["etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\nhosts: files dns\n"],
  ["etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\n"],
  [
    "etc/profile",
    0o644,
    "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\nexport PS1='lifeboat# '\n[ -r /etc/lifeboat/library-path ] && export LD_LIBRARY_PATH=$(cat /etc/lifeboat/library-path)\ncd /root\n",
  ],
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

/** Busybox itself and a link for each of its applets. */
export function busyboxEntries(hostPath: string, sizeBytes: number, applets: readonly string[]): readonly PlanEntry[] {
  const because = ["init and the shell of the rescue system"];
  const program: FileEntry = { ...BASE, because, type: "file", path: "usr/bin/busybox", mode: 0o755, sizeBytes, content: { hostPath } };
  const links = applets
    .filter((name) => name !== "busybox" && /^[\w[\]-]+$/.test(name))
    .map((name): SymlinkEntry => ({ ...BASE, because, type: "symlink", path: `usr/bin/${name}`, mode: 0o777, target: "busybox" }));
  return [program, ...links];
}

function textFile(path: string, mode: number, text: string): FileEntry {
  const bytes = new TextEncoder().encode(text);
  return { ...BASE, type: "file", path, mode, sizeBytes: bytes.length, content: { bytes } };
}
