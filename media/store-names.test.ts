// What is Lifeboat's own in a directory, by its name: nothing of anybody else's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isOwnName, isSetContent, isSetIsoName, isSetName, isSetPath, isUnfinishedMark, isWorkName, setIsoName } from "./store-names.ts";

test("names that Lifeboat gives are told from others that look alike", () => {
  const own = [
    ".lifeboat-store",
    ".lifeboat-store.part-0123456789ab",
    ".lifeboat-new-AbC123",
    ".lifeboat-staging-0aZ9xx",
    "web-20260101T000000Z-1.iso",
    "web-20260101T000000Z-1.iso.b2",
  ];
  const others = [
    ".lifeboat",
    ".lifeboat-stored",
    ".lifeboat-store.part-x",
    ".lifeboat-new-",
    "xlifeboat-store",
    "a.lifeboat-new-AbC123",
    "web.iso",
    "web-20260101-1.iso",
  ];
  assert.deepEqual([...own, ...others].filter(isOwnName), own);
  assert.deepEqual(own.filter(isWorkName), own.slice(2, 4));
  assert.deepEqual(own.filter(isUnfinishedMark), own.slice(1, 2));
  assert.ok(isSetIsoName(setIsoName("web-20260101T000000Z")));
  assert.deepEqual([isSetName("web-20260101T000000Z"), isSetName("web-20260101T000000Z.bak")], [true, false]);
});

test("files of images are a set's, and others in their directory are not", () => {
  const own = ["images", "images/sda3-0001.ntfsclone.zst", "images/vg-win-0002.raw"];
  assert.deepEqual([...own, "images/photo.jpg", "images/sda3", "images/a/b-0001.raw"].filter(isSetPath), own);
});

test("a directory of a set's name is a set's when something in it is", () => {
  const sets = [
    [],
    ["boot"],
    ["boot", "luks", "writing.json"],
    ["boot", "luks"],
    ["set.json", "notes"],
    ["data-0001.tar.gz"],
    ["data-0001.frames"],
    ["machine.json"],
  ];
  const others = [["thesis"], ["boot", "thesis"], ["data.tar"]];
  assert.deepEqual([...sets, ...others].filter(isSetContent), sets);
});
