// Multipath's own files know a disk that took the place of another.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { originalsOf } from "./keep-original.ts";
import { withOtherWwids, writeMultipathFiles } from "./multipath-files.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-multipath-"));
after(() => rm(scratch, { recursive: true }));

describe("multipath's own files", () => {
  const changes = [
    { from: "3600a", to: "3600b" },
    { from: "3600b", to: "3600a" },
  ];

  test("get other WWIDs as whole words, in one pass", () => {
    assert.equal(
      withOtherWwids("mpatha 3600a\nmpathb 3600b\nmpathc 3600ab\n/3600a/\n", changes),
      "mpatha 3600b\nmpathb 3600a\nmpathc 3600ab\n/3600b/\n",
    );
  });

  test("are changed where they are there, with the originals beside", async () => {
    const files: Readonly<Record<string, string>> = {
      "/etc/multipath.conf": 'multipaths {\n\tmultipath {\n\t\twwid "3600a"\n\t\talias data\n\t}\n}\n',
      "/etc/multipath/bindings": "# Multipath bindings, Version : 1.0\nmpatha 3600c\n",
      "/etc/multipath/wwids": "# Valid WWIDs:\n/3600a/\n",
      "/etc/multipath/conf.d/own.conf": "blacklist { wwid 3600a }\n",
      "/etc/multipath/conf.d/own.conf.old": "3600a\n",
    };
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(scratch, path)), { recursive: true });
      await writeFile(join(scratch, path), text);
    }
    const written = await writeMultipathFiles({ kind: "write-multipath", changes: changes.slice(0, 1) }, scratch, originalsOf("set"));
    assert.deepEqual(written, [
      "/etc/multipath.conf",
      "/etc/.multipath.conf.before-set",
      "/etc/multipath/wwids",
      "/etc/multipath/.wwids.before-set",
      "/etc/multipath/conf.d/own.conf",
      "/etc/multipath/conf.d/.own.conf.before-set",
    ]);
    assert.equal(await readFile(join(scratch, "/etc/multipath/wwids"), "utf8"), "# Valid WWIDs:\n/3600b/\n");
    assert.equal(await readFile(join(scratch, "/etc/multipath/conf.d/own.conf.old"), "utf8"), "3600a\n");
  });
});
