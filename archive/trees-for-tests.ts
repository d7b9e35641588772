// For tests: a tree of all kinds of files, and lists of what is in a tree as the system's own tools see it.

import { run, runBytes } from "#os/exec";
import { latin1Decode } from "../formats/text.ts";

/** Below `directory`, as root; at most 10 MiB on disk. */
export async function makeOddTree(directory: string): Promise<void> {
  const script = `
    set -e
    mkdir -p sub/empty 'dir with blank' "$(printf 'dir\\nend\\n.')" "$(printf '%0255d' 7)"
    echo text > plain; echo 'back\\101' > 'back\\101'; echo x > -dash; echo y > "$(printf '\\377\\376')"; echo z > "$(printf 'new\\nline')"; echo u > 'Müller'
    : > empty; head -c 511 /dev/zero > short; head -c 512 /dev/zero > block; head -c 5000000 /dev/urandom > noise; yes text | head -c 5000000 > big
    chmod 4755 plain; chmod 2770 sub; chmod 1777 'dir with blank'; chmod 0 empty
    chown 3000000:4294967294 block; chown -h 7:8 short
    ln big sub/second; ln big third; ln -s plain link; ln -s "$(printf 'no\\nsuch\\377')" broken; ln link link2; ln -s "$(printf '%0300d' 0)" long
    mkfifo pipe; mknod null c 1 3; mknod disk b 259 70000
    touch -d '1960-02-03 04:05:06.789 UTC' plain; touch -d '2400-01-01 00:00:00.123456789 UTC' big; touch -hd '1999-01-01' link
    truncate -s 20G islands; for at in 0 5000000000 20000000000; do printf island | dd of=islands bs=1 seek=$at conv=notrunc status=none; done
    truncate -s 3000001 hole; printf begin > tail; truncate -s 500000 tail; truncate -s 100000 front; printf end >> front
    setfattr -n user.one -v "$(printf 'a=b\\nc')" plain; setfattr -n user.empty sub; setfattr -n trusted.one -v 0x00ff0a plain; setfattr -h -n trusted.two -v x link
    setfacl -m u:12345:rw,g:54321:r plain; setfacl -d -m u:12345:rwx sub; cp /bin/true capable; setcap cap_net_raw+ep capable
    touch -d '2001-01-01' sub`;
  await run(["sh", "-c", script], { cwd: directory, env: { LC_ALL: "C.UTF-8" } });
}

/** Path to facts of each: type, mode, owner, size, time, link, number of names; device; attributes and ACLs; digest of all but huge files. */
export async function listTree(directory: string): Promise<Readonly<Record<string, string>>> {
  const found = ["find", ".", "-type", "d", "-printf", "%P\\0%y %m %U:%G %T@\\0", "-o", "-printf", "%P\\0%y %m %U:%G %s %T@ %n %l\\0"];
  const nodes = ["find", ".", "(", "-type", "b", "-o", "-type", "c", ")", "-exec", "stat", "--printf", "%n\\0%t:%T\\0", "{}", "+"];
  const digests = ["find", ".", "-type", "f", "-size", "-100M", "-exec", "b2sum", "--zero", "{}", "+"];
  const attributes = ["getfattr", "-R", "-P", "-h", "-d", "-m", "-", "-e", "hex", "."];
  const text = async (command: readonly string[]) => latin1Decode(await runBytes(command as [string], { cwd: directory }));
  const pairs = (list: string, before = "") =>
    Object.fromEntries([...list.matchAll(/([^\0]*)\0([^\0]*)\0/g)].map(([, path = "", facts = ""]) => [`${before}${path}`, facts]));
  return {
    ...pairs(await text(found)),
    ...pairs(await text(nodes), "device of "),
    ...Object.fromEntries((await text(digests)).split("\0").map((line) => [`digest of ${line.slice(130)}`, line.slice(0, 128)])),
    attributes: (await text(attributes))
      .split("\n\n")
      .sort((a, b) => (a < b ? -1 : 1))
      .join("\n\n"),
  };
}
