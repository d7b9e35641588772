import assert from "node:assert/strict";
import { test } from "node:test";
import { idGuid, idNumber, volumeDate } from "./medium-ids.ts";

test("idNumber() is FNV-1a of 32 bits", () => {
  assert.deepEqual(["", "a", "foobar"].map(idNumber), [0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});

test("idGuid() is a GUID of version 8 that follows from the text", () => {
  for (const text of ["", "a", "disk 96b50989945028e7"]) {
    assert.match(idGuid(text), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(idGuid(text), idGuid(text));
  }
  assert.notEqual(idGuid("a"), idGuid("b"));
});

test("volumeDate() has the day of the epoch and a time that follows from the build id", () => {
  const noon = 1_795_262_400;
  assert.match(volumeDate(noon, "a"), /^20261121(?:[01]\d|2[0-3])[0-5]\d[0-5]\d\d\d$/);
  assert.equal(volumeDate(noon, "a"), volumeDate(noon + 3600, "a"));
  assert.notEqual(volumeDate(noon, "a"), volumeDate(noon, "b"));
  assert.match(volumeDate(315_532_800, "a"), /^19800101/);
});
