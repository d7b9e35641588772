// Links of a machine, looked at from outside: none may lead into the system that looks.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { insideRoot, pathInMachine } from "./inside-root.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-inside-"));
after(() => rm(scratch, { recursive: true }));
const root = join(scratch, "root");

const LINKS: readonly (readonly [path: string, target: string])[] = [
  ["var/log", "/data/log"],
  ["var/relative", "../data/./log//deep"],
  ["var/above", "../../../../../data"],
  ["lib", "usr/lib"],
  ["sbin", "/usr/sbin"],
  ["usr/sbin/grub-install", "/etc/alternatives/grub"],
  ["etc/alternatives/grub", "../../usr/lib/grub.real"],
  ["data/again", "/var/log/again"],
  ["data/log/again", "."],
  ["top", "/"],
  ["circle", "/circle2"],
  ["circle2", "circle"],
];

before(async () => {
  for (const directory of ["var", "usr/lib", "usr/sbin", "etc/alternatives", "data/log"])
    await mkdir(join(root, directory), { recursive: true });
  for (const [path, target] of LINKS) await symlink(target, join(root, path));
  await writeFile(join(root, "usr/lib/grub.real"), "");
});

describe("insideRoot() finds", () => {
  const cases: readonly (readonly [path: string, place: string])[] = [
    ["/", ""],
    ["/etc/fstab", "/etc/fstab"],
    ["/var/log", "/data/log"],
    ["/var/log/not/there.yet", "/data/log/not/there.yet"],
    ["/var/relative/file", "/data/log/deep/file"],
    ["/var/above", "/data"],
    ["/../../etc//./passwd", "/etc/passwd"],
    ["/lib/modules/6.1", "/usr/lib/modules/6.1"],
    ["/sbin/grub-install", "/usr/lib/grub.real"],
    ["/data/again", "/data/log"],
    ["/top/var/log", "/data/log"],
    ["/not/there/../../etc", "/etc"],
  ];
  for (const [path, place] of cases) {
    test(`${path} at ${place || "the root itself"}`, async () => {
      const found = await insideRoot(root, path);
      assert.deepEqual([found, pathInMachine(root, found)], [`${root}${place}`, place || "/"]);
    });
  }

  test("what it finds from /, by the same rules", async () => {
    assert.equal(await insideRoot("/", "/proc/../nonexistent/./file"), "/nonexistent/file");
    assert.deepEqual([await insideRoot("/", "/"), pathInMachine("/", "/nonexistent")], ["/", "/nonexistent"]);
  });
});

test("insideRoot() does not go round in circles", async () => {
  const message = 'Cannot find "/circle/x" in the machine as its links must lead somewhere: they lead in a circle';
  await assert.rejects(insideRoot(root, "/circle/x"), { name: "LifeboatError", exitCode: 3, message });
});
