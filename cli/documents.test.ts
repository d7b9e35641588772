import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { COMMANDS } from "./commands.ts";
import { generatedDocuments } from "./documents.ts";

const ROOT = join(import.meta.dirname, "..");
const PAGES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGES.md", "docs/decisions.md"];

test("docs/man and docs/boot-words.md are up to date: node cli/main.ts documents makes them", async () => {
  for (const { name, text } of generatedDocuments(COMMANDS)) assert.equal(await readFile(join(ROOT, name), "utf8"), text, name);
  const written = (await readdir(join(ROOT, "docs/man"))).map((name) => `docs/man/${name}`);
  assert.deepEqual(
    written.filter((name) => generatedDocuments(COMMANDS).every((page) => page.name !== name)),
    [],
    "pages of commands that are gone",
  );
});

test("docs/decisions.md has a reason for every dependency at its exact version", async () => {
  const text = await readFile(join(ROOT, "docs/decisions.md"), "utf8");
  const packageJson = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as Record<string, Record<string, string>>;
  for (const [name, version] of Object.entries({ ...packageJson["dependencies"], ...packageJson["devDependencies"] })) {
    assert.match(version, /^\d+\.\d+\.\d+$/, `${name} must be pinned`);
    assert.ok(text.includes(`\`${name}\` ${version}`), `${name} ${version}`);
  }
});

test("links in the documents lead to files that are there", async () => {
  for (const page of PAGES) {
    const text = await readFile(join(ROOT, page), "utf8");
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
      assert.ok(existsSync(join(ROOT, dirname(page), target)), `${page}: ${target}`);
    }
  }
});

test("commands that the documents show exist, with the options they are shown with", async () => {
  for (const page of PAGES) {
    const text = await readFile(join(ROOT, page), "utf8");
    for (const [line, name = ""] of text.matchAll(/(?<=`|^)lifeboat ([a-z][a-z-]*)[^`\n]*/gm)) {
      const spec = COMMANDS.find((command) => command.name === name);
      assert.ok(spec, `${page}: ${line}`);
      for (const [, option] of line.matchAll(/ --([a-z-]+)/g))
        assert.ok(
          [...spec.options, { name: "help" }].some((one) => one.name === option),
          `${page}: ${line}`,
        );
    }
  }
});
