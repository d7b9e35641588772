// `npm run bench:archive`: what saving and restoring a tree costs, beside tar, fsarchiver, restic, borg and afio (docs/benchmarks.md).

import { parseArgs } from "node:util";
import { makeDirectory } from "#os/files";
import { makeBinary } from "../builder/make-binary.ts";
import { archiveContestants, memoryContestant } from "./bench/archive-contestants.ts";
import { debianTree, smallFilesTree } from "./bench/archive-trees.ts";
import { ARCHIVE_DIRECTORY } from "./bench/archivers.ts";
import { BINARY, ROOT } from "./bench/contestants.ts";
import { measureAll, prepareAll } from "./bench/rounds.ts";
import { formatTable, medianRows, rowsJson } from "./bench/table.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "5" }, json: { type: "boolean", default: false }, only: { type: "string", multiple: true } },
});
const say = (text: string) => console.log(text);

await makeDirectory(ARCHIVE_DIRECTORY);
await makeBinary(ROOT, BINARY);
const tree = await debianTree(ARCHIVE_DIRECTORY);
const memory: ReturnType<typeof memoryContestant>[] = [];
for (const times of [1, 4, 16]) memory.push(memoryContestant(times, await smallFilesTree(ARCHIVE_DIRECTORY, times)));
const chosen = [...archiveContestants(tree), ...memory].filter(({ name }) => values.only === undefined || values.only.includes(name));
const ready = await prepareAll(chosen, say);
say(`medians of ${values.runs} runs, taken in turns`);
const samples = await measureAll(ready, Number(values.runs), say);
const rows = medianRows(samples, (name) => ready.find((contestant) => contestant.name === name)!.what);
say(`\n${formatTable(rows, "tar|zstd -T0")}\n`);
say("CPU is user and system time of all processes; peak is the largest resident set of any one of them, in a pipe too.");
if (values.json) console.log(rowsJson(rows));
