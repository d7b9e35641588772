// Who fetched what from the web server, a line a file: a set is read in thousands of parts, which are counted together.

import type { WebAnswer } from "#os/web-server";

const MIB = 2 ** 20;

/** Says each whole file, and of a file that is read in parts that it is; what is asked for and not there is worth a line once. */
export function fetchLog(say: (line: string) => void): (answer: WebAnswer) => void {
  const known = new Set<string>();
  const sayOnce = (line: string) => {
    if (known.has(line)) return;
    known.add(line);
    say(line);
  };
  return ({ client, path, status, sentBytes, tookMs, isWhole }) => {
    const name = path.slice(1);
    if (status === 206) return sayOnce(`${client} reads ${name} over HTTP`);
    if (status === 404) return sayOnce(`${client} has asked for ${path}, which is not served`);
    if (status !== 200) return sayOnce(`${client} has been refused ${path}: ${status}`);
    if (!isWhole) return say(`${client} has stopped fetching ${name} over HTTP`);
    if (sentBytes > 0) say(`${client} has fetched ${name} over HTTP: ${amount(sentBytes, tookMs)}`);
  };
}

function amount(bytes: number, tookMs: number): string {
  if (bytes < MIB) return `${bytes} bytes`;
  return `${(bytes / MIB).toFixed(0)} MiB in ${(tookMs / 1000).toFixed(1)} s, ${(bytes / MIB / (tookMs / 1000)).toFixed(0)} MiB/s`;
}
