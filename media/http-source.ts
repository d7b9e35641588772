// A set on a web server, read only: any part of any of its files.

import { httpRange, httpSize } from "#os/http";
import type { FileSource, SetSource } from "../set/set-source.ts";

/** `url` has no slash at its end. Nothing is asked of the server yet. */
export function httpSource(url: string): SetSource {
  return { ...filesBelow(url), medium: filesBelow(url.replace(/\/[^/]+$/, "")) };
}

function filesBelow(url: string): FileSource {
  // Names in a set are plain, so that nothing in them means something in a URL.
  return {
    description: url,
    sizeOf: (name) => httpSize(`${url}/${name}`),
    async read(name, offset, room) {
      if (typeof room === "number") return httpRange(`${url}/${name}`, offset, room);
      const bytes = await httpRange(`${url}/${name}`, offset, room.length);
      room.set(bytes);
      return room.subarray(0, bytes.length);
    },
  };
}
