import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "#os/exec";
import { MENU } from "../bootloaders/fixtures-for-tests.ts";
import { servedMenus, type MenuImage } from "./menus.ts";

const WEB1: MenuImage = {
  id: "web1-20260201T000000Z",
  label: "web1",
  machineName: "web1",
  dateText: "2026-02-01 00:00",
  buildId: "b1",
  macs: ["52:54:00:00:00:0a", "52:54:00:00:00:0b"],
};
const DB1: MenuImage = { ...WEB1, id: "db1-20260101T000000Z", label: "db1", machineName: "db 'one'", macs: [] };

const files = new Map(
  servedMenus({
    images: [DB1, WEB1],
    webUrl: "http://10.0.0.1:8080",
    menuOf: ({ machineName }) => ({ ...MENU, machineName, append: "nfsmount=10.0.0.1:/srv" }),
  }).map(({ path, text }) => [path, text]),
);
const textOf = (path: string) => files.get(path) ?? assert.fail(`${path} is not there: ${[...files.keys()].join(" ")}`);

test("each card of a machine leads PXELINUX to the machine's own menu, whose files are in its directory", () => {
  for (const mac of ["0a", "0b"]) assert.equal(textOf(`pxelinux.cfg/01-52-54-00-00-00-${mac}`), textOf(`pxelinux.cfg/${WEB1.id}.cfg`));
  const menu = textOf(`pxelinux.cfg/${WEB1.id}.cfg`);
  assert.match(menu, /^ {2}KERNEL web1-20260201T000000Z\/lifeboat\/vmlinuz$/m);
  assert.match(menu, /nfsmount=10\.0\.0\.1:\/srv pxe lifeboat\.medium=http:\/\/10\.0\.0\.1:8080\/web1-20260201T000000Z nuke$/m);
  assert.match(menu, /^DISPLAY pxelinux\.cfg\/web1-20260201T000000Z\.msg$/m);
  assert.match(textOf(`pxelinux.cfg/${WEB1.id}.msg`), /This medium restores: web1/);
});

test("a machine that is in no set boots from its own disk unless somebody chooses a set", () => {
  const menu = textOf("pxelinux.cfg/default");
  assert.match(menu, /^DEFAULT local$/m);
  assert.match(menu, /LABEL db1\n {2}CONFIG pxelinux\.cfg\/db1-20260101T000000Z\.cfg\n/);
  assert.match(menu, /LABEL local\n {2}LOCALBOOT -1\n$/);
  assert.match(textOf("pxelinux.cfg/boot.msg"), /^ {4}web1 {3}web1, made 2026-02-01 00:00$/m);
});

test("GRUB's menus are scripts that GRUB reads, and go by the card's address", async (t) => {
  const all = textOf("grub/grub.cfg");
  assert.match(all, /^if \[ "\$net_default_mac" = "52:54:00:00:00:0b" \]; then configfile \/grub\/web1-20260201T000000Z\.cfg; fi$/m);
  assert.match(all, /^set default=local$/m);
  assert.match(textOf(`grub/${WEB1.id}.cfg`), /if linux \/web1-20260201T000000Z\/lifeboat\/vmlinuz /);
  if ((await run(["sh", "-c", "command -v grub-script-check"], { okCodes: [0, 1, 127] })).exitCode !== 0)
    return t.skip("needs grub-common");
  for (const [path, text] of files) if (path.startsWith("grub/")) await run(["grub-script-check"], { input: text });
  return undefined;
});

test("iPXE goes by the card's address to the script beside the image's files", () => {
  assert.match(
    textOf("boot.ipxe"),
    /^iseq \$\{mac\} 52:54:00:00:00:0a && chain --replace http:\/\/10\.0\.0\.1:8080\/web1-20260201T000000Z\/boot\.ipxe \|\|$/m,
  );
  assert.match(textOf(`${DB1.id}/boot.ipxe`), /^set medium http:\/\/10\.0\.0\.1:8080\/db1-20260101T000000Z$/m);
});
