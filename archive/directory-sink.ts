// Volumes as files in the set's own directory.

import { createFile } from "#os/file-writer";
import type { VolumeSink } from "./frame-writer.ts";

export function directorySink(directory: string): VolumeSink {
  return { open: (name) => createFile(`${directory}/${name}`) };
}
