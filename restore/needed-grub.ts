// What the restored machine must have of its own to install GRUB for BIOS, looked for among the files of a set.

import { GRUB_BIOS_DIRECTORIES, GRUB_BIOS_FILES, GRUB_INSTALLERS, PROGRAM_DIRECTORIES } from "../machine/distributions.ts";
import type { ByteText } from "../formats/tar-read.ts";

export interface GrubSearch {
  /** Told every path that will be there. */
  look(path: ByteText): void;
  /** What was not found, in words that follow a colon. */
  problems(): readonly string[];
}

export function grubSearch(): GrubSearch {
  const programs = PROGRAM_DIRECTORIES.flatMap((directory) => GRUB_INSTALLERS.map((name) => `${directory}/${name}`));
  const parts = GRUB_BIOS_DIRECTORIES.map((directory) => GRUB_BIOS_FILES.map((name) => `${directory}/${name}`));
  const wanted = new Set([...programs, ...parts.flat()]);
  const found = new Set<ByteText>();
  return {
    look(path) {
      if (wanted.has(path)) found.add(path);
    },
    problems() {
      const hasProgram = programs.some((path) => found.has(path));
      const hasParts = parts.some((paths) => paths.every((path) => found.has(path)));
      return [...(hasProgram ? [] : [NO_INSTALLER]), ...(hasParts ? [] : [NO_PARTS])];
    },
  };
}

export const NO_INSTALLER = `GRUB's installer (${GRUB_INSTALLERS.join(" or ")})`;
export const NO_PARTS = `GRUB's parts for BIOS (${GRUB_BIOS_FILES.join(", ")} in ${GRUB_BIOS_DIRECTORIES.join(" or ")})`;
