// GNU tar as the reader: what fails as a whole is told apart from single files.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startTarSource } from "./tar-source.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-source-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

async function finished(namesPath: string, root: string) {
  await using source = await startTarSource(namesPath, root);
  for await (const _ of source.output) continue;
  return source.finish();
}

const names = join(scratch, "names");
writeFileSync(names, "here\0gone\0");
writeFileSync(join(scratch, "here"), "");

test("a file that is gone is told, a root or a list of names that is not there ends it all", async () => {
  const changed = [{ path: "/gone", what: "it was removed before it was read" }];
  assert.deepEqual(await finished(names, scratch), { changed, unreadable: [], fatal: [] });
  const message = /^Cannot read the files as GNU tar must give them: .*Error is not recoverable: exiting now$/;
  await assert.rejects(finished(`${names}x`, scratch), { name: "LifeboatError", message });
  await assert.rejects(finished(names, `${scratch}/none`), { name: "LifeboatError", message });
});

test("a tar that is ended from outside is no archive", async () => {
  // More than the pipe and our memory take: it cannot have come to its end by itself.
  writeFileSync(join(scratch, "large"), Buffer.alloc(8 * 1024 * 1024));
  writeFileSync(join(scratch, "large-names"), "large\0");
  await using source = await startTarSource(join(scratch, "large-names"), scratch);
  await source[Symbol.asyncDispose]();
  await assert.rejects(source.finish(), { name: "LifeboatError", message: /exit code none$/ });
});
