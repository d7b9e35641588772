import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { startWorkerShell } from "#os/worker-shell";
import { findImage, requireImage } from "./image-medium.ts";
import { mountedMedium, type Medium } from "./medium.ts";

const root = mkdtempSync(join(tmpdir(), "lifeboat-medium-"));
const shell = startWorkerShell();
after(async () => {
  await shell[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

let count = 0;

/** A medium that shows a directory with these files. */
function mediumWith(files: Readonly<Record<string, string>>): Medium {
  const directory = join(root, String(count++));
  mkdirSync(directory);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return mountedMedium({ url: "usb:/dev/sdb1", description: "disk /dev/sdb1" }, directory, shell.run);
}

test("findImage() finds the build in lifeboat/, and in the directory that is lifeboat/ itself", async () => {
  for (const prefix of ["lifeboat/", ""]) {
    const search = await findImage(mediumWith({ [`${prefix}build-id`]: "abc-1\n", [`${prefix}tools.squashfs`]: "tools" }), "abc-1");
    assert.ok(search.kind === "found", prefix);
    const { medium } = search;
    assert.equal(await readFile(medium.localPath("lifeboat/tools.squashfs")!, "utf8"), "tools");
    assert.equal(await medium.readSmall("lifeboat/build-id"), "abc-1\n");
    const copy = join(root, "copy");
    await medium.copyTo("lifeboat/tools.squashfs", copy);
    assert.equal(await readFile(copy, "utf8"), "tools");
    await assert.rejects(
      medium.copyTo("lifeboat/missing", copy),
      /^LifeboatError: Cannot copy ".*missing" from disk \/dev\/sdb1 as the medium must be readable: /,
    );
  }
});

test("findImage() goes on to the second place when the first holds another build", async () => {
  const search = await findImage(mediumWith({ "lifeboat/build-id": "old", "build-id": "new" }), "new");
  assert.equal(search.kind, "found");
});

test("requireImage() says which build is there instead, and when none is", async () => {
  await assert.rejects(requireImage(mediumWith({ "lifeboat/build-id": "def\n" }), "abc"), {
    message: "Cannot use disk /dev/sdb1 as it must hold build abc: it holds build def",
  });
  await assert.rejects(requireImage(mediumWith({}), "abc"), {
    message: "Cannot use disk /dev/sdb1 as it must hold build abc: it holds none",
  });
});

test("requireImage() takes no page of a friendly server for a build", async () => {
  await assert.rejects(
    requireImage(mediumWith({ "lifeboat/build-id": "<!doctype html>\n<title>Welcome</title>" }), "abc"),
    /: it holds none$/,
  );
});
