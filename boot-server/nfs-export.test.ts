import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readText, writeFile } from "#os/files";
import { exportLine, writeExport } from "./nfs-export.ts";
import { subnetOf } from "./subnet.ts";

const directory = mkdtempSync(join(tmpdir(), "lifeboat-export-"));
after(() => rmSync(directory, { recursive: true }));

const SUBNET = subnetOf("192.168.0.10", "255.255.255.0");

test("exportLine() is read-only for the network, and quotes as exports(5) does", () => {
  assert.equal(exportLine("/srv/sets", SUBNET), "/srv/sets 192.168.0.0/24(ro,no_root_squash,no_subtree_check)");
  assert.equal(exportLine('/srv/my "sets"', SUBNET), '"/srv/my \\42sets\\42" 192.168.0.0/24(ro,no_root_squash,no_subtree_check)');
});

test("writeExport() writes its own file again, and leaves what others have written", async () => {
  const [own, foreign] = [join(directory, "lifeboat.exports"), join(directory, "exports")];
  await writeExport(own, "one");
  await writeExport(own, "two");
  assert.match(await readText(own), /^# Written by lifeboat serve.*\ntwo\n$/);
  await writeFile(foreign, "/home *(rw)\n");
  await assert.rejects(writeExport(foreign, "one"), { exitCode: 2, message: /what others have written is kept/ });
  assert.equal(await readText(foreign), "/home *(rw)\n");
});
