// The line-by-line formats: what they mean, and what damaged lines are told.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parseBuiltinModinfo } from "./builtin-modinfo.ts";
import { parseModulesAlias } from "./modules-alias.ts";
import { parseModulesBuiltin } from "./modules-builtin.ts";
import { parseModulesDep } from "./modules-dep.ts";
import { parseModulesDevname } from "./modules-devname.ts";
import { parseModulesOrder } from "./modules-order.ts";
import { parseModulesSoftdep } from "./modules-softdep.ts";
import { parseModulesWeakdep } from "./modules-weakdep.ts";
import { KmodParseError } from "./parse-error.ts";

test("parseModulesDep() keeps the file's order, nearest dependency first, and absolute paths", () => {
  assert.deepEqual(parseModulesDep("kernel/b-1.ko.xz: kernel/a.ko kernel/c-2.ko\n\n/opt/a.ko:\n"), [
    { name: "b_1", path: "kernel/b-1.ko.xz", needs: ["a", "c_2"] },
    { name: "a", path: "/opt/a.ko", needs: [] },
  ]);
});

test("parseModulesAlias() takes the last word as the module, so that patterns may hold blanks", () => {
  assert.deepEqual(parseModulesAlias("# comment\nalias pci:v*d[0-4]-* e1000e\nalias dmi*:svnA B:* c\n"), [
    { pattern: "pci:v*d[0-4]-*", module: "e1000e" },
    { pattern: "dmi*:svnA B:*", module: "c" },
  ]);
});

test("parseModulesSoftdep() parts pre, post and the words that kmod ignores", () => {
  assert.deepEqual(parseModulesSoftdep("softdep a-b x y pre: c-d e post: f pre: g\nsoftdep a_b post: h\n"), [
    { module: "a_b", pre: ["c-d", "e", "g"], post: ["f"], other: ["x", "y"] },
    { module: "a_b", pre: [], post: ["h"], other: [] },
  ]);
});

test("parseModulesWeakdep() lists the words", () => {
  assert.deepEqual(parseModulesWeakdep("weakdep a-b c d-e\n"), [{ module: "a_b", weak: ["c", "d-e"] }]);
});

test("parseModulesBuiltin() and parseModulesOrder() read one path a line", () => {
  assert.deepEqual(parseModulesBuiltin("kernel/fs/ext-4.ko\n"), [{ name: "ext_4", path: "kernel/fs/ext-4.ko" }]);
  assert.deepEqual(parseModulesOrder("kernel/a.ko\nkernel/b.o\n"), ["kernel/a.ko", "kernel/b.ko"]);
});

test("parseModulesDevname() reads type and numbers", () => {
  assert.deepEqual(parseModulesDevname("# nodes\nloop loop-control c10:237\nx a/b b7:0\n"), [
    { module: "loop", node: "loop-control", type: "character", major: 10, minor: 237 },
    { module: "x", node: "a/b", type: "block", major: 7, minor: 0 },
  ]);
});

test("parseBuiltinModinfo() groups by module, empty values, equals signs and doubled NULs included", () => {
  const modules = parseBuiltinModinfo("a.license=GPL\0b-c.parm.x=x:=y\0\0a.depends=\0");
  assert.deepEqual(
    [...modules],
    [
      [
        "a",
        [
          { key: "license", value: "GPL" },
          { key: "depends", value: "" },
        ],
      ],
      ["b_c", [{ key: "parm.x", value: "x:=y" }]],
    ],
  );
});

test("a bad line is told with file, line, rule and value", () => {
  const cases: readonly [parse: () => unknown, message: string][] = [
    [() => parseModulesDep("a.ko:\nb.ko\n"), `Cannot read line 2 of "modules.dep" as a line is "PATH: DEPENDENCY…": "b.ko"`],
    [() => parseModulesDep(": a.ko", "x/dep"), `Cannot read line 1 of "x/dep" as a line is "PATH: DEPENDENCY…": ": a.ko"`],
    [() => parseModulesAlias("alias only"), `Cannot read line 1 of "modules.alias" as a line is "alias PATTERN MODULE": "alias only"`],
    [() => parseModulesAlias("\naliaz a b"), `Cannot read line 2 of "modules.alias" as a line is "alias PATTERN MODULE": "aliaz a b"`],
    [
      () => parseModulesSoftdep("softdep a"),
      `Cannot read line 1 of "modules.softdep" as a line is "softdep MODULE pre: MODULE… post: MODULE…": "softdep a"`,
    ],
    [() => parseModulesWeakdep("weakdep"), `Cannot read line 1 of "modules.weakdep" as a line is "weakdep MODULE MODULE…": "weakdep"`],
    [() => parseModulesDevname("a b 10:2"), `Cannot read line 1 of "modules.devname" as a line is "MODULE NODE cMAJOR:MINOR": "a b 10:2"`],
    [
      () => parseModulesDevname("a ../b c1:2"),
      `Cannot read line 1 of "modules.devname" as a line is "MODULE NODE cMAJOR:MINOR": "a ../b c1:2"`,
    ],
    [() => parseBuiltinModinfo("a=b\0"), `Cannot read "modules.builtin.modinfo" as an entry is "MODULE.KEY=VALUE": "a=b"`],
  ];
  for (const [parse, message] of cases) assert.throws(parse, { name: "KmodParseError", message });
});

test("no text makes a parser throw anything but a KmodParseError", () => {
  const parsers = [parseModulesDep, parseModulesAlias, parseModulesSoftdep, parseModulesWeakdep, parseModulesDevname, parseBuiltinModinfo];
  const piece = fc.constantFrom("alias", "softdep", "weakdep", " ", "\n", "pre:", "a", ":", "c1:2", "\0", "#", "=", ".", "[");
  fc.assert(
    fc.property(
      fc.array(piece).map((pieces) => pieces.join("")),
      fc.constantFrom(...parsers),
      (text, parse) => {
        try {
          parse(text);
        } catch (error) {
          assert.ok(error instanceof KmodParseError);
        }
      },
    ),
  );
});

test("what depmod writes is read back, whatever the names", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,6}$/);
  const line = fc.record({ name, needs: fc.uniqueArray(name, { maxLength: 4 }) });
  fc.assert(
    fc.property(fc.uniqueArray(line, { selector: (entry) => entry.name }), (lines) => {
      const text = lines
        .map((entry) => `kernel/${entry.name}.ko:${entry.needs.map((needed) => ` kernel/${needed}.ko`).join("")}\n`)
        .join("");
      assert.deepEqual(
        parseModulesDep(text),
        lines.map((entry) => ({ name: entry.name, path: `kernel/${entry.name}.ko`, needs: entry.needs })),
      );
    }),
  );
});
