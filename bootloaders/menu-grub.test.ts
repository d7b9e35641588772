import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "#os/exec";
import * as fc from "fast-check";
import { MENU, missingTools } from "./fixtures-for-tests.ts";
import { grubMenu, grubNetworkMenu } from "./menu-grub.ts";
import { checkMenu } from "./rescue-files.ts";

const FAILURE = `  echo 'Cannot start the rescue system as kernel and initramfs must load whole: see above'
  echo 'The menu comes back in a minute, or after Esc'
  sleep --interruptible 60
  set lifeboat_failed=1
  export lifeboat_failed
  while true; do configfile $prefix/grub.cfg; sleep 5; done
}
`;
const SETTINGS = `set default=interactive
set timeout=30
if [ "$lifeboat_failed" ]; then set timeout=-1; fi
set timeout_style=menu
if serial --unit=0 --speed=115200; then
  terminal_input console serial
  terminal_output console serial
fi
`;
const ABOUT = `
menuentry '-- Lifeboat rescue medium: web1.example.org, made 2026-11-21 19:45 UTC --' --id about {
  true
}
`;

test("grubMenu() finds its medium by the build id and boots only with the initramfs loaded", () => {
  const expected = `${SETTINGS}if [ ! -f /lifeboat/id-b1 ]; then
  if search --no-floppy --file --set=root /lifeboat/id-b1; then true; else set root=cd0; fi
fi

menuentry 'interactive  Look at this machine, then ask before each step' --id interactive {
  echo 'Loading the rescue system ...'
  if linux /lifeboat/vmlinuz console=tty0 console=ttyS0,115200n8 quiet panic=10 'a=$b;c' interactive; then
    if initrd /lifeboat/initramfs.img; then boot; fi
  fi
${FAILURE}
menuentry 'expert       A root shell on every console' --id expert {
  echo 'Loading the rescue system ...'
  if linux /lifeboat/vmlinuz console=tty0 console=ttyS0,115200n8 panic=10 'a=$b;c' expert; then
    if initrd /lifeboat/initramfs.img; then boot; fi
  fi
${FAILURE}${ABOUT}`;
  assert.equal(grubMenu({ ...MENU, modes: ["interactive", "expert"], append: "panic=10 a=$b;c" }, "b1"), expected);
});

test("grubNetworkMenu() tells the agent the server it came from, in the form of PXELINUX", () => {
  const linuxLine = (medium: string) =>
    `  if linux /lifeboat/vmlinuz console=tty0 console=ttyS0,115200n8 quiet panic=10 pxe ${medium} "BOOTIF=$bootif" compare; then`;
  const menu = { ...MENU, modes: ["interactive", "compare"] } as const;
  assert.match(grubNetworkMenu(menu, "b1"), /^set medium=\$scheme:\/\/\$server$/m);
  assert.ok(grubNetworkMenu(menu, "b1").split("\n").includes(linuxLine('"lifeboat.medium=$medium"')));
  const named = grubNetworkMenu(menu, "b1", { mediumUrl: "http://10.0.0.1/a?b&c" });
  assert.ok(named.split("\n").includes(linuxLine("'lifeboat.medium=http://10.0.0.1/a?b&c'")), named);
});

test("GRUB menus are never hidden, and a limit of 0 waits instead of starting at once", () => {
  const text = grubMenu({ ...MENU, timeoutSeconds: 0, consoles: ["tty0"] }, "b1");
  assert.match(text, /^set timeout=-1\n/m);
  assert.match(text, /^set timeout_style=menu$/m);
  assert.equal(text.includes("serial"), false);
});

test("GRUB menus parse, whatever kernel words and names they were made with", async (context) => {
  const missing = await missingTools("grub-script-check");
  if (missing !== undefined) return context.skip(missing);
  const word = fc.string({ unit: fc.constantFrom(...Array.from("ab=$;&|<>(){}[]*?#!~`,.-/ \t'\"\\")) });
  await fc.assert(
    fc.asyncProperty(word, word, async (append, machineName) => {
      const menu = { ...MENU, append, machineName };
      try {
        checkMenu(menu);
      } catch {
        fc.pre(false);
      }
      await run(["grub-script-check"], { input: grubMenu(menu, "b1") });
      await run(["grub-script-check"], { input: grubNetworkMenu(menu, "b1") });
    }),
    { numRuns: 25 },
  );
});
