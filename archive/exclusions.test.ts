// Exclusions against what bash expands the same patterns to, in a real tree.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { runBytes } from "#os/exec";
import { bytesOfText } from "../set/catalogue.ts";
import { checkedPattern, exclusionsOf } from "./exclusions.ts";
import { walkTree } from "./walk-tree.ts";

const tree = mkdtempSync(join(tmpdir(), "lifeboat-globs-"));
after(() => rmSync(tree, { recursive: true, force: true }));

const FILES = [
  "srv/a/b/c",
  "srv/.hidden/x",
  "srv/line\nbreak/x",
  "srv/a (copy)/x",
  "srv/a|b",
  'srv/quo"te',
  "srv/back\\slash",
  "srv/[abc]",
  "srv/b",
  "srv/b+",
  "srv/bb",
  "srv/äöü",
  "cache/x",
  "var/cache/x",
  "var/lib/cache/x",
  "$x",
  "#x#",
  "x~",
  "!x",
  "@x",
  "+(b)",
  "a,b",
  "a1",
  "a2",
];
for (const file of FILES) {
  mkdirSync(join(tree, dirname(file)), { recursive: true });
  writeFileSync(join(tree, file), "");
}

/** All paths of the tree, from the tree's root on. */
const PATHS = [
  ...walkTree({ root: bytesOfText(tree), include: ["/"], exclude: () => false, closedMounts: new Set(), skipped: assert.fail }),
].map(({ path }) => path);

function excluded(...patterns: readonly string[]): readonly string[] {
  const { isExcluded } = exclusionsOf(patterns);
  return PATHS.filter((path) => isExcluded(path));
}

/** What bash makes of the pattern: an argument list, here each argument with a NUL behind it. */
async function expanded(pattern: string): Promise<readonly string[]> {
  const script = 'shopt -s dotglob globstar nullglob; shopt -u extglob; IFS=; cd "$1"; for path in $2; do printf "%s\\0" "$path"; done';
  const bytes = await runBytes(["bash", "-c", script, "bash", tree, pattern.slice(1)]);
  const paths = Buffer.from(bytes).toString("latin1").split("\0").slice(0, -1);
  // bash names directories that ** stands for with and without a slash.
  return [...new Set(paths.map((path) => `/${path}`.replace(/\/$/, "")))];
}

const GLOBS = [
  "/srv/*",
  "/srv/**",
  "/srv/a (copy)/*",
  "/srv/*|*",
  '/srv/q*"te',
  "/srv/b?",
  "/srv/[ab]",
  "/srv/[!a]",
  "/srv/[[:alpha:]]",
  "/srv/[ab]+",
  "/srv/\\[abc\\]*",
  "/srv/*k\\\\s*",
  "/srv/.*",
  "/*/cache",
  "/**/cache",
  "/**/x",
  "/var/**/x",
  "/$*",
  "/#*#",
  "/*~",
  "/!*",
  "/@*",
  "/+(b)*",
  "/a,*",
  "/a[0-9]",
  "/*",
];

describe("globs against the whole path", () => {
  for (const pattern of GLOBS) {
    test(`exclusionsOf() takes ${pattern} as bash does`, async () => {
      const expected = await expanded(pattern);
      assert.ok(expected.length > 0);
      // For bash, /srv/** is also /srv itself, which a backup had better keep.
      const own = pattern.endsWith("/**") ? pattern.slice(0, -3) : "";
      assert.deepEqual(new Set(excluded(pattern)), new Set(expected.filter((path) => path !== own)));
    });
  }
});

const CASES: readonly (readonly [pattern: string, paths: readonly string[]])[] = [
  ["/srv/a", ["/srv/a"]],
  ["/srv/a/", ["/srv/a"]],
  ["/srv/a (copy)", ["/srv/a (copy)"]],
  ["/srv/{a,b}", ["/srv/a", "/srv/b"]],
  ["/a{1..2}", ["/a1", "/a2"]],
  ["/srv/äö?", []],
  ["/srv/äö??", [bytesOfText("/srv/äöü")]],
  ["/srv/äöü", [bytesOfText("/srv/äöü")]],
  ["cache", ["/cache", "/var/cache", "/var/lib/cache"]],
  ["c*e", ["/cache", "/var/cache", "/var/lib/cache"]],
  ["*copy)", ["/srv/a (copy)"]],
  ["lib/cache", []],
  ["/no/such", []],
  ["/srv/b[", []],
];

describe("plain paths, names, braces", () => {
  for (const [pattern, paths] of CASES) {
    test(`exclusionsOf() leaves out what ${pattern} names`, () => assert.deepEqual(excluded(pattern), paths));
  }

  test("any of several patterns will do, none leaves nothing out", () => {
    assert.deepEqual([excluded("/a1", "x~"), excluded()], [["/a1", "/x~"], []]);
  });
});

describe("exclusionsOf()", () => {
  test("tells which patterns matched nothing, also where one goes before another", () => {
    const { isExcluded, unmatched } = exclusionsOf(["/srv/a", "/srv/[ab]", "a", "/srv/none", "*.x"]);
    assert.deepEqual(
      ["/srv/a", "/srv/c"].map((path) => isExcluded(path)),
      [true, false],
    );
    assert.deepEqual(unmatched(), ["/srv/none", "*.x"]);
  });

  test("names the pattern that leaves out a path, or a directory above it", () => {
    const { patternFor } = exclusionsOf(["/srv/a", "cache", "/home/**"]);
    const paths = ["/srv/a/b/c", "/srv/a", "/srv", "/var/cache/x", "/home", "/home/me/x", "/"];
    assert.deepEqual(
      paths.map((path) => patternFor(path)),
      ["/srv/a", "/srv/a", undefined, "cache", undefined, "/home/**", undefined],
    );
  });
});

describe("checkedPattern()", () => {
  const good: readonly (readonly [pattern: string, plain: string])[] = [
    ["/a//b", "/a/b"],
    ["//a/./b/.//c/.", "/a/b/c"],
    ["/a/", "/a"],
    ["cache/", "cache"],
    ["**/cache/x", "/**/cache/x"],
    ["/a/.hidden/..x", "/a/.hidden/..x"],
    ["*", "*"],
    ["/*", "/*"],
  ];
  for (const [pattern, plain] of good) test(`makes ${plain} of ${pattern}`, () => assert.equal(checkedPattern(pattern), plain));

  const bad: readonly (readonly [pattern: string, message: RegExp, hint?: RegExp])[] = [
    ["/", /as something must be left: that is everything$/],
    ["//.//", /that is everything$/],
    ["/**", /that is everything$/],
    ["home/me", /"home\/me" as a pattern is a whole path or one name: it never matches$/, /\/\*\*\/home\/me$/],
    ["./x", /a whole path or one name/, /\/\*\*\/x$/],
    ["../x", /a whole path or one name/],
    ["~/x", /a whole path or one name/],
    ["{a,b/c}", /a whole path or one name/],
    [".", /no \. and \.\. in it/],
    ["/a/../b", /no \. and \.\. in it/],
  ];
  for (const [pattern, message, hint = /^/] of bad)
    test(`refuses ${pattern}`, () => assert.throws(() => checkedPattern(pattern), { name: "LifeboatError", exitCode: 2, message, hint }));
});
