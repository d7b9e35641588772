// For tests: what restores of files mostly say.

import type { FilesRequest } from "./restore-files.ts";

export const FILES_REQUEST = {
  overwrite: false,
  acceptDamage: false,
  check: true,
  progress: () => undefined,
} as const satisfies Partial<FilesRequest>;
