// The compare mode after the stages: the machine on its disks against its set. Nothing is written but a list in memory.

import { nowMs } from "#os/clock";
import { LifeboatError } from "#os/error";
import { writeFile } from "#os/files";
import { isKernelDirectory, newPaths } from "../archive/new-paths.ts";
import { utf8Encode } from "../formats/text.ts";
import { byPath, compareSet, type PathDifference } from "../restore/compare-set.ts";
import { openMachine } from "../restore/open-machine.ts";
import { comparedLine, differenceText } from "../ui/compare-text.ts";
import type { AgentContext, Comparing } from "./context.ts";
import { progressDrawer } from "./progress-drawer.ts";

export const DIFFERENCES_PATH = "/run/lifeboat/differences";

/** Lines that a screen shows; the file has all. */
const SHOWN = 15;

/** Returns when the operator can take over. */
export async function runCompare({ console, state }: AgentContext, root = "/mnt/lifeboat"): Promise<void> {
  if (state.compare === undefined) return;
  try {
    await compare(state.compare, { console, root });
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    console.say(`lifeboat: compare failed (${error.exitCode}): ${error.message}`);
    if (error.hint !== undefined) console.say(`lifeboat:   ${error.hint}`);
  }
}

interface Surroundings extends Pick<AgentContext, "console"> {
  readonly root: string;
}

async function compare({ set, machine, keys }: Comparing, { console, root }: Surroundings): Promise<void> {
  await using opened = await openMachine({ machine, root, keys });
  const closed = opened.closed.map(({ path }) => path);
  for (const { path, why } of opened.closed) console.say(`lifeboat: ${path} is not compared: ${why}`);
  const isClosed = (path: string) => closed.some((place) => path === place || path.startsWith(`${place}/`));
  const progress = progressDrawer(console, nowMs);
  const { checked, differences, paths } = await compareSet({
    set,
    root,
    isWanted: (path) => !isClosed(path) && !isKernelDirectory(path),
    progress: (doneBytes, allBytes) => progress({ what: "comparing", doneBytes, allBytes }),
  });
  const { manifest } = set;
  const news = await newPaths({ manifest, root, only: ["/"], isExcluded: isClosed, isInSet: paths.has, remark: console.note });
  progress(undefined);
  const found = byPath([...differences, ...news], new Set());
  await tell(found, console);
  console.say(`lifeboat: ${comparedLine({ setId: manifest.id, root: "the disks", checked, differences: found })}`);
}

async function tell(found: readonly PathDifference[], console: AgentContext["console"]): Promise<void> {
  const lines = found.map(differenceText);
  await writeFile(DIFFERENCES_PATH, utf8Encode(lines.map((line) => `${line}\n`).join("")));
  for (const line of lines.slice(0, SHOWN)) console.say(`lifeboat:   ${line}`);
  if (lines.length > SHOWN) console.say(`lifeboat:   ... and ${lines.length - SHOWN} more`);
  if (lines.length > 0) console.say(`lifeboat: all of it is in ${DIFFERENCES_PATH}; nothing has been written to the disks`);
}
