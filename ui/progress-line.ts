// One line that says how far a long work has come; redrawn in place on a terminal.

export interface Progress {
  readonly what: string;
  readonly doneBytes: number;
  readonly allBytes: number;
  readonly files: number | undefined;
  /** Since the work began. */
  readonly elapsedMs: number;
}

/** At most 79 columns: `archiving  43 %  412 of 950 MiB  6123 files  88 MiB/s  6 s left`. */
export function progressLine({ what, doneBytes, allBytes, files, elapsedMs }: Progress): string {
  const share = allBytes === 0 ? 1 : Math.min(1, doneBytes / allBytes);
  const rate = elapsedMs < 500 ? 0 : doneBytes / (elapsedMs / 1000);
  const left = rate === 0 ? "" : `  ${duration(Math.max(0, allBytes - doneBytes) / rate)} left`;
  const parts = [
    `${what} ${String(Math.floor(share * 100)).padStart(3)} %`,
    `${mebibytes(doneBytes)} of ${mebibytes(allBytes)} MiB`,
    ...(files === undefined ? [] : [`${files} files`]),
    ...(rate === 0 ? [] : [`${mebibytes(rate)} MiB/s`]),
  ];
  return `${parts.join("  ")}${left}`.slice(0, 79);
}

/** `7 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
