import assert from "node:assert/strict";
import { test } from "node:test";
import { QUIRKS } from "./quirks.ts";

test("every quirk has names in kmod's form, and an https link that tells why", () => {
  for (const quirk of QUIRKS) {
    assert.match(quirk.why, /^https:\/\/[^/]+\.[^/]+\/.+/, quirk.module);
    assert.ok(quirk.needs.length > 0, quirk.module);
    for (const name of [quirk.module, ...quirk.needs]) assert.match(name, /^[a-z0-9_]+$/);
  }
});
