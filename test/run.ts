// Runs end-to-end scenarios: `node test/run.ts guard`, `node test/run.ts matrix [NAME…]`, `node test/run.ts NAME…`.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "#os/exec";
import { readTextIfThere, writeAtomic } from "#os/files";
import { SCENARIOS } from "./scenarios.ts";
import type { Scenario } from "./scenario.ts";
import { makeWorld } from "./world.ts";

interface Result {
  readonly name: string;
  readonly seconds: number;
  readonly error: unknown;
}

const MATRIX_PATH = join(import.meta.dirname, "../docs/matrix.md");

async function main(words: readonly string[]): Promise<number> {
  const [tier = "guard", ...names] = words;
  const chosen = choose(tier, names);
  if (chosen.length === 0) {
    console.error(`No scenario is called so. There are: ${SCENARIOS.map(({ name }) => name).join(" ")}`);
    return 2;
  }
  const world = makeWorld();
  const results: Result[] = [];
  for (const scenario of chosen) results.push(await runScenario(scenario, () => scenario.run(world)));
  if (tier === "matrix") await writeMatrix(results);
  const failed = results.filter(({ error }) => error !== undefined).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function choose(tier: string, names: readonly string[]): readonly Scenario[] {
  if (tier === "guard" || tier === "matrix") {
    return SCENARIOS.filter((scenario) => (names.length > 0 ? names.includes(scenario.name) : scenario.tier === tier));
  }
  return SCENARIOS.filter(({ name }) => [tier, ...names].includes(name));
}

async function runScenario({ name, proves }: Scenario, action: () => Promise<void>): Promise<Result> {
  const startedMs = performance.now();
  console.log(`e2e ${name}: ${proves}`);
  let error: unknown;
  try {
    await action();
  } catch (caught) {
    error = caught;
  }
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(
    error === undefined
      ? `  ok ${seconds} s`
      : `  FAILED ${seconds} s: ${error instanceof Error ? error.stack : "a value that is no error was thrown"}`,
  );
  return { name, seconds, error };
}

/** One line a scenario; those that did not run now keep their last line. */
async function writeMatrix(results: readonly Result[]): Promise<void> {
  const commit = (await run(["git", "describe", "--always", "--dirty"])).stdout.trim();
  const old = (await readTextIfThere(MATRIX_PATH)) ?? "";
  const rows = new Map(
    [...old.matchAll(/^\| ([\w-]+) \|.*\|$/gm)]
      .filter((row) => SCENARIOS.some(({ name }) => name === row[1]))
      .map((row) => [row[1]!, row[0]]),
  );
  for (const { name, seconds, error } of results)
    rows.set(name, `| ${name} | ${commit} | ${seconds} | ${error === undefined ? "passed" : "failed"} |`);
  const head = await readFile(join(import.meta.dirname, "matrix-head.md"), "utf8");
  await writeAtomic(
    MATRIX_PATH,
    `${head}\n| scenario | commit | seconds | result |\n| --- | --- | --- | --- |\n${[...rows.values()].sort().join("\n")}\n`,
    0o644,
  );
}

process.exitCode = await main(process.argv.slice(2));
