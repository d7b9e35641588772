// `npm run bench:boot`: guest seconds until ready, Lifeboat beside ReaR, with the images that `npm run bench:build` left (docs/benchmarks.md).

import { join } from "node:path";
import { parseArgs } from "node:util";
import { exists } from "#os/files";
import { bootOnce, LIFEBOAT, REAR, type BootSubject, type BootTimes } from "./bench/boot.ts";
import { BENCH_DIRECTORY, findOutput, REAR_OUTPUT } from "./bench/contestants.ts";
import { median } from "./bench/table.ts";

const { values } = parseArgs({ options: { runs: { type: "string", default: "3" }, json: { type: "boolean", default: false } } });

interface Subject {
  readonly how: BootSubject;
  readonly iso: string;
}

async function subjects(): Promise<readonly Subject[]> {
  const ours = join(BENCH_DIRECTORY, "lifeboat-cold.iso");
  const small = join(BENCH_DIRECTORY, "lifeboat-small.iso");
  const written = join(BENCH_DIRECTORY, "peers/rear/written");
  const rear = (await exists(written)) ? await findOutput(written, REAR_OUTPUT) : undefined;
  const all = [
    { how: LIFEBOAT, iso: ours },
    { how: { ...LIFEBOAT, name: "lifeboat small" }, iso: small },
    { how: REAR, iso: rear ?? join(written, "rear.iso") },
  ];
  const there: Subject[] = [];
  for (const subject of all) {
    if (await exists(subject.iso)) there.push(subject);
    else console.log(`skipped: ${subject.how.name}: no "${subject.iso}"; run npm run bench:build first`);
  }
  return there;
}

/** In turns, so that whatever else the machine does hits all alike. */
async function bootAll(all: readonly Subject[], rounds: number): Promise<ReadonlyMap<string, readonly BootTimes[]>> {
  const times = new Map<string, BootTimes[]>(all.map(({ how }) => [how.name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const { how, iso } of all) {
      const once = await bootOnce(how, iso, join(BENCH_DIRECTORY, "boot"));
      times.get(how.name)?.push(once);
      console.log(`  round ${round}  ${how.name.padEnd(14)} guest ${once.guestS.toFixed(1)} s, wall ${once.wallS.toFixed(1)} s`);
    }
  }
  return times;
}

const times = await bootAll(await subjects(), Number(values.runs));
const rows = [...times].map(([name, runs]) => ({
  name,
  guestS: median(runs.map(({ guestS }) => guestS)),
  wallS: median(runs.map(({ wallS }) => wallS)),
}));
const yard = rows.find(({ name }) => name === REAR.name)?.guestS;
console.log("\n|                | guest s | guest / rear | wall s |\n| ---            |     --: |          --: |    --: |");
for (const { name, guestS, wallS } of rows) {
  const part = yard === undefined ? "-" : (guestS / yard).toFixed(3);
  console.log(`| ${name.padEnd(14)} | ${guestS.toFixed(1).padStart(7)} | ${part.padStart(12)} | ${wallS.toFixed(1).padStart(6)} |`);
}
console.log("\nGuest seconds run from the kernel's start; wall seconds from the key at the boot menu. Medians.");
if (values.json) console.log(JSON.stringify({ rows }));
