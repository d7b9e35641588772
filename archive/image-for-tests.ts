// For tests: a rescue image without boot loader, which no set needs to be found.

import { run } from "#os/exec";
import { fileInfo } from "#os/files";
import { sizesOf, type MediumFile } from "../bootloaders/medium-files.ts";
import type { MadeImage } from "./rescue-iso.ts";

/** `files`: what lies on it beside the set. */
export function imageOf(files: readonly MediumFile[]): MadeImage {
  return {
    warnings: [],
    buildId: "",
    missingPrograms: new Map(),
    files,
    async writeIso(outputPath, extraFiles) {
      const grafts = [...files, ...extraFiles].map(({ path, source }) => `${path}=${source}`);
      await run(["xorriso", "-as", "mkisofs", "-r", "-J", "-joliet-long", "-quiet", "-o", outputPath, "-graft-points", ...grafts]);
      return (await fileInfo(outputPath))?.sizeBytes ?? 0;
    },
    writeUsb: () => Promise.reject(new Error("no test boots a stick of this image")),
    // Rather more than it is.
    measureIso: async (extraFiles) => (await sizesOf([...files, ...extraFiles])).reduce((total, size) => total + size + 4096, 500_000),
    sourceDateEpoch: 1_700_000_000,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
