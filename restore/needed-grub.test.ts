// What a set must have so that GRUB for BIOS can install itself again, wherever a distribution puts it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { grubSearch, NO_INSTALLER, NO_PARTS } from "./needed-grub.ts";

const partsIn = (directory: string) => ["modinfo.sh", "boot.img", "kernel.img", "normal.mod"].map((name) => `${directory}/${name}`);

const CASES: readonly (readonly [what: string, paths: readonly string[], problems: readonly string[]])[] = [
  ["Debian's", ["/usr/sbin/grub-install", ...partsIn("/usr/lib/grub/i386-pc")], []],
  ["Red Hat's", ["/usr/sbin/grub2-install", ...partsIn("/usr/lib/grub/i386-pc")], []],
  ["SUSE's", ["/usr/sbin/grub2-install", ...partsIn("/usr/share/grub2/i386-pc")], []],
  ["Arch's", ["/usr/bin/grub-install", ...partsIn("/usr/lib/grub/i386-pc")], []],
  ["one for UEFI alone", ["/usr/sbin/grub-install", ...partsIn("/usr/lib/grub/x86_64-efi")], [NO_PARTS]],
  [
    "parts without boot.img",
    ["/usr/sbin/grub-install", "/usr/lib/grub/i386-pc/modinfo.sh", "/usr/lib/grub/i386-pc/kernel.img"],
    [NO_PARTS],
  ],
  [
    "parts in two places",
    ["/usr/sbin/grub-install", "/usr/lib/grub/i386-pc/modinfo.sh", ...partsIn("/usr/lib/grub2/i386-pc").slice(1)],
    [NO_PARTS],
  ],
  ["parts alone", partsIn("/usr/lib/grub/i386-pc"), [NO_INSTALLER]],
  ["a program of that name elsewhere", ["/root/grub-install", ...partsIn("/usr/lib/grub/i386-pc")], [NO_INSTALLER]],
  ["nothing", [], [NO_INSTALLER, NO_PARTS]],
];

for (const [what, paths, problems] of CASES) {
  test(`grubSearch() finds in ${what} ${problems.length === 0 ? "all" : "not all"}`, () => {
    const search = grubSearch();
    for (const path of ["/", "/etc/fstab", ...paths]) search.look(path);
    assert.deepEqual(search.problems(), problems);
  });
}
