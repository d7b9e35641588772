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
const FORMATTER = join(import.meta.dirname, "../node_modules/.bin/oxfmt");

async function main(words: readonly string[]): Promise<number> {
  const [tier = "guard", ...names] = words;
  const chosen = choose(tier, names);
  if (chosen.length === 0) {
    console.error(`No scenario is called so. There are: ${SCENARIOS.map(({ name }) => name).join(" ")}`);
    return 2;
  }
  const world = makeWorld();
  const results: Result[] = [];
  const commit = await commitText();
  for (const scenario of chosen) {
    const result = await runScenario(scenario, () => scenario.run(world));
    results.push(result);
    if (tier === "matrix") await writeMatrix(commit, result);
  }
  const failed = results.filter(({ error }) => error !== undefined).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** What the record itself changes does not count. */
async function commitText(): Promise<string> {
  const { stdout: commit } = await run(["git", "describe", "--always"]);
  const { exitCode } = await run(["git", "diff", "--quiet", "HEAD", "--", ".", ":!docs/matrix.md"], { okCodes: [0, 1] });
  return `${commit.trim()}${exitCode === 0 ? "" : "-dirty"}`;
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

/** One line a scenario; those that did not run now keep their last line. The table is laid out as the formatter would. */
async function writeMatrix(commit: string, { name, seconds, error }: Result): Promise<void> {
  const old = (await readTextIfThere(MATRIX_PATH)) ?? "";
  const rows = new Map(
    [...old.matchAll(/^\| ([\w-]+) *\|.*\|$/gm)]
      .filter((row) => SCENARIOS.some((scenario) => scenario.name === row[1]))
      .map((row) => [row[1]!, row[0]]),
  );
  rows.set(name, `| ${name} | ${commit} | ${seconds} | ${error === undefined ? "passed" : "failed"} |`);
  const head = await readFile(join(import.meta.dirname, "matrix-head.md"), "utf8");
  const table = ["| scenario | commit | seconds | result |", "| --- | --- | --- | --- |", ...[...rows.values()].sort()];
  await writeAtomic(MATRIX_PATH, `${head}\n${table.join("\n")}\n`, 0o644);
  await run([FORMATTER, "--write", MATRIX_PATH]);
}

process.exitCode = await main(process.argv.slice(2));
