// Discs in drives: what is in which, and the one that is wanted, from whichever drive it is put into.

import { LifeboatError } from "#os/error";
import { readBlockDevices } from "../machine/block-devices.ts";
import { discsOf, type IsoDisc } from "./iso-sets.ts";
import { openIso } from "./iso-store.ts";
import { mediumText, type MediumChanger } from "./medium-changer.ts";

export interface DriveRack {
  /** Paths of the drives in which discs may be; asked each time, as drives are plugged in. */
  drives(): readonly string[];
  readonly changer: MediumChanger;
}

/** The machine's own. */
export function opticalDrives(): readonly string[] {
  return readBlockDevices().flatMap(({ name, kind }) => (kind === "optical" ? [`/dev/${name}`] : []));
}

export interface WantedDisc {
  readonly setId: string;
  readonly number: number | "last";
  /** The drive that a person is told of. */
  readonly drive: string;
}

export interface PlacedDisc {
  readonly drive: string;
  readonly disc: IsoDisc;
}

/** Looks into all drives first. Throws what the changer throws. */
export async function wantedDisc(wanted: WantedDisc, { drives, changer }: DriveRack): Promise<PlacedDisc> {
  const { setId, number, drive } = wanted;
  const all = () => [...new Set([drive, ...drives()])];
  let found = await findIn(all(), wanted);
  let problem: string | undefined;
  while (found === undefined) {
    const arrived = await arrivals(all, wanted);
    const place = await changer.next({ what: "disc", use: "read", number, setId, place: drive, problem, arrived });
    found = await findIn([place, ...all()], wanted);
    problem = `in ${place} is ${contentText(await discsIn(place))}`;
  }
  return found;
}

async function findIn(drives: readonly string[], wanted: WantedDisc): Promise<PlacedDisc | undefined> {
  for (const drive of drives) {
    const disc = wantedOf(wanted, await discsIn(drive));
    if (disc !== undefined) return { drive, disc };
  }
  return undefined;
}

function wantedOf({ setId, number }: WantedDisc, discs: readonly IsoDisc[] | undefined): IsoDisc | undefined {
  return discs?.find(({ id, note }) => id === setId && (number === "last" ? note.isLast : note.disc === number));
}

/** Undefined where there is no disc, or none that can be read. */
export async function discsIn(drive: string): Promise<readonly IsoDisc[] | undefined> {
  try {
    const iso = await openIso(drive);
    return iso === undefined ? undefined : await discsOf(iso);
  } catch (error) {
    if (error instanceof LifeboatError) return undefined;
    throw error;
  }
}

function contentText(discs: readonly IsoDisc[] | undefined): string {
  if (discs === undefined) return "no disc that can be read";
  const names = discs.map(({ id, note }) => mediumText({ what: "disc", number: note.disc, setId: id }));
  return names.length === 0 ? "a disc without a set" : names.join(" and ");
}

/** Returns what finds the drive that the wanted disc is in, or that another one has come into since it was called last. */
async function arrivals(drives: () => readonly string[], wanted: WantedDisc): Promise<() => Promise<string | undefined>> {
  const textIn = (discs: readonly IsoDisc[] | undefined) => (discs === undefined ? undefined : contentText(discs));
  // What is in them now has not come.
  const seen = new Map<string, string | undefined>();
  for (const drive of drives()) seen.set(drive, textIn(await discsIn(drive)));
  return async () => {
    for (const drive of drives()) {
      const discs = await discsIn(drive);
      const [text, before] = [textIn(discs), seen.get(drive)];
      seen.set(drive, text);
      // A drive that has just been closed may fail once: the right disc is taken whenever it is seen.
      if (wantedOf(wanted, discs) !== undefined || (text !== undefined && text !== before)) return drive;
    }
    return undefined;
  };
}
