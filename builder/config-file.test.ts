import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { stringify } from "smol-toml";
import { LifeboatError } from "#os/error";
import { parseConfig, readConfigFile, type ConfigTable } from "./config-file.ts";

const TABLE: ConfigTable = {
  options: [
    { name: "kernel", type: "string" },
    { name: "format", type: "string", values: ["iso", "usb", "pxe"] },
    { name: "small", type: "boolean", excludes: ["compression"] },
    { name: "compression", type: "string", excludes: ["small"] },
    { name: "default", type: "string", typedValues: { values: ["nuke"], because: "consent is an act" } },
    { name: "timeout", type: "number" },
    { name: "force-module", type: "strings" },
  ],
  // A name may belong to several commands.
  others: [
    { name: "codec", type: "string", values: ["zstd", "gzip"] },
    { name: "kernel", type: "string" },
  ],
  typedOnly: ["force", "kernel"],
};

test("parseConfig() returns each option's value as its option takes it", () => {
  const text = `
# the rescue medium
kernel = "failsafe"
small = true
timeout = 20
force-module = [ "nvme",
  "megaraid_sas" ]
codec = "gzip"
`;
  assert.deepEqual(
    [...parseConfig(text, "lifeboat.toml", TABLE)],
    [
      ["kernel", "failsafe"],
      ["small", true],
      ["timeout", 20],
      ["force-module", ["nvme", "megaraid_sas"]],
    ],
  );
  assert.equal(parseConfig('default = "expert"', "x", TABLE).get("default"), "expert");
  assert.deepEqual(
    [...parseConfig('small = false\ncompression = "gzip"', "x", TABLE)],
    [
      ["small", false],
      ["compression", "gzip"],
    ],
  );
  assert.deepEqual(parseConfig('force-module = "nvme"', "x", TABLE).get("force-module"), ["nvme"]);
});

test("parseConfig() names file, line and remedy of every mistake, and exits 2", () => {
  const cases: readonly (readonly [text: string, message: string, hint: RegExp])[] = [
    [
      'small = true\n\n"kernal" = "x"\n',
      'Cannot use "/etc/l.toml:3" as its keys must be names of options: there is no option "kernal"',
      /^Did you mean "kernel"\?$/,
    ],
    [
      'force-module = [\n "a",\n "b"\n]\nzzzzzzzz = [\n1\n]\n',
      'Cannot use "/etc/l.toml:5" as its keys must be names of options: there is no option "zzzzzzzz"',
      /^The options are codec, compression, default, force-module, format, kernel, small, timeout$/,
    ],
    ["[build]\nsmall = true\n", 'Cannot use "/etc/l.toml:1" as its keys must be names of options: there is no option "build"', /./],
    ['# c\nsmall = "yes"', 'Cannot use "/etc/l.toml:2" as "small" must be true or false: it is "yes"', /Change "small"/],
    ["timeout = true", 'Cannot use "/etc/l.toml:1" as "timeout" must be a whole number: it is true', /./],
    ["kernel = 6", 'Cannot use "/etc/l.toml:1" as "kernel" must be a text in quotes: it is 6', /./],
    ['format = "cd"', 'Cannot use "/etc/l.toml:1" as "format" must be one of iso, usb, pxe: it is "cd"', /./],
    ["force-module = [1]", 'Cannot use "/etc/l.toml:1" as "force-module" must be a list of texts such as ["a", "b"]: it is [1]', /./],
    [
      "small = true\nforce = true",
      'Cannot use "/etc/l.toml:2" as its keys must be options that may stand in a file: "force" may not',
      /give --force on the command line$/,
    ],
    [
      'default = "nuke"',
      'Cannot use "/etc/l.toml:1" as consent is an act: it says default = "nuke"',
      /give --default nuke on the command line$/,
    ],
    [
      'compression = "xz"\nsmall = true',
      'Cannot use "/etc/l.toml:1" as "compression" and "small" exclude each other: both are given',
      /^Remove one of them$/,
    ],
    ['codec = "lzma"', 'Cannot use "/etc/l.toml:1" as "codec" must be one of zstd, gzip: it is "lzma"', /./],
  ];
  for (const [text, message, hint] of cases) {
    assert.throws(
      () => parseConfig(text, "/etc/l.toml", TABLE),
      (error) => {
        assert.ok(error instanceof LifeboatError);
        assert.deepEqual([error.message, error.exitCode], [message, 2]);
        assert.match(error.hint ?? "", hint);
        return true;
      },
    );
  }
});

test("parseConfig() names the line of text that is no TOML", () => {
  assert.throws(
    () => parseConfig("small = true\nkernel = failsafe\n", "/etc/l.toml", TABLE),
    /^LifeboatError: Cannot read "\/etc\/l\.toml:2" as/,
  );
  assert.throws(
    () => parseConfig("small = true\nsmall = false\n", "/etc/l.toml", TABLE),
    /^LifeboatError: Cannot read "\/etc\/l\.toml:2" as/,
  );
});

test("parseConfig() finds the unknown key's line wherever it stands", () => {
  const line = fc.constantFrom("# note", "", "small = true", "timeout = 3", 'kernel = """\nunknown-key = 1\n"""', "codec = 'zstd'");
  fc.assert(
    fc.property(fc.uniqueArray(line), fc.nat(), (lines, where) => {
      const at = where % (lines.length + 1);
      const before = lines.slice(0, at).join("\n");
      const text = [...lines.slice(0, at), "unknown-key = 1", ...lines.slice(at)].join("\n");
      const expected = at === 0 ? 1 : before.split("\n").length + 1;
      assert.throws(() => parseConfig(text, "f", TABLE), new RegExp(`"f:${expected}"`));
    }),
    { numRuns: 200 },
  );
});

test("parseConfig() reads back every text that TOML can hold", () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string()), (kernel, modules) => {
      const values = parseConfig(stringify({ kernel, "force-module": modules }), "f", TABLE);
      assert.deepEqual([values.get("kernel"), values.get("force-module")], [kernel, modules]);
    }),
  );
});

test("readConfigFile() reads a file, and takes none for an empty one", async () => {
  const directory = await mkdtemp(join(tmpdir(), "lifeboat-config-"));
  const path = join(directory, "lifeboat.toml");
  assert.equal((await readConfigFile(TABLE, path)).size, 0);
  await writeFile(path, "small = true\n");
  assert.deepEqual([...(await readConfigFile(TABLE, path))], [["small", true]]);
  await writeFile(path, "smal = true\n");
  await assert.rejects(readConfigFile(TABLE, path), { message: new RegExp(`${path}:1`), hint: 'Did you mean "small"?' });
});
