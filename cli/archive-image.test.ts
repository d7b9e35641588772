// From the options of `archive` to what the agent makes of the medium's menus: the same serials arrive.
import assert from "node:assert/strict";
import { test } from "node:test";
import { grubMenu } from "../bootloaders/menu-grub.ts";
import { isolinuxMenu } from "../bootloaders/menu-isolinux.ts";
import { parseBootWords } from "../initrd-agent/boot-words.ts";
import { restoreWords } from "../initrd-agent/restore-words.ts";
import { readArchiveImage } from "./archive-image.ts";

/** The kernel command lines of `nuke` in both menus, as the loaders pass them on. */
function nukeLines(options: Parameters<typeof readArchiveImage>[0]): readonly string[] {
  const { menu } = readArchiveImage(options, () => undefined).mediumOptions;
  const isolinux = /LABEL nuke\n(?:.*\n)*? {2}APPEND (.*)\n/.exec(isolinuxMenu(menu))?.[1];
  const grub = /--id nuke \{\n(?:.*\n)*? {2}if linux \S+ (.*); then\n/.exec(grubMenu(menu, "build"))?.[1];
  // What stands between single quotes is for GRUB one word as it is; nothing else is expanded.
  assert.doesNotMatch(grub?.replace(/'[^']*'/g, "") ?? "", /[$\\"]/);
  return [isolinux ?? "", (grub ?? "").replace(/'/g, "")];
}

test("--wipe may be given again, with blanks, commas and quotes in its serials, beside --then and --append", () => {
  const serials = ["S1", "WD 123", "A,B", `it's 100% "$x"`, "naa.5000c500a1b2c3d4", "Ä\\"];
  const others = new Map<string, string | boolean>([
    ["then", "poweroff"],
    ["append", "net lifeboat.gate=quick"],
    ["self-restoring", true],
  ]);
  for (const line of nukeLines({ ...Object.fromEntries(others), wipe: serials })) {
    const words = parseBootWords(line);
    assert.deepEqual([words.mode, words.problems, words.flags], ["nuke", [], new Set(["net"])], line);
    const { wipe, afterwards, gateMode } = restoreWords(words);
    assert.deepEqual([wipe, afterwards, gateMode], [serials, "poweroff", "quick"], line);
  }
});

test("without --wipe nothing may be overwritten", () => {
  for (const line of nukeLines({})) assert.deepEqual(restoreWords(parseBootWords(line)).wipe, []);
});
