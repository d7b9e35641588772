import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeDirectory } from "#os/files";
import { readImages } from "./read-images.ts";
import { contentOf } from "./served-image.ts";
import { makeStore } from "./store-for-tests.ts";

const root = mkdtempSync(join(tmpdir(), "lifeboat-images-"));
const store = join(root, "store");
after(() => rmSync(root, { recursive: true }));

const [A, B, C] = ["52:54:00:00:00:0A", "52:54:00:00:00:0b", "52:54:00:00:00:0c"];

before(async () => {
  await makeStore(store, [
    { id: "web1-20260101T000000Z", hostName: "web1", mac: A },
    { id: "web1-20260201T000000Z", hostName: "web1", mac: A },
    { id: "web1-20260301T000000Z", hostName: "web1", mac: B },
    { id: "db1-20260101T000000Z", hostName: "db1" },
    { id: "files-20260101T000000Z", hostName: "web1", kind: "files" },
    { id: "cut-20260101T000000Z", hostName: "cut", mac: C },
  ]);
  truncateSync(join(store, "cut-20260101T000000Z/boot/rescue.iso"), 100_000);
  await makeDirectory(join(store, "new-20260101T000000Z/boot"));
});

test("readImages() takes the newest set of each machine, and tells why others are not served", async () => {
  const notes: string[] = [];
  const images = await readImages(store, (line) => notes.push(line));
  assert.deepEqual(
    images.map(({ id, label, macs, machineName, dateText, buildId }) => [id, label, macs, machineName, dateText, buildId]),
    [
      ["db1-20260101T000000Z", "db1", [], "db1", "2026-01-01 00:00", "0011223344556677"],
      ["web1-20260201T000000Z", "web1-20260201T000000Z", [A.toLowerCase()], "web1", "2026-02-01 00:00", "0011223344556677"],
      ["web1-20260301T000000Z", "web1-20260301T000000Z", [B], "web1", "2026-03-01 00:00", "0011223344556677"],
    ],
  );
  assert.deepEqual(notes.map((line) => line.replace(/: Cannot .* as /, ": ")).sort(), [
    "not served: cut-20260101T000000Z: its ISO must be whole: the file ends before the volume does",
    "not served: files-20260101T000000Z: it holds files alone, no machine",
    "not served: new-20260101T000000Z: it was not finished: there is no manifest",
  ]);
});

test("the files of an image are read out of its ISO", async () => {
  const [image] = await readImages(join(store, "db1-20260101T000000Z"), () => undefined);
  let text = "";
  for await (const bytes of contentOf(image!.files.get("initramfs.img")!)) text += new TextDecoder().decode(bytes);
  assert.equal(text, "initramfs of db1-20260101T000000Z");
  assert.equal(image!.files.get("tools.squashfs")!.sizeBytes, 5000);
});

test("a directory without any set is refused", async () => {
  await assert.rejects(
    readImages(root + "/none", () => undefined),
    { exitCode: 2 },
  );
  await makeDirectory(join(root, "empty"));
  await assert.rejects(
    readImages(join(root, "empty"), () => undefined),
    { exitCode: 2, message: /it holds neither$/ },
  );
});
