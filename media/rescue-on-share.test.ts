// The rescue image on a share, mounted by the system's own busybox: needs root and loop devices.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "#os/exec";
import { makeDirectory, readText, writeFile } from "#os/files";
import { startWorkerShell } from "#os/worker-shell";
import { openShareImage } from "./rescue-on-share.ts";

const missing = ["/usr/bin/xorriso", "/bin/busybox", "/dev/loop-control"].filter((path) => !existsSync(path));
const knowsIso = readFileSync("/proc/filesystems", "utf8").includes("iso9660");
const lacks = [...missing, ...(knowsIso ? [] : ["a kernel with iso9660"]), ...(process.getuid?.() === 0 ? [] : ["root"])];
const skip = lacks.length > 0 ? `needs ${lacks.join(", ")}; the scenario nfs-papers-line shows it` : false;

const root = mkdtempSync(join(tmpdir(), "lifeboat-share-"));
const share = join(root, "share");
const shell = startWorkerShell();
after(async () => {
  await shell[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

async function makeIso(path: string, buildId: string): Promise<void> {
  const content = join(root, buildId);
  await makeDirectory(join(content, "lifeboat"));
  await makeDirectory(join(path, ".."));
  await writeFile(join(content, "lifeboat/build-id"), `${buildId}\n`);
  await run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", path, content]);
}

const open = (buildId: string, about: { readonly id?: string; readonly name?: string }) =>
  openShareImage({
    buildId,
    id: about.id,
    name: about.name,
    path: undefined,
    shareDirectory: share,
    mountPoint: join(root, "iso"),
    run: shell.run,
    needFileSystem: async () => undefined,
  });

describe("openShareImage()", { skip }, () => {
  before(async () => {
    await makeDirectory(share);
    await writeFile(join(share, ".lifeboat-store"), "");
    await makeIso(join(share, "m1-20260101T000000Z/boot/rescue.iso"), "aa01");
    await makeIso(join(share, "m1-20260201T000000Z/boot/rescue.iso"), "aa02");
    for (const time of ["20260101", "20260201"]) await writeFile(join(share, `m1-${time}T000000Z/set.json`), "{}");
    await makeIso(join(share, "m2-1.iso"), "bb01");
    await writeFile(join(share, "m3-1.iso"), "no image");
  });

  const found = [
    ["aa02", { name: "m1" }, "m1-20260201T000000Z/boot/rescue.iso"],
    ["aa01", { name: "m1", id: "m1-20260101T000000Z" }, "m1-20260101T000000Z/boot/rescue.iso"],
    ["bb01", { name: "m2" }, "m2-1.iso"],
  ] as const;
  for (const [buildId, about, description] of found) {
    test(`finds build ${buildId} of ${JSON.stringify(about)}, and lets go of it`, async () => {
      const medium = await open(buildId, about);
      assert.equal(medium?.description, description);
      assert.equal(await medium.readSmall("lifeboat/build-id"), `${buildId}\n`);
      await medium.close();
      assert.doesNotMatch(await readText("/proc/mounts"), new RegExp(root));
    });
  }

  test("passes over another build, and leaves nothing mounted", async () => {
    assert.equal(await open("cc01", { name: "m1", id: "m1-20260101T000000Z" }), undefined);
    assert.doesNotMatch(await readText("/proc/mounts"), new RegExp(root));
    await assert.rejects(open("cc01", { name: "m3" }), /Cannot mount "m3-1\.iso" as an ISO 9660 image/);
  });
});
