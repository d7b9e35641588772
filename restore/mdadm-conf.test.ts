// mdadm.conf without arrays that are gone, and without devices that are not there: their lines alone are touched.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test, type TestContext } from "node:test";
import { run } from "#os/exec";
import { exists } from "#os/files";
import { originalsOf } from "./keep-original.ts";
import { changedMdadmConf } from "./mdadm-conf.ts";
import type { GoneArray, MovedArray } from "./plan-arrays.ts";
import { writeMdadmConf } from "./write-mdadm-conf.ts";

const scratch = await mkdtemp(join(tmpdir(), "lifeboat-mdadm-"));
after(() => rm(scratch, { recursive: true }));

const GONE: GoneArray = { id: "md0", uuid: "5c1d2bf4-8a6e-40f9-9a55-6c1a3c5d0e77", name: "web1:root", now: "sda3" };
const CHANGES = { gone: [GONE], moved: [] };
const UUID = "5c1d2bf4:8a6e40f9:9a556c1a:3c5d0e77";
const OTHER = "11111111:22222222:33333333:44444444";
const WHY = "# lifeboat: md0 is no array any more, what was on it is on sda3";

describe("changedMdadmConf() makes a comment of", () => {
  const lines: readonly (readonly [what: string, line: string])[] = [
    ["what Debian's mkconf writes", `ARRAY /dev/md/root  metadata=1.2 UUID=${UUID} name=web1:root`],
    ["what anaconda writes", `ARRAY /dev/md/other level=raid1 num-devices=2 UUID=${UUID}`],
    ["a UUID in capitals, with other signs between", "ARRAY UUID=5C1D2BF4-8A6E40F9.9A556C1A:3C5D0E77"],
    ["a keyword in other letters", `array <ignore> uuid=${UUID}`],
    ["a keyword that is cut short", "arr /dev/md0"],
    ["the kernel's name", "ARRAY /dev/md0 devices=/dev/sda3,/dev/sdb3"],
    ["the name alone", "ARRAY root"],
    ["the number below /dev/md", "ARRAY /dev/md/0 # the root"],
    ["the old number", "ARRAY /dev/md9 super-minor=0"],
    ["the name of the superblock", "ARRAY name=web1:root"],
    ["the same without its host", "ARRAY /dev/md9 name=root"],
    ["words in quotes and tabs between", `ARRAY\t"/dev/md 7"\t'UUID=${UUID}'`],
    ["a line that ends as on DOS", `ARRAY /dev/md0 UUID=${UUID}\r`],
  ];
  for (const [what, line] of lines) {
    test(what, () => {
      const end = line.endsWith("\r") ? "\r" : "";
      const text = `MAILADDR root${end}\n${line}\nARRAY /dev/md1 UUID=${OTHER}`;
      assert.equal(changedMdadmConf(text, CHANGES), `MAILADDR root${end}\n${WHY}${end}\n# ${line}\nARRAY /dev/md1 UUID=${OTHER}`);
    });
  }

  test("a line and all that goes on with it, whatever comments stand between", () => {
    const text = `ARRAY /dev/md7\n# no end\n\n\t  metadata=1.2\n  UUID=${UUID}\n \n  # \xe9\nARRAY /dev/md0\n  UUID=${OTHER}\n`;
    const expected = `${WHY}\n# ARRAY /dev/md7\n# no end\n\n# \t  metadata=1.2\n#   UUID=${UUID}\n \n  # \xe9\nARRAY /dev/md0\n  UUID=${OTHER}\n`;
    assert.equal(changedMdadmConf(text, CHANGES), expected);
    assert.equal(changedMdadmConf(expected, CHANGES), expected, "done again, it is what it was");
  });
});

describe("changedMdadmConf() leaves alone", () => {
  const texts: readonly (readonly [what: string, text: string])[] = [
    ["nothing", ""],
    ["comments", `#ARRAY /dev/md0 UUID=${UUID}\n # ARRAY /dev/md0`],
    ["an array that has the name, and another UUID", `ARRAY /dev/md0 UUID=${OTHER} name=web1:root`],
    ["an array of another name", "ARRAY /dev/md0 name=web1:home"],
    ["other lines", `DEVICE /dev/md0\nPROGRAM /dev/md0 UUID=${UUID}\nMAILADDR "a # b"\n\nHOMEHOST <system>`],
    ["what a comment says at a line's end", `ARRAY /dev/md1 # UUID=${UUID} /dev/md0`],
  ];
  for (const [what, text] of texts) test(what, () => assert.equal(changedMdadmConf(text, CHANGES), text));
});

const MOVED: MovedArray = { id: "md0", uuid: GONE.uuid, name: GONE.name, members: ["/dev/vda3", "/dev/vdb3"] };
const moved = (text: string) => changedMdadmConf(text, { gone: [], moved: [MOVED] });
const NOW = "# lifeboat: md0 is on /dev/vda3, /dev/vdb3 now:";
const NOT_NAMED = "# lifeboat: this named no /dev/vda3, /dev/vdb3, where arrays are now";

