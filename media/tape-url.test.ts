// URLs of tapes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isTapeUrl, parseTapeUrl, type TapeMedium } from "./tape-url.ts";

const PLAIN: TapeMedium = {
  kind: "tape",
  path: "/dev/nst0",
  blockBytes: 262_144,
  volumeBytes: 2 ** 30,
  overwrite: "nothing",
  spool: "/var/tmp",
};

const URLS: readonly (readonly [text: string, medium: TapeMedium])[] = [
  ["tape:/dev/nst0", PLAIN],
  ["tape:/dev/st0", PLAIN],
  ["tape:/dev/st12m", { ...PLAIN, path: "/dev/nst12m" }],
  ["obdr:/dev/nst1", { ...PLAIN, kind: "obdr", path: "/dev/nst1" }],
  ["tape:/dev/tape/by-id/scsi-HU1-nst", { ...PLAIN, path: "/dev/tape/by-id/scsi-HU1-nst" }],
  [
    "tape:/dev/nst0?block=64K&volume=200M&overwrite=sets&spool=/srv/a b",
    { ...PLAIN, blockBytes: 65_536, volumeBytes: 200 * 2 ** 20, overwrite: "sets", spool: "/srv/a b" },
  ],
  ["tape:/dev/nst0?block=512K&overwrite=anything", { ...PLAIN, blockBytes: 524_288, overwrite: "anything" }],
  ["tape:/dev/nst0?", PLAIN],
];

for (const [text, medium] of URLS) test(`parseTapeUrl() reads ${text}`, () => assert.deepEqual(parseTapeUrl(text), medium));

test("parseTapeUrl() leaves URLs of other kinds to others", () => {
  for (const text of ["/dev/nst0", "iso:/x", "usb:/dev/sda", ""]) {
    assert.equal(parseTapeUrl(text), undefined);
    assert.ok(!isTapeUrl(text));
  }
});

const WRONG: readonly (readonly [text: string, state: RegExp])[] = [
  ["tape:", /names a drive: it has no path$/],
  ["tape:nst0", /it has no path$/],
  ["tape:/dev/nst0?blok=1", /may have block, volume, overwrite, spool: "blok" is none of them$/],
  ["tape:/dev/nst0?block=10K", /has blocks of 32K to 512K in steps of 32K: 10K$/],
  ["tape:/dev/nst0?block=1M", /has blocks of 32K to 512K/],
  ["tape:/dev/nst0?volume=0", /has sizes such as 256K or 1G: "0"$/],
  ["tape:/dev/nst0?volume=", /has sizes such as 256K or 1G: ""$/],
  ["tape:/dev/nst0?overwrite=yes", /overwrites sets or anything: "yes"$/],
];

for (const [text, message] of WRONG) {
  test(`parseTapeUrl() refuses ${text}`, () => assert.throws(() => parseTapeUrl(text), { name: "LifeboatError", exitCode: 2, message }));
}
