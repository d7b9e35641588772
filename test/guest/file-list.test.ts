import assert from "node:assert/strict";
import { chmod, link, mkdir, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "#os/digest";
import { run } from "#os/exec";
import { makeTemporaryDirectory } from "#os/files";
import { compareLists } from "./compare-lists.ts";
import { FILE_LIST_SCRIPT } from "./list-image.ts";

const OWNER = `${process.getuid?.()}\t${process.getgid?.()}`;

async function list(root: string, ...options: readonly string[]): Promise<string> {
  return (await run(["perl", FILE_LIST_SCRIPT, root, ...options])).stdout;
}

async function smallTree(root: string): Promise<void> {
  await writeFile(join(root, "a%b\n"), "content");
  await chmod(join(root, "a%b\n"), 0o640);
  await utimes(join(root, "a%b\n"), new Date(-86_399_500), new Date(-86_399_500));
  await link(join(root, "a%b\n"), join(root, "z"));
  await symlink("to\tnowhere", join(root, "link"));
  await mkdir(join(root, "directory"), { mode: 0o700 });
  await run(["mkfifo", "--mode=0620", join(root, "directory/fifo")]);
}

test("file-list.pl writes a line for each path, sorted, with odd bytes as %XX", async () => {
  await using directory = await makeTemporaryDirectory();
  await smallTree(directory.path);
  const rows = (await list(directory.path)).trimEnd().split("\n");
  const digest = digestOf("content");
  const file = `file\t0640\t${OWNER}\t7\t-86400.500000000\t/a%25b%0A\t-\t-\t${digest}\t-\t-`;
  const withoutTime = (row: string) => row.replace(/\t\d{10}\.\d{9}\t/, "\tTIME\t");
  assert.deepEqual(rows.map(withoutTime), [
    withoutTime(rows[0]!),
    `/a%25b%0A\t${file}`,
    `/directory\tdirectory\t0700\t${OWNER}\t-\tTIME\t-\t-\t-\t-\t-\t-`,
    `/directory/fifo\tfifo\t0620\t${OWNER}\t-\tTIME\t-\t-\t-\t-\t-\t-`,
    `/link\tsymlink\t0777\t${OWNER}\t10\tTIME\t-\t-\tto%09nowhere\t-\t-\t-`,
    `/z\t${file}`,
  ]);
});

/** Each of these must show itself as a difference of these fields of /file. */
const CHANGES: readonly { readonly name: string; readonly fields: readonly string[]; readonly command: string }[] = [
  { name: "one byte", fields: ["digest"], command: "printf X | dd of=file conv=notrunc status=none; touch -d @1.5 file" },
  { name: "a nanosecond", fields: ["mtime"], command: "touch -d @1.500000001 file" },
  { name: "the sticky bit", fields: ["mode"], command: "chmod +t file" },
  { name: "an attribute", fields: ["xattrs"], command: "setfattr -n user.odd -v 1 file" },
  { name: "an ACL behind the same mode", fields: ["xattrs"], command: "setfacl -m u:12345:r,m::r file; chmod 644 file" },
  { name: "a flag", fields: ["flags"], command: "chattr +d file" },
  { name: "a hard link that is none any more", fields: ["links"], command: "rm second; cp -p file second" },
];

for (const { name, fields, command } of CHANGES) {
  test(`file-list.pl shows ${name}`, async (t) => {
    // On a disk: tmpfs keeps no flags and no user attributes.
    await using directory = await makeTemporaryDirectory("file-list-", join(import.meta.dirname, "../../out"));
    const shell = (script: string) => run(["sh", "-euc", script], { cwd: directory.path });
    await shell("echo content > file; chmod 644 file; ln file second; touch -d @1.5 file");
    const before = await list(directory.path, "--skip", "/second");
    try {
      await shell(command);
    } catch (error) {
      return t.skip(String(error));
    }
    const found = compareLists(before, await list(directory.path, "--skip", "/second"), ["/"]);
    if (fields[0] === "links")
      return assert.deepEqual(
        found.map(({ path }) => path),
        ["/file"],
      );
    assert.deepEqual(
      found.map((difference) => [difference.path, difference.fields]),
      [["/file", fields]],
    );
  });
}

test("file-list.pl reads the data of sparse files, and sees when the holes are gone", async () => {
  await using directory = await makeTemporaryDirectory("file-list-", join(import.meta.dirname, "../../out"));
  const path = join(directory.path, "sparse");
  const size = 65 * 2 ** 20;
  await writeFile(path, "island");
  await truncate(path, size);
  const sparse = await list(directory.path);
  const block = Buffer.alloc(4096);
  block.write("island");
  assert.match(sparse, new RegExp(`\\tsparse:${digestOf(Buffer.alloc(8), block)}\\t`));
  await run(["dd", "if=/dev/zero", `of=${path}`, "bs=1M", "seek=1", "count=64", "conv=notrunc", "status=none"]);
  const content = Buffer.alloc(size);
  content.write("island");
  assert.match(await list(directory.path), new RegExp(`\\t${digestOf(content)}\\t`));
});

test("file-list.pl leaves out what --skip names, and other file systems", async () => {
  await using directory = await makeTemporaryDirectory();
  await smallTree(directory.path);
  const paths = (await list(directory.path, "--skip", "/directory")).split("\n").map((line) => line.split("\t")[0]);
  assert.deepEqual(paths, ["/", "/a%25b%0A", "/link", "/z", ""]);
});
