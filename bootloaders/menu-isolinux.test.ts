import assert from "node:assert/strict";
import { test } from "node:test";
import { MENU } from "./fixtures-for-tests.ts";
import { isolinuxMenu } from "./menu-isolinux.ts";
import { bootPage } from "./menu-page.ts";
import { pxelinuxMenu } from "./menu-pxelinux.ts";

test("isolinuxMenu() is a prompt on screen and serial line with a label for each mode", () => {
  const label = (mode: string, words: string) => `
LABEL ${mode}
  KERNEL /lifeboat/vmlinuz
  INITRD /lifeboat/initramfs.img
  APPEND console=tty0 console=ttyS0,115200n8 ${words}
`;
  const expected = `SERIAL 0 115200
DEFAULT interactive
PROMPT 1
TIMEOUT 300
IMPLICIT 0
DISPLAY boot.msg
${label("interactive", "quiet panic=10 interactive")}${label("nuke", "quiet panic=10 nuke")}${label("compare", "quiet panic=10 compare")}${label("expert", "panic=10 expert")}`;
  assert.equal(isolinuxMenu(MENU), expected);
});

test("isolinuxMenu() leaves the serial line alone where no console is one, and waits for ever with 0", () => {
  const text = isolinuxMenu({ ...MENU, consoles: ["tty0"], timeoutSeconds: 0 });
  assert.equal(text.includes("SERIAL"), false);
  assert.match(text, /^TIMEOUT 0$/m);
});

test("pxelinuxMenu() names files relative to the loader, asks for ip= and BOOTIF=, and names the medium where it is given", () => {
  const menu = { ...MENU, modes: ["interactive"] } as const;
  const expected = (medium: string) => `SERIAL 0 115200
DEFAULT interactive
PROMPT 1
TIMEOUT 300
IMPLICIT 0
DISPLAY pxelinux.cfg/boot.msg

LABEL interactive
  KERNEL lifeboat/vmlinuz
  INITRD lifeboat/initramfs.img
  APPEND console=tty0 console=ttyS0,115200n8 quiet panic=10 pxe ${medium}interactive
  IPAPPEND 3
`;
  assert.equal(pxelinuxMenu(menu), expected(""));
  assert.equal(pxelinuxMenu(menu, "http://10.0.0.1/lb"), expected("lifeboat.medium=http://10.0.0.1/lb "));
});

test("bootPage() names every mode on a page of ASCII that leaves room for banner and prompt on 80x24", () => {
  const page = bootPage({ ...MENU, title: `Lifeboat für ${"x".repeat(90)}`, machineName: "m\u001b[2Jevil" }, "b1");
  const lines = page.split("\n");
  assert.ok(lines.length <= 20 && lines.every((line) => line.length <= 79), page);
  assert.match(page, /^[\x20-\x7e\n]*$/);
  for (const mode of MENU.modes) assert.match(page, new RegExp(`^ {4}${mode} +\\w`, "m"));
  assert.match(page, /Enter alone starts "interactive"; so does waiting 30 seconds\./);
  assert.match(page, /^This medium restores: .* \(made 2026-11-21 19:45 UTC\)$/m);
  assert.match(bootPage({ ...MENU, dateText: undefined }, "b1"), /^This medium restores: web1\.example\.org \(build b1\)$/m);
  assert.match(bootPage({ ...MENU, timeoutSeconds: 0 }, "b1"), /Enter alone starts "interactive"\.$/m);
});
