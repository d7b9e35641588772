// `npm run bench:build`: what building a rescue medium costs, beside dracut, mkinitramfs and ReaR on the same kernel (docs/benchmarks.md).

import { parseArgs } from "node:util";
import { makeDirectory } from "#os/files";
import { BENCH_DIRECTORY, contestants, prepareKernel, type Contestant } from "./bench/contestants.ts";
import { formatTable, medianRows, rowsJson, type Sample } from "./bench/table.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "3" }, json: { type: "boolean", default: false }, only: { type: "string", multiple: true } },
});
const say = (text: string) => console.log(text);

/** Those that can take part; who cannot is said with the reason. */
async function prepared(all: readonly Contestant[]): Promise<readonly Contestant[]> {
  const ready: Contestant[] = [];
  for (const contestant of all) {
    try {
      await contestant.prepare();
      ready.push(contestant);
    } catch (error) {
      say(`skipped: ${contestant.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return ready;
}

/** Round by round, so that whatever else the machine does hits all alike. */
async function measureAll(all: readonly Contestant[], rounds: number): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const { name, mostRuns, run } of all) {
      if (mostRuns !== undefined && round > mostRuns) continue;
      const sample = { name, ...(await run()) };
      samples.push(sample);
      say(`  round ${round}  ${name.padEnd(15)} ${sample.wallS.toFixed(1)} s, CPU ${sample.cpuS.toFixed(1)} s, ${sample.bytes} bytes`);
    }
  }
  return samples;
}

await makeDirectory(BENCH_DIRECTORY);
const kernel = await prepareKernel();
say(`kernel ${kernel.release} for all; medians of ${values.runs} runs, taken in turns`);
const chosen = contestants(kernel).filter(({ name }) => values.only === undefined || values.only.includes(name));
const ready = await prepared(chosen);
const samples = await measureAll(ready, Number(values.runs));
const rows = medianRows(samples, (name) => ready.find((contestant) => contestant.name === name)!.what);
say(`\n${formatTable(rows, "dracut")}\n`);
say("CPU is user and system time of all processes; peak is the largest resident set of any one of them.");
if (values.json) console.log(rowsJson(rows));
