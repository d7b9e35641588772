import assert from "node:assert/strict";
import { test } from "node:test";
import { MENU } from "./fixtures-for-tests.ts";
import { ipxeMenu } from "./menu-ipxe.ts";

const menu = { ...MENU, modes: ["interactive", "nuke"] } as const;

test("ipxeMenu() offers the modes, loads files beside the script and tells the agent where that was", () => {
  const entry = (mode: string) => `:${mode}
kernel lifeboat/vmlinuz initrd=initramfs.img console=tty0 console=ttyS0,115200n8 quiet panic=10 pxe lifeboat.medium=\${medium} BOOTIF=01-\${mac:hexhyp} ${mode} || goto failed
initrd --name initramfs.img lifeboat/initramfs.img || goto failed
boot || goto failed
`;
  const expected = `#!ipxe
set medium tftp://\${next-server}
iseq \${filename} boot.ipxe || set medium \${filename}/..
isset \${cwduri} && set medium \${cwduri} ||
:start
menu Lifeboat rescue medium - web1.example.org
item interactive interactive  Look at this machine, then ask before each step
item nuke nuke         ERASE the disks and restore everything, asking nothing
choose --default interactive --timeout 30000 mode || shell
goto \${mode}

${entry("interactive")}
${entry("nuke")}
:failed
echo Cannot start the rescue system as kernel and initramfs must load whole: see above
prompt Press a key for the menu
imgfree
goto start
`;
  assert.equal(ipxeMenu(menu), expected);
});

test("ipxeMenu() takes the medium's address as it was given", () => {
  assert.match(ipxeMenu(menu, "http://10.0.0.1/lb"), /^#!ipxe\nset medium http:\/\/10\.0\.0\.1\/lb\n:start$/m);
});
