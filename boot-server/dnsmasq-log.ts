// dnsmasq's log read for people: which machine got an address, what it fetched, and what went wrong. Pure.

/** What a line tells; undefined for what nobody needs to know. `nameOf` knows machines by their MAC. */
export function readDnsmasqLine(line: string, nameOf: (mac: string) => string | undefined): string | undefined {
  const given = /DHCPACK\(\S+\) (\S+) ((?:[0-9a-f]{2}:){5}[0-9a-f]{2})/.exec(line);
  if (given !== null) return `${machine(given[2]!, nameOf)} has got ${given[1]}`;
  const asked = /PXE\(\S+\) (?:\S+ )?((?:[0-9a-f]{2}:){5}[0-9a-f]{2}) (\S+)/.exec(line);
  if (asked !== null) return `${machine(asked[1]!, nameOf)} ${asked[2] === "proxy" ? "asks what to boot" : `is told to boot ${asked[2]}`}`;
  const sent = /sent (\/\S.*) to (\S+)$/.exec(line);
  if (sent !== null) return `${sent[2]} has fetched ${fileName(sent[1]!)} by TFTP`;
  const failed = /(?:failed sending|error \d+ .*received from) .*/.exec(line);
  if (failed !== null) return `TFTP: ${failed[0]}`;
  return undefined;
}

/** Why it could not go on, of what it said last. */
export function dnsmasqProblem(lines: readonly string[]): string {
  const words = lines.filter((line) => line !== "").map((line) => line.replace(/^.*?dnsmasq(?:-\w+)?(?:\[\d+\])?: /, ""));
  const newestFirst = words.reverse();
  return newestFirst.find((line) => /fail|cannot|bad|illegal|unknown|in use|refused/i.test(line)) ?? newestFirst[0] ?? "it said nothing";
}

function machine(mac: string, nameOf: (mac: string) => string | undefined): string {
  const name = nameOf(mac);
  return name === undefined ? `${mac} (in no set here)` : `${mac} (${name})`;
}

/** Below the temporary root: a set's files stand in the directory of its id. */
function fileName(path: string): string {
  return path.replace(/^.*?\/lifeboat-[^/]*\/root\//, "");
}
