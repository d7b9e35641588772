import assert from "node:assert/strict";
import { test } from "node:test";
import { withArchivePlace } from "./stick-options.ts";

const placeOf = (medium: string, options: Readonly<Record<string, string>>) =>
  withArchivePlace(medium, { options, tell: () => assert.fail("nothing is prepared") }, async (place) => place);

test("withArchivePlace() leaves media that are no sticks to others", async () => {
  assert.deepEqual(await placeOf("/mnt", {}), { kind: "directory", path: "/mnt" });
  assert.deepEqual(await placeOf("iso:/mnt", { "max-size": "64G" }), { kind: "iso", path: "/mnt" });
});

test("withArchivePlace() refuses options that say nothing, before it looks at a disk", async () => {
  await assert.rejects(placeOf("/mnt", { erase: "/dev/sdb" }), { exitCode: 2, message: /the medium is no usb:DISK$/ });
  await assert.rejects(placeOf("usb:/dev/no-such-disk", { "max-size": "large" }), { exitCode: 2, message: /it is "large"$/ });
  await assert.rejects(placeOf("usb:/dev/no-such-disk", {}), { exitCode: 3, message: /: it is not there$/ });
});
