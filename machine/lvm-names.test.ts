// Names of volumes with hyphens in all places, there and back.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { mapperName, volumeNames } from "./lvm-names.ts";

test("names become the mapper's and come back", () => {
  assert.equal(mapperName({ group: "vg-0", volume: "a--b" }), "vg--0-a----b");
  assert.deepEqual(volumeNames("vg--0-a----b"), { group: "vg-0", volume: "a--b" });
  assert.equal(volumeNames("vg-pool-tpool"), undefined);
  assert.equal(volumeNames("safe"), undefined);
  // LVM takes no hyphen as the first letter.
  const name = fc.stringMatching(/^[a-zA-Z0-9+_.][a-zA-Z0-9+_.-]*$/);
  fc.assert(fc.property(name, name, (group, volume) => assert.deepEqual(volumeNames(mapperName({ group, volume })), { group, volume })));
});
