// What can be proved of an image without booting it: its bytes, and that equal inputs give equal ones.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "#os/exec";
import { exists, listDirectory, makeDirectory } from "#os/files";
import { readElTorito } from "../../formats/el-torito.ts";
import { GUID_ESP, readGpt } from "../../formats/gpt.ts";
import { findOnIso, readIsoFile } from "../../formats/iso9660.ts";
import { readMbr } from "../../formats/mbr.ts";
import { asciiDecode } from "../../formats/text.ts";
import type { Scenario } from "../scenario.ts";
import { binaryPath } from "../world.ts";

const isoBytes: Scenario = {
  name: "iso-bytes",
  tier: "guard",
  proves: "the ISO has boot code and a protective MBR, a valid GPT with an ESP, and El Torito entries for BIOS and UEFI",
  async run(world) {
    const { path, buildId } = await world.iso();
    const iso = new Uint8Array(await readFile(path));
    const mbr = readMbr(iso);
    assert.ok(mbr.hasSignature && mbr.hasBootCode, "BIOS must be able to start it from a USB disk");
    assert.equal(mbr.partitions[0]?.type, 0xee);
    assert.ok(
      mbr.partitions.some(({ active }) => active),
      "some BIOSes want an active partition",
    );
    const gpt = readGpt(iso);
    assert.deepEqual(gpt?.problems, []);
    const esp = gpt.primary.partitions.find(({ typeGuid }) => typeGuid === GUID_ESP);
    assert.ok(esp);
    const entries = readElTorito(iso)?.entries ?? [];
    assert.deepEqual(
      entries.map(({ platform, bootable, media }) => ({ platform, bootable, media })),
      [
        { platform: "bios", bootable: true, media: "no-emulation" },
        { platform: "uefi", bootable: true, media: "no-emulation" },
      ],
    );
    assert.equal(entries[1]!.loadLba * 4, esp.firstLba, "CD and disk must boot the same ESP");
    const idFile = findOnIso(iso, "/lifeboat/build-id");
    assert.equal(asciiDecode(readIsoFile(iso, idFile!)).trim(), buildId);
    for (const file of ["/lifeboat/vmlinuz", "/lifeboat/initramfs.img", "/lifeboat/tools.squashfs", "/EFI/BOOT/BOOTX64.EFI"])
      assert.ok(findOnIso(iso, file), file);
  },
};

const reproducible: Scenario = {
  name: "reproducible",
  tier: "guard",
  proves:
    "two builds in other places, time zones, locales and with other file masks give the same bytes; a budget that is too small fails and leaves nothing",
  async run(world) {
    const directory = await world.workDirectory("reproducible");
    const binary = await binaryPath();
    const settings = [
      { name: "a", env: { TZ: "UTC", LANG: "C", SOURCE_DATE_EPOCH: "1700000000" }, umask: "022" },
      { name: "b", env: { TZ: "Pacific/Kiritimati", LANG: "tr_TR.UTF-8", SOURCE_DATE_EPOCH: "1700000000" }, umask: "077" },
    ];
    const isos: string[] = [];
    for (const { name, env, umask } of settings) {
      const place = join(directory, name);
      await makeDirectory(join(place, "cache"));
      // A copy: the same kernel, in other files of another place.
      await run(["cp", "-r", "--preserve=mode,timestamps,links", "/var/cache/lifeboat/packages", join(place, "cache/packages")]);
      await makeDirectory(join(place, "tmp"));
      const words = ["--kernel", "failsafe", "--modules", "host", "--firmware", "none", "--cache", "cache", "-o", "image.iso"];
      await run(["sh", "-c", `umask ${umask}; exec "$0" build "$@"`, binary, ...words], { cwd: place, env });
      isos.push(join(place, "image.iso"));
    }
    await run(["cmp", ...(isos as [string, string])]);
    const place = join(directory, "a");
    const refused = await run(
      [binary, "build", "--kernel", "failsafe", "--modules", "host", "--cache", "cache", "-o", "large.iso", "--budget", "10"],
      { cwd: place, okCodes: [3], env: { TMPDIR: join(place, "tmp") } },
    );
    assert.match(refused.stderr, /Cannot make the initramfs as it may have at most 10\.0 MiB: it has \d+/);
    assert.match(refused.stderr, /largest parts/i);
    assert.equal(await exists(join(place, "large.iso")), false);
    assert.deepEqual(
      (await listDirectory(place)).filter((name) => name.includes("large")),
      [],
    );
    assert.deepEqual(await listDirectory(join(place, "tmp")), []);
  },
};

export const IMAGE_BYTES: readonly Scenario[] = [isoBytes, reproducible];
