// Whether a frame gets smaller at all: three samples tell, in a hundredth of the time that trying it all would take.

import { sampleSize } from "#os/compression";

const SAMPLE_BYTES = 32 * 1024;
/** Below this share of its size a sample is worth it. */
const WORTHWHILE = 0.96;

export function worthSqueezing(content: Uint8Array): boolean {
  if (content.length < 4 * SAMPLE_BYTES) return true;
  const last = content.length - SAMPLE_BYTES;
  const samples = [0, last / 2, last].map((start) => content.subarray(Math.floor(start), Math.floor(start) + SAMPLE_BYTES));
  const squeezed = samples.reduce((total, sample) => total + sampleSize(sample), 0);
  return squeezed < WORTHWHILE * samples.length * SAMPLE_BYTES;
}
