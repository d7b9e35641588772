// What a benchmark is made of: contestants that are prepared, then measured in turns.

import type { Row, Sample } from "./table.ts";

export interface Contestant {
  readonly name: string;
  readonly what: Row["what"];
  /** Fewer than the others where one run takes minutes. */
  readonly mostRuns?: number;
  /** Fetches and installs what one run needs; not measured. Throws when it cannot take part. */
  prepare(): Promise<void>;
  run(): Promise<Omit<Sample, "name">>;
}

/** Prints a line. */
type Say = (text: string) => void;

/** Those that can take part; who cannot is said with the reason. */
export async function prepareAll(all: readonly Contestant[], say: Say): Promise<readonly Contestant[]> {
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
export async function measureAll(all: readonly Contestant[], rounds: number, say: Say): Promise<readonly Sample[]> {
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
