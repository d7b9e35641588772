// Media that a set is written to, by their URLs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArchiveMedium } from "./archive-medium.ts";

const MEDIA = [
  ["/mnt/backup", "directory", "/mnt/backup"],
  ["/mnt/backup//", "directory", "/mnt/backup"],
  ["file:///mnt/b", "directory", "/mnt/b"],
  ["iso:/mnt/b/", "iso", "/mnt/b"],
  ["/", "directory", "/"],
  ["/a\nb\n/", "directory", "/a\nb\n"],
] as const;

for (const [text, kind, path] of MEDIA) {
  test(`parseArchiveMedium() reads ${JSON.stringify(text)}`, () => assert.deepEqual(parseArchiveMedium(text), { kind, path }));
}

test("parseArchiveMedium() refuses what is no absolute directory and no URL of a known kind", () => {
  for (const text of ["", "backup", "./x", "iso:x", "iso:", "file:/x", "file://host/x", "ISO:/x"]) {
    assert.throws(() => parseArchiveMedium(text), {
      name: "LifeboatError",
      exitCode: 2,
      message: `Cannot archive to "${text}" as a medium is an absolute directory or a URL of a known kind: it is neither`,
    });
  }
});

test("parseArchiveMedium() says of kinds that it knows that they are not written to yet", () => {
  for (const [text, kind] of [
    ["usb:/dev/sdz", "usb"],
    ["nfs://h/x", "nfs"],
    ["cd:/dev/sr0", "cd"],
  ] as const) {
    const message = `Cannot archive to "${text}" as a medium is a directory, an ISO image in one, a stick, a tape or a share: ${kind}: is not written to yet`;
    assert.throws(() => parseArchiveMedium(text), { name: "LifeboatError", exitCode: 2, message });
  }
});
