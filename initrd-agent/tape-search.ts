// The set of an image that was written to tape: the drive, its mode, the tapes that are asked for on the consoles.

import { nowMs, sleep } from "#os/clock";
import { LifeboatError } from "#os/error";
import { makeDirectory, removeTree } from "#os/files";
import type { FoundSet } from "../media/find-store.ts";
import type { MediumChanger } from "../media/medium-changer.ts";
import { identifyIfThere } from "../media/tape-reel.ts";
import { openTapeSet } from "../media/open-tape-set.ts";
import { leaveCdMode, obdrDrives, tapeDrives } from "../media/tape-drives.ts";
import { tapeSource } from "../media/tape-source.ts";
import { openTransport, type TapeTransport } from "../media/tape-transport.ts";
import { coldplug, loadModules } from "./coldplug.ts";
import type { AgentContext } from "./context.ts";
import { restoreWords } from "./restore-words.ts";

/** Where what stands at the end of the set is kept. */
const STAGING = "/run/lifeboat/tape";
/** A drive that has just been a CD drive, or was switched on late. */
const SEARCH_MS = 60_000;
const PAUSE_MS = 1000;

interface TapeSearch {
  readonly id: string;
  /** As the drive was called when the set was written. */
  readonly device: string;
  readonly changer: MediumChanger;
}

/** Its last tape is asked for when it is not in. Throws LifeboatError when there is no drive. */
export async function openSetOnTape(context: AgentContext, { id, device, changer }: TapeSearch): Promise<FoundSet> {
  const { console, words } = context;
  const drives = await waitForDrives(context);
  const transport = await driveWith(drives, { id, device });
  console.say(`lifeboat: tape drive ${transport.device}`);
  await removeTree(STAGING);
  await makeDirectory(STAGING, 0o700);
  const set = await openTapeSet({
    transport,
    changer,
    openDrive: openTransport,
    staging: STAGING,
    id,
    acceptsDamage: restoreWords(words).acceptDamage,
  });
  const tapes = set.index.tapes === 1 ? "a tape" : `${set.index.tapes} tapes`;
  return {
    source: tapeSource(set),
    place: `${tapes} in ${set.position.transport.device}`,
    device: undefined,
    close: () => rewind(set.position.transport),
  };
}

async function waitForDrives(context: AgentContext): Promise<readonly string[]> {
  const { console, shell } = context;
  await loadModules(context, ["st", "sg"]);
  for (const endMs = nowMs() + SEARCH_MS; nowMs() < endMs; await sleep(PAUSE_MS)) {
    const drives = tapeDrives();
    if (drives.length > 0) return drives;
    for (const drive of obdrDrives()) {
      requireToolsInMemory(context);
      console.say(`lifeboat: CD /dev/${drive.name} is a tape drive in its CD mode: switching it back`);
      await leaveCdMode(drive, shell.run);
    }
    await coldplug(context);
  }
  throw new LifeboatError("Cannot look for the set on tape as there must be a tape drive: there is none", {
    hint: "Switch the drive on, see that its adapter's driver is loaded, and boot again",
  });
}

/** The CD that they came from is gone when the drive is a tape drive again. */
function requireToolsInMemory({ state }: AgentContext): void {
  if (!state.mediumMustStay) return;
  throw new LifeboatError(
    "Cannot restore from the tape as the tools must be in memory before its drive is switched: there is too little for a copy",
    {
      hint: "Give the machine more memory, or start it from another medium",
    },
  );
}

/** The drive whose tape is one of the set; else the one of the same name, else the first. */
async function driveWith(drives: readonly string[], { id, device }: Omit<TapeSearch, "changer">): Promise<TapeTransport> {
  const inOrder = [...drives].sort((a, b) => Number(b === device) - Number(a === device));
  for (const name of inOrder.length > 1 ? inOrder : []) {
    const transport = openTransport(name);
    const content = await identifyIfThere(transport);
    if (content?.kind === "lifeboat" && content.label.set === id) return transport;
    await transport.release();
  }
  return openTransport(inOrder[0]!);
}

async function rewind(transport: TapeTransport): Promise<void> {
  await transport.rewind();
  await transport.release();
}
