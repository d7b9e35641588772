// Tapes as the commands name them: what stands at the end of the set is kept in a directory for as long as a command runs.

import { LifeboatError } from "#os/error";
import { listDirectory, makeTemporaryDirectory } from "#os/files";
import type { SetSource } from "../set/set-source.ts";
import { listStore } from "./directory-store.ts";
import type { MediumChanger } from "./medium-changer.ts";
import { openTapeSet } from "./open-tape-set.ts";
import { tapeSource } from "./tape-source.ts";
import { openTransport } from "./tape-transport.ts";
import { parseTapeUrl } from "./tape-url.ts";
import type { StoredSet } from "./stored-set.ts";

/** A tape's URL, and behind it the directory. */
const STAGED = /^((?:tape|obdr):[^#]*)#(\/.*)$/s;

export function isStagedTape(place: string): boolean {
  return STAGED.test(place);
}

/** Calls `work` with a place that this file understands, and with what shows it as the URL. */
export async function withStagedTape<T>(url: string, work: (place: string, shown: (text: string) => string) => Promise<T>): Promise<T> {
  await using staging = await makeTemporaryDirectory("lifeboat-tape-");
  const place = `${url.replace(/#.*$/s, "")}#${staging.path}`;
  return work(place, (text) => text.split(place).join(url));
}

/** The set that ends on the tape in the drive, or on the one that is asked for. */
export async function openStagedTape(place: string, changer: MediumChanger): Promise<SetSource> {
  const { device, staging } = readPlace(place);
  return tapeSource(await openTapeSet({ transport: openTransport(device), changer, openDrive: openTransport, staging }));
}

export async function stagedTapeSets(place: string, changer: MediumChanger): Promise<readonly StoredSet[]> {
  const { device, staging } = readPlace(place);
  if ((await listDirectory(staging)).length === 0) {
    const { position } = await openTapeSet({ transport: openTransport(device), changer, openDrive: openTransport, staging });
    await position.transport.release();
  }
  return listStore(staging);
}

function readPlace(place: string): { readonly device: string; readonly staging: string } {
  const [, url = "", staging = ""] = STAGED.exec(place) ?? [];
  const medium = parseTapeUrl(url);
  if (medium !== undefined) return { device: medium.path, staging };
  throw new LifeboatError(`Cannot open "${place}" as it must be a tape: it is none`, { exitCode: 2 });
}
