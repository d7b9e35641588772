// What paths that a user names stand for, on this system and on one that is mounted below a directory: no link leads out of that.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { checkThere, includedPaths } from "./included-paths.ts";

const scratch = await realpath(await mkdtemp(join(tmpdir(), "lifeboat-included-")));
after(() => rm(scratch, { recursive: true }));
const root = join(scratch, "root");

before(async () => {
  for (const directory of ["root/usr/bin", "root/data", "outside"]) await mkdir(join(scratch, directory), { recursive: true });
  for (const file of ["root/usr/bin/prog", "root/data/file", "outside/host"]) await writeFile(join(scratch, file), "");
  const links = [
    ["usr/bin", "bin"],
    ["/data", "absolute"],
    ["../../../outside", "above"],
    [join(scratch, "outside"), "foreign"],
    ["absolute/file", "file"],
  ] as const;
  for (const [target, path] of links) await symlink(target, join(root, path));
});

describe("includedPaths() of a machine that is mounted below a directory", () => {
  const cases: readonly (readonly [path: string, places: readonly string[]])[] = [
    ["/", ["/"]],
    ["/bin/prog", ["/usr/bin/prog"]],
    ["/bin", ["/bin", "/usr/bin"]],
    ["/absolute", ["/absolute", "/data"]],
    ["/absolute/file", ["/data/file"]],
    ["/file", ["/file"]],
    ["/above/host", ["/outside/host"]],
    ["/foreign/host", [`${scratch}/outside/host`]],
    ["/foreign", ["/foreign"]],
    ["/none/file", ["/none/file"]],
  ];
  for (const [path, places] of cases) {
    test(`takes ${path.replace(scratch, "")} for ${places.join(" and ").replace(scratch, "…")}`, async () =>
      assert.deepEqual(await includedPaths(root, [path]), places));
  }

  test("leads to nothing where the links lead out of it", async () => {
    for (const path of ["/above/host", "/foreign/host"]) {
      const message = /as what is asked for must be there: it is not$/;
      await assert.rejects(
        includedPaths(root, [path]).then((places) => checkThere(places, root, false)),
        { exitCode: 3, message },
      );
    }
  });
});

test("includedPaths() resolves links of this system by the same rules, and takes each place once", async () => {
  assert.deepEqual(await includedPaths("/", [`${root}/bin/prog`, `${root}/foreign`, `${scratch}/outside`, `${root}/usr/bin/prog`]), [
    `${root}/usr/bin/prog`,
    `${root}/foreign`,
    `${scratch}/outside`,
  ]);
});
