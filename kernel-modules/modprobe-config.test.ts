import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_DIRECTORIES, mergeModprobeConfig, optionsFor } from "./modprobe-config.ts";
import { unwantedBecause } from "./unwanted-modules.ts";

const file = (directory: string, name: string, text: string) => ({ directory, name, text });

test("a file in a higher directory hides the same name below, and files count in the order of their names", () => {
  const files = [...CONFIG_DIRECTORIES].reverse().map((directory) => file(directory, "m.conf", `options m from=${directory}`));
  const config = mergeModprobeConfig([
    ...files,
    file("/lib/modprobe.d/", "a.conf", "options m first=1"),
    file("/etc/modprobe.d", "x", "options m no=1"),
  ]);
  assert.equal(optionsFor(config, "m"), "first=1 from=/etc/modprobe.d");
  const without = mergeModprobeConfig(files.filter((each) => each.directory !== "/etc/modprobe.d"));
  assert.equal(optionsFor(without, "m"), "from=/run/modprobe.d");
});

test("an empty file masks the one below it", () => {
  const config = mergeModprobeConfig([file("/usr/lib/modprobe.d", "b.conf", "blacklist x"), file("/etc/modprobe.d", "b.conf", "")]);
  assert.deepEqual(config.blacklist, []);
});

test("weak dependencies are read, and lines that say nothing are named with their place", () => {
  const text = "weakdep a-b c d\nblacklist\nalias a]b c\ninclude /etc/more\n\nsoftdep x \\\n  pre: y\noptions lone\n";
  const config = mergeModprobeConfig([file("/etc/modprobe.d", "a.conf", text)]);
  assert.deepEqual(config.weakdeps, [{ module: "a_b", weak: ["c", "d"] }]);
  assert.deepEqual(config.softdeps, [{ module: "x", pre: ["y"], post: [], other: [] }]);
  assert.deepEqual(config.ignored, [
    '/etc/modprobe.d/a.conf line 2: "blacklist" names no module',
    '/etc/modprobe.d/a.conf line 3: Cannot use alias "a]b" as its brackets must come in pairs: "]" without "["',
    '/etc/modprobe.d/a.conf line 4: "include /etc/more"',
    '/etc/modprobe.d/a.conf line 8: "options lone"',
  ]);
});

test("blacklisted modules and those with an empty install command are unwanted, with the line that says so", () => {
  const text = "blacklist a-b\ninstall usb-* /bin/false\ninstall real /sbin/modprobe --ignore-install real; /bin/x\ninstall t true\n";
  const config = mergeModprobeConfig([file("/etc/modprobe.d", "a.conf", text)]);
  const reasons = ["a_b", "usb_x", "real", "t", "other"].map((name) => unwantedBecause(config, name));
  assert.deepEqual(reasons, [
    'modprobe.d has "blacklist a_b"',
    'modprobe.d has "install usb_* /bin/false"',
    undefined,
    'modprobe.d has "install t true"',
    undefined,
  ]);
});
