import assert from "node:assert/strict";
import { test } from "node:test";
import { type IsoImage, xorrisoArgs } from "./xorriso-args.ts";

const IMAGE: IsoImage = {
  layout: "gpt",
  volumeId: "LIFEBOAT",
  sourceDateEpoch: 1_795_290_300,
  volumeDate: "2026112119450099",
  diskGuid: "2303cd2a-73c7-824a-a298-25632da7f446",
  outputPath: "out.iso",
  isohybridMbrPath: "/lib/isohdpfx.bin",
  espPath: "esp.img",
  files: [{ path: "lifeboat/vmlinuz", source: "/boot/a=b\\c d" }],
};
const BEFORE = [
  "-no_rc -as mkisofs -o out.iso -V LIFEBOAT --set_all_file_dates =1795290300",
  "--modification-date=2026112119450099 --gpt_disk_guid 2303cd2a-73c7-824a-a298-25632da7f446 -iso-level 3 -r -J -joliet-long",
  "-b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table",
  "-isohybrid-mbr /lib/isohdpfx.bin -partition_offset 16 --mbr-force-bootable",
  "-append_partition 2 C12A7328-F81F-11D2-BA4B-00A0C93EC93B esp.img",
].flatMap((line) => line.split(" "));
const AFTER = ["-e", "--interval:appended_partition_2:all::", "-no-emul-boot", "-graft-points", "lifeboat/vmlinuz=/boot/a\\=b\\\\c d"];

test("xorrisoArgs() makes a valid GPT, or the older isohybrid layout", () => {
  assert.deepEqual(xorrisoArgs(IMAGE), [...BEFORE, "-appended_part_as_gpt", "-eltorito-alt-boot", ...AFTER]);
  assert.deepEqual(xorrisoArgs({ ...IMAGE, layout: "isohybrid" }), [...BEFORE, "-isohybrid-gpt-basdat", "-eltorito-alt-boot", ...AFTER]);
});
