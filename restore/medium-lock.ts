// The disk that a rescue system came from is never a target, also when it is not mounted any more (DESIGN section 8, rule 3).

import { readTextIfThere } from "#os/files";

/** The agent notes the medium's URL here, for `lifeboat restore` in the rescue shell. */
export const MEDIUM_NOTE = "/run/lifeboat/medium-url";
const REASON = "it is the medium of this rescue system";

/** By kernel name. */
export function mediumLock(url: string | undefined): ReadonlyMap<string, string> {
  const device = /^(?:usb|cd):\/dev\/(.+)$/.exec(url ?? "")?.[1];
  return new Map(device === undefined ? [] : [[device, REASON]]);
}

/** As the agent has noted it; empty outside of a rescue system. */
export async function notedMediumLock(): Promise<ReadonlyMap<string, string>> {
  return mediumLock((await readTextIfThere(MEDIUM_NOTE))?.trim());
}
