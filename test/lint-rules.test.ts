// The rules of the house hold: the linter finds each way to break them.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { run } from "#os/exec";

const here = dirname(import.meta.dirname);
const root = await mkdtemp(join(tmpdir(), "lifeboat-lint-"));
after(() => rm(root, { recursive: true }));

/** File, content, what the linter says. */
const BREACHES: readonly (readonly [string, string, RegExp])[] = [
  [
    "os/a.ts",
    'import { selectModules } from "kmod-parse/select";\nexport const a = selectModules;\n',
    /os\/ may not import from kernel-modules\//,
  ],
  ["set/a.ts", 'import { plan } from "../builder/a.ts";\nexport const a = plan;\n', /set\/ may not import from builder\//],
  [
    "builder/b.ts",
    'import { spawn } from "child_process";\nexport const b = spawn;\n',
    /os\/exec\.ts is the only file that starts a process/,
  ],
  ["machine/c.ts", 'import { readFile } from "fs/promises";\nexport const c = readFile;\n', /reaches the system only through #os/],
  ["formats/d.ts", "export const d = (): number => new Date().getTime();\n", /The clock is a parameter/],
  ["formats/e.ts", "export const e = (): unknown => globalThis.process;\n", /'globalThis'/],
  ["kernel-modules/f.ts", 'import { LifeboatError } from "#os/error";\nexport const f = LifeboatError;\n', /a package of its own/],
  ...["set/catalogue.ts", "initrd-agent/network-names.ts", "initrd-agent/requested-media.ts", "builder/explain-name.ts"].map(
    (path) => [path, 'import { exists } from "#os/files";\nexport const g = exists;\n', /This file is pure/] as const,
  ),
  ["builder/h.ts", "export const h = (a: 1, b: 1, c: 1, d: 1): number => a + b + c + d;\n", /too many parameters/],
];

test("the linter refuses each breach of the rules on rooms, pure files and sizes", async () => {
  await cp(join(here, "oxlint.config.ts"), join(root, "oxlint.config.ts"));
  await symlink(join(here, "node_modules"), join(root, "node_modules"));
  for (const [path, content] of BREACHES) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  const linter = join(here, "node_modules/.bin/oxlint");
  const { stdout } = await run([linter, "--format", "json"], { cwd: root, okCodes: [1] });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly { filename: string; message: string; help?: string }[] };
  for (const [path, , said] of BREACHES) {
    const texts = diagnostics.filter(({ filename }) => filename === path).map(({ message, help }) => `${message} ${help ?? ""}`);
    assert.ok(
      texts.some((text) => said.test(text)),
      `${path}: ${texts.join("\n")}`,
    );
  }
});
