// `npm run bench:build`: what building a rescue medium costs, beside dracut, mkinitramfs and ReaR on the same kernel (docs/benchmarks.md).

import { parseArgs } from "node:util";
import { makeDirectory } from "#os/files";
import { BENCH_DIRECTORY, contestants, prepareKernel } from "./bench/contestants.ts";
import { measureAll, prepareAll } from "./bench/rounds.ts";
import { formatTable, medianRows, rowsJson } from "./bench/table.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "3" }, json: { type: "boolean", default: false }, only: { type: "string", multiple: true } },
});
const say = (text: string) => console.log(text);

await makeDirectory(BENCH_DIRECTORY);
const kernel = await prepareKernel();
say(`kernel ${kernel.release} for all; medians of ${values.runs} runs, taken in turns`);
const chosen = contestants(kernel).filter(({ name }) => values.only === undefined || values.only.includes(name));
const ready = await prepareAll(chosen, say);
const samples = await measureAll(ready, Number(values.runs), say);
const rows = medianRows(samples, (name) => ready.find((contestant) => contestant.name === name)!.what);
say(`\n${formatTable(rows, "dracut")}\n`);
say("CPU is user and system time of all processes; peak is the largest resident set of any one of them.");
if (values.json) console.log(rowsJson(rows));
