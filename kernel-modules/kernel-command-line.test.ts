import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCommandLineModules } from "./kernel-command-line.ts";

test("module parameters keep their order, quotes around blanks, and dots in the value", () => {
  const line = 'quiet usb-storage.quirks=1:2:u a.s="x y" "b.t=x y" a.ip=1.2.3.4 root=UUID=a.b c.flag\n';
  assert.deepEqual(parseCommandLineModules(line).options, [
    { module: "usb_storage", options: "quirks=1:2:u" },
    { module: "a", options: 's="x y"' },
    { module: "b", options: 't="x y"' },
    { module: "a", options: "ip=1.2.3.4" },
    { module: "c", options: "flag" },
  ]);
});

test("modprobe.blacklist= adds up, dashes as underscores, and is no option", () => {
  const line = 'modprobe.blacklist=a-b,c modprobe.blacklist=d,, modprobe.blacklist="e"';
  assert.deepEqual(parseCommandLineModules(line), { options: [], blacklist: ["a_b", "c", "d", "e"] });
});

test("words without a module or a parameter are left out, an open quote ends with the line", () => {
  assert.deepEqual(parseCommandLineModules('.x=1 q.=2 w. a.b.c=1 ip[1:0.5]=x m."two words" "k').options, []);
  assert.deepEqual(parseCommandLineModules('m.p="a b').options, [{ module: "m", options: 'p="a b' }]);
});
