// Tapes as the commands name them, by a drive's URL.

import { LifeboatError } from "#os/error";
import { makeTemporaryDirectory } from "#os/files";
import type { SetSource } from "../set/set-source.ts";
import { listStore } from "./directory-store.ts";
import { NOBODY, type MediumChanger } from "./medium-changer.ts";
import { openTapeSet } from "./open-tape-set.ts";
import type { StoredSet } from "./stored-set.ts";
import { tapeSource, type TapeSetPlace } from "./tape-source.ts";
import { openTransport } from "./tape-transport.ts";
import { parseTapeUrl } from "./tape-url.ts";

interface TapeOptions {
  readonly changer?: MediumChanger;
  readonly cleanUp?: AsyncDisposableStack;
  readonly acceptsDamage?: boolean;
}

/** The set that ends on the tape in the drive, or on the one that is asked for. */
export async function openTapeUrl(url: string, options: TapeOptions): Promise<SetSource> {
  return tapeSource((await openUrl(url, options)).set);
}

export async function setsOnTape(url: string, options: TapeOptions): Promise<readonly StoredSet[]> {
  const { staging } = await openUrl(url, options);
  return (await listStore(staging)).map((set) => ({ ...set, path: url }));
}

/** What stands at the end of the set is kept in a directory as long as it is read. */
async function openUrl(
  url: string,
  { changer = NOBODY, cleanUp = new AsyncDisposableStack(), acceptsDamage = false }: TapeOptions,
): Promise<{ readonly set: TapeSetPlace; readonly staging: string }> {
  const medium = parseTapeUrl(url);
  if (medium === undefined) throw new LifeboatError(`Cannot open "${url}" as it must be a tape: it is none`, { exitCode: 2 });
  const { path: staging } = cleanUp.use(await makeTemporaryDirectory("lifeboat-tape-"));
  const set = await openTapeSet({ transport: openTransport(medium.path), changer, openDrive: openTransport, staging, acceptsDamage });
  cleanUp.defer(() => set.position.transport.release());
  return { set, staging };
}
