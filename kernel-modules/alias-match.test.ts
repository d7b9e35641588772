import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { buildAliasIndex, matchAliasIndex } from "./alias-index.ts";
import { matchAlias, normalizeAlias } from "./alias-match.ts";
import { KmodParseError } from "./parse-error.ts";

test("dashes are underscores outside of brackets only", () => {
  assert.equal(normalizeAlias("a-b[0-4]c-d[-_]-"), "a_b[0-4]c_d[-_]_");
});

test("an alias matches as fnmatch(3) without flags does", () => {
  const yes = [
    ["usb:v0BDAp8153d*dc*in*", "usb:v0BDAp8153d3000dcFFin00"],
    ["usb:v1d010[0-4]*", "usb:v1d0103x"],
    ["platform:*", "platform:a/b.c"],
    ["scsi:t-0x00*", "scsi:t_0x00"],
    ["a[!0-9]?*", "axy"],
    ["a\\*b", "a*b"],
    ["*ab*ab", "abxababab"],
    ["*a[b]c", "aabc"],
    ["*", ""],
    ["***a", "a"],
  ];
  const no = [
    ["usb:v1d010[0-4]*", "usb:v1d0105x"],
    ["a[!0-9]", "a5"],
    ["a?", "a"],
    ["a\\*b", "axb"],
    ["abc", "abcd"],
    ["*ab*ab", "ab"],
  ];
  for (const [pattern, name] of yes) assert.equal(matchAlias(pattern!, name!), true, `${pattern} ${name}`);
  for (const [pattern, name] of no) assert.equal(matchAlias(pattern!, name!), false, `${pattern} ${name}`);
});

test("unbalanced brackets are an error that shows the alias", () => {
  assert.throws(() => matchAlias("a[b", "ab"), {
    name: "KmodParseError",
    message: 'Cannot use alias "a[b" as its brackets must come in pairs: "[" without "]"',
  });
  assert.throws(() => normalizeAlias("a]b[c]"), {
    message: 'Cannot use alias "a]b[c]" as its brackets must come in pairs: "]" without "["',
  });
});

test("many stars take no more than pattern times name in time", () => {
  const start = performance.now();
  assert.equal(matchAlias("*a".repeat(400), `${"a".repeat(4000)}b`), false);
  assert.ok(performance.now() - start < 2000);
});

const part = fc.constantFrom("a", "b", "-", "_", ":", "*", "?", "[a-b]", "[!a]", "[", "]", "\\a");
const pattern = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(""));
const name = fc.array(fc.constantFrom("a", "b", "-", ":", "c"), { maxLength: 6 }).map((parts) => parts.join(""));

test("the index finds what trying every pattern finds, best module first, also after a round through JSON", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(pattern, fc.nat(5)), { maxLength: 12 }), name, (pairs, query) => {
      const aliases = pairs.map(([text, module]) => ({ pattern: text, module: `m${module}` }));
      const order = [...new Set(aliases.filter((alias) => isBalanced(alias.pattern)).map((alias) => alias.module))];
      const tried = aliases.filter((alias) => isBalanced(alias.pattern) && matchAlias(alias.pattern, query)).map((alias) => alias.module);
      const index = JSON.parse(JSON.stringify(buildAliasIndex(aliases))) as ReturnType<typeof buildAliasIndex>;
      assert.deepEqual(
        matchAliasIndex(index, query),
        order.filter((module) => tried.includes(module)),
      );
    }),
  );
});

test("names that every object has are no aliases, and can be aliases", () => {
  assert.deepEqual(matchAliasIndex(buildAliasIndex([]), "constructor"), []);
  const index = buildAliasIndex([
    { pattern: "__proto__", module: "a" },
    { pattern: "toString*", module: "b" },
  ]);
  assert.deepEqual(
    ["__proto__", "toString", "valueOf"].map((query) => matchAliasIndex(index, query)),
    [["a"], ["b"], []],
  );
});

test("a given order of modules is the order of priority", () => {
  const aliases = [
    { pattern: "x*", module: "late" },
    { pattern: "xy", module: "early" },
  ];
  assert.deepEqual(matchAliasIndex(buildAliasIndex(aliases, ["early", "late"]), "xy"), ["early", "late"]);
  assert.deepEqual(matchAliasIndex(buildAliasIndex(aliases), "xy"), ["late", "early"]);
});

function isBalanced(text: string): boolean {
  try {
    normalizeAlias(text);
    return true;
  } catch (error) {
    assert.ok(error instanceof KmodParseError);
    return false;
  }
}
