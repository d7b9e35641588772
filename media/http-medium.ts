// A directory of a web server as a medium.

import { LifeboatError } from "#os/error";
import { writeChunks } from "#os/files";
import { httpGet } from "#os/http";
import type { Medium } from "./medium.ts";

/** Small files are small; a server that sends more has another file there. */
const SMALL_BYTES = 65_536;

/** `url` has no slash at its end. Nothing is asked of the server yet. */
export function openHttpMedium(url: string): Medium {
  return {
    url,
    description: url,
    localPath: () => undefined,
    readSmall: (name) => readSmall(`${url}/${name}`),
    copyTo: (name, path) => writeChunks(path, httpGet(`${url}/${name}`)),
    close: async () => undefined,
  };
}

async function readSmall(url: string): Promise<string | undefined> {
  let text = "";
  try {
    for await (const chunk of httpGet(url)) {
      text += String.fromCharCode(...chunk.subarray(0, SMALL_BYTES - text.length));
      if (text.length >= SMALL_BYTES) break;
    }
  } catch (error) {
    if (error instanceof LifeboatError && /: the server answered 40[34]\b/.test(error.message)) return undefined;
    throw error;
  }
  return text;
}
