import assert from "node:assert/strict";
import { test } from "node:test";
import { MENU } from "./fixtures-for-tests.ts";
import { type MenuOptions, bootWords, checkBuildId, checkMenu, serialLine } from "./rescue-files.ts";

test("bootWords() puts the mode last, and leaves quiet out for experts", () => {
  assert.deepEqual(bootWords(MENU, "nuke", ["pxe"]), ["console=tty0", "console=ttyS0,115200n8", "quiet", "panic=10", "pxe", "nuke"]);
  assert.deepEqual(bootWords({ ...MENU, consoles: [], append: "" }, "expert"), ["expert"]);
});

test("serialLine() takes the first serial console, at the kernel's own speed when none is named", () => {
  assert.deepEqual(serialLine(MENU), { unit: 0, speedBaud: 115200 });
  assert.deepEqual(serialLine({ ...MENU, consoles: ["ttyS1", "ttyS0,115200"] }), { unit: 1, speedBaud: 9600 });
  assert.equal(serialLine({ ...MENU, consoles: ["tty0"] }), undefined);
});

test("checkMenu() refuses what a loader would misread, and a default that wipes without consent", () => {
  const cases: readonly (readonly [Partial<MenuOptions>, RegExp])[] = [
    [{ modes: ["expert"] }, /as the default is one of the modes: "interactive" is not offered/],
    [{ modes: ["interactive", "interactive"] }, /as each mode is offered once/],
    [{ defaultMode: "nuke" }, /no consent was given/],
    [{ timeoutSeconds: -1 }, /as the time limit is 0 to 3599 whole seconds: -1/],
    [{ timeoutSeconds: 3600 }, /: 3600/],
    [{ timeoutSeconds: 1.5 }, /: 1.5/],
    [{ consoles: ["ttyS0 nuke"] }, /as a console is named like ttyS0,115200n8/],
    [{ append: "a\nLABEL b" }, /as kernel words are one line of ASCII/],
    [{ append: 'a="b c"' }, /without quotes/],
    [{ append: "a || nuke" }, /"\|\|"/],
    [{ append: "a=${net0/mac}" }, /"\$\{"/],
    [{ append: "debug nuke" }, /as modes are chosen by their label: "nuke" stands among/],
    [{ append: "x".repeat(1700) }, /have 1700 characters at most/],
  ];
  for (const [change, message] of cases) {
    assert.throws(() => checkMenu({ ...MENU, ...change }), { name: "LifeboatError", exitCode: 2, message }, JSON.stringify(change));
  }
  checkMenu(MENU);
  checkMenu({ ...MENU, defaultMode: "nuke", consentToNuke: true, timeoutSeconds: 0, append: "nukes=1 a=$b;c" });
});

test("checkBuildId() refuses what cannot be a file name everywhere", () => {
  for (const bad of ["", "a/b", "a b", "-a", "x".repeat(49), "a;b", "$a"]) assert.throws(() => checkBuildId(bad), /Cannot name the medium/);
  checkBuildId("20261121-0a1b2c.x_1");
});
