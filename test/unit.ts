// Runs the unit tests, with a real kernel's module tree for those that want one.

import { glob } from "node:fs/promises";
import { join } from "node:path";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { failsafeKernel } from "../builder/failsafe-kernel.ts";
import { makeBinary } from "../builder/make-binary.ts";
import { defaultCacheDirectory } from "../builder/package-cache.ts";

const ROOT = join(import.meta.dirname, "..");
/** The tests share two processors; none of them takes longer than this. */
const TIMEOUT_MS = 120_000;

const files: string[] = [];
for await (const file of glob("**/*.test.ts", { cwd: ROOT, exclude: (name) => /^(?:node_modules|out|\..*)$/.test(name) })) files.push(file);
const env = await moduleTree();
// Commands that build want the agent's binary.
await makeBinary(ROOT, join(ROOT, "out/lifeboat"));
const reporter = process.argv.includes("--spec") ? "spec" : "dot";
const result = await run(["node", "--test", `--test-timeout=${TIMEOUT_MS}`, `--test-reporter=${reporter}`, ...files.sort()], {
  cwd: ROOT,
  // Each file is a process of its own, and most of them read the same hundred modules: what is left of their types is kept.
  env: { ...env, NODE_COMPILE_CACHE: join(ROOT, "out/compile-cache") },
  okCodes: [0, 1],
});
process.stdout.write(result.stdout + result.stderr);
process.exitCode = result.exitCode;

/** Without network there is none: the tests that want it say that they are skipped. */
async function moduleTree(): Promise<Record<string, string>> {
  const given = process.env["LIFEBOAT_TEST_MODULES"];
  if (given !== undefined) return { LIFEBOAT_TEST_MODULES: given };
  try {
    const { moduleDirectory } = await failsafeKernel({ cacheDirectory: defaultCacheDirectory() });
    return { LIFEBOAT_TEST_MODULES: moduleDirectory };
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    console.log(`Without a real module tree: ${error.message}`);
    return {};
  }
}
