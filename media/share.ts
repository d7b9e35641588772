// A share on the network, mounted for as long as a command uses it.

import { LifeboatError } from "#os/error";
import { withMounted, type Shown } from "./mounted-place.ts";
import { mountShareCommand, parseShareUrl, SHARE_PACKAGES, type ShareMode, type ShareUrl } from "./share-url.ts";

/**
 * Calls `work` with `place`; where that is a share's URL, with the directory at which it is mounted meanwhile. Throws LifeboatError when it cannot
 * be mounted or unmounted.
 */
export async function withShare<T>(place: string, mode: ShareMode, work: (place: string, shown: Shown) => Promise<T>): Promise<T> {
  const url = parseShareUrl(place);
  if (url === undefined) return work(place, (text) => text);
  const command = (directory: string) => mountShareCommand(url, directory, mode);
  return withMounted({ place, mode, command, problem: (reason) => unmountable(place, url, reason) }, work);
}

function unmountable(place: string, url: ShareUrl, error: LifeboatError): LifeboatError {
  const reason = /saying "(.*)"$/s.exec(error.message)?.[1] ?? error.message;
  const isMissing = /no such program|helper program/.test(reason);
  return new LifeboatError(`Cannot mount "${place}" as the server must be there and let this machine in: ${reason}`, {
    cause: error,
    ...(isMissing ? { hint: `Install the package ${SHARE_PACKAGES[url.scheme]}` } : error.hint === undefined ? {} : { hint: error.hint }),
  });
}