describe("changedMdadmConf(), when an array is on other disks,", () => {
  const cases: readonly (readonly [what: string, text: string, expected: string])[] = [
    [
      "leaves its devices out, where its UUID tells",
      `ARRAY /dev/md0 devices=/dev/sda3,/dev/sdb3 UUID=${UUID} # devices=x`,
      `${NOW} devices=/dev/sda3,/dev/sdb3 is left out\nARRAY /dev/md0 UUID=${UUID} # devices=x`,
    ],
    [
      "puts its UUID in the place of what was all that it was known by, on a line that goes on too",
      `ARRAY /dev/md0\r\n  level=raid1 "Devices=/dev/sd[ab]3"\r\n  num-devices=2`,
      `${NOW} Devices=/dev/sd[ab]3 is left out\r\nARRAY /dev/md0\r\n  level=raid1 UUID=${UUID}\r\n  num-devices=2`,
    ],
    [
      "looks at all disks, where it looked at its old ones alone",
      "MAILADDR root\nDEVICE /dev/sda* # two\n  /dev/sdb*\ndev /dev/disk/by-id/ata-*\n",
      `MAILADDR root\n${NOT_NAMED}\nDEVICE partitions containers\n# DEVICE /dev/sda* # two\n#   /dev/sdb*\ndev /dev/disk/by-id/ata-*\n`,
    ],
    [
      "looks at all disks, where one of its new ones was not looked at",
      "device /dev/vda3",
      "# lifeboat: this named no /dev/vdb3, where arrays are now\nDEVICE partitions containers\n# device /dev/vda3",
    ],
  ];
  for (const [what, text, expected] of cases) test(what, () => assert.equal(moved(text), expected));

  const same: readonly (readonly [what: string, text: string])[] = [
    ["devices that still are its own", "ARRAY /dev/md0 devices=/dev/vd?3"],
    ["devices that are its own, each by its name", "ARRAY /dev/md0 devices=/dev/vda3,/dev/vdb3"],
    ["devices of another array", `ARRAY /dev/md1 devices=/dev/sda1,/dev/sdb1 UUID=${OTHER}`],
    ["a line without devices", `ARRAY /dev/md0 UUID=${UUID}`],
    ["what looks at all disks", "DEVICE partitions\nDEVICE /dev/sda*"],
    ["what looks at all new ones", "DEVICE /dev/sda* /dev/vda3\nDEVICE /dev/vdb[0-9]"],
    ["no line that says where to look", `# DEVICE /dev/sda*\nARRAY /dev/md0 UUID=${UUID}`],
  ];
  for (const [what, text] of same) test(`leaves alone ${what}`, () => assert.equal(moved(text), text));
});

test("mdadm itself knows only the arrays that are left", async (context: TestContext) => {
  const found = await run(["mdadm", "--version"], { okCodes: [0, 127] }).catch(() => undefined);
  if (found?.exitCode !== 0) return context.skip("there is no mdadm here");
  const file = join(scratch, "real.conf");
  await writeFile(file, changedMdadmConf(`ARRAY /dev/md0\n  UUID=${UUID}\nARRAY /dev/md1\n# c\n  UUID=${OTHER}\n`, CHANGES));
  const asked = async (name: string) => (await run(["mdadm", "--assemble", "-v", "--config", file, name], { okCodes: [0, 1, 2] })).stderr;
  assert.match(await asked("/dev/md0"), /not identified in config file/);
  assert.doesNotMatch(await asked("/dev/md1"), /not identified in config file/);
});

test("writeMdadmConf() changes every such file inside the machine, keeps it as it was, and does so once", async () => {
  const root = join(scratch, "root");
  const line = `ARRAY /dev/md0 UUID=${UUID}`;
  const outside = join(scratch, "outside.conf");
  await writeFile(outside, line);
  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text, { encoding: "latin1", mode: 0o640 });
  };
  await put("/etc/mdadm/mdadm.conf", `# \xe9\n${line}`);
  await put("/etc/mdadm.conf.d/own.conf", line);
  await put("/etc/mdadm.conf.d/own.conf.bak", line);
  await symlink("mdadm/mdadm.conf", join(root, "etc/mdadm.conf"));
  await symlink(outside, join(root, "etc/mdadm.conf.d/link.conf"));
  const step = { kind: "write-mdadm-conf", ...CHANGES } as const;
  const written = [
    "/etc/mdadm/mdadm.conf",
    "/etc/mdadm/.mdadm.conf.before-set",
    "/etc/mdadm.conf.d/own.conf",
    "/etc/mdadm.conf.d/.own.conf.before-set",
  ];
  const read = (path: string) => readFile(join(root, path), "latin1");
  for (const time of ["first", "again, after a power cut"]) {
    assert.deepEqual(await writeMdadmConf(step, root, originalsOf("set")), written, time);
    assert.deepEqual(await Promise.all(written.map(read)), [`# \xe9\n${WHY}\n# ${line}`, `# \xe9\n${line}`, `${WHY}\n# ${line}`, line]);
  }
  assert.equal(await readFile(outside, "latin1"), line);
  assert.equal(await exists(join(root, "etc/mdadm.conf.d/.link.conf.before-set")), false);
  assert.deepEqual(await writeMdadmConf(step, join(scratch, "empty"), originalsOf("set")), []);
});
