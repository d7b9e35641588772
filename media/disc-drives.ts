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
    const arrived = await arrivals(all);
    const place = await changer.next({ what: "disc", use: "read", number, setId, place: drive, problem, arrived });
    found = await findIn([place, ...all()], wanted);
    problem = `in ${place} is ${contentText(await discsIn(place))}`;
  }
  return found;
}

async function findIn(drives: readonly string[], { setId, number }: WantedDisc): Promise<PlacedDisc | undefined> {
  for (const drive of drives) {
    const disc = ((await discsIn(drive)) ?? []).find(
      ({ id, note }) => id === setId && (number === "last" ? note.isLast : note.disc === number),
    );
    if (disc !== undefined) return { drive, disc };
  }
  return undefined;
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

/** Returns what finds the drive that a disc has come into since it was called last. */
async function arrivals(drives: () => readonly string[]): Promise<() => Promise<string | undefined>> {
  const seen = new Map<string, string | undefined>();
  const look = async () => {
    for (const drive of drives()) {
      const discs = await discsIn(drive);
      const text = discs === undefined ? undefined : contentText(discs);
      const before = seen.get(drive);
      seen.set(drive, text);
      if (text !== undefined && text !== before) return drive;
    }
    return undefined;
  };
  // What is in them now has not come.
  while ((await look()) !== undefined);
  return look;
}
