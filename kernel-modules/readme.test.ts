import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
// oxlint-disable-next-line no-restricted-imports -- "#os" is the root package's word, which a workspace package cannot say
import { run } from "../os/exec.ts";

test("each example of the README prints what it says", async () => {
  const here = new URL(".", import.meta.url);
  const readme = await readFile(new URL("README.md", here), "utf8");
  const examples = [...readme.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1]!);
  assert.equal(examples.length, 4);
  const scratch = await mkdtemp(join(tmpdir(), "kmod-readme-"));
  for (const [index, example] of examples.entries()) {
    const file = join(scratch, `example-${index}.ts`);
    await writeFile(
      file,
      example.replace(/"kmod-parse\/([a-z-]+)"/g, (_, name: string) => JSON.stringify(new URL(`${name}.ts`, here).href)),
    );
    const expected = [...example.matchAll(/^\/\/ prints: (.*)$/gm)].map((match) => match[1]);
    const { stdout } = await run([process.execPath, file]);
    assert.deepEqual(stdout.trimEnd().split("\n"), expected, example);
  }
  await rm(scratch, { recursive: true });
});
