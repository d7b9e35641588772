// What an OBDR drive boots from, as a file.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readBytes } from "#os/files";
import { isObdrHead, obdrHead } from "../set/tape-format.ts";
import { readElTorito } from "../formats/el-torito.ts";
import { EPOCH, ISO_TOOLS, MENU, type Workshop, makeWorkshop, missingTools } from "./fixtures-for-tests.ts";
import { assembleIso } from "./iso.ts";
import { assembleObdrHead } from "./obdr.ts";

const skip = (await missingTools(...ISO_TOOLS)) ?? false;
let workshop: Workshop;

before(async () => void (workshop = await makeWorkshop()));
after(() => workshop[Symbol.asyncDispose]());

test("20 records of 512 bytes stand before the ISO, and the boot record's name at byte 45,063", { skip }, async () => {
  const options = { sourceDateEpoch: EPOCH, secureBoot: "unsigned" } as const;
  const isoPath = `${workshop.path}/rescue.iso`;
  const outputPath = `${workshop.path}/rescue.obdr`;
  await assembleIso(workshop.files, MENU, { ...options, outputPath: isoPath });
  const made = await assembleObdrHead(workshop.files, MENU, { ...options, outputPath });
  const [head, iso] = [await readBytes(outputPath), await readBytes(isoPath)];
  assert.deepEqual(made, { outputPath, sizeBytes: 10_240 + iso.length, signed: false });
  assert.deepEqual(head.subarray(0, 10_240), obdrHead(undefined));
  assert.ok(isObdrHead(head));
  assert.equal(Buffer.from(head.subarray(45_063, 45_063 + 23)).toString("latin1"), "EL TORITO SPECIFICATION");
  // A drive in CD mode shows whole blocks of 2,048 bytes.
  assert.equal(iso.length % 2048, 0);
  assert.ok(Buffer.from(head.buffer, head.byteOffset + 10_240).equals(iso));
  assert.equal(readElTorito(head.subarray(10_240))?.entries.length, 2);
  await assert.rejects(assembleObdrHead(workshop.files, MENU, { ...options, outputPath }), { name: "LifeboatError", exitCode: 3 });
});
