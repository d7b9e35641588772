// For tests: surroundings in which nobody looks, and no time passes.

import type { RestoreEnvironment } from "./engine.ts";

export function quietEnvironment(root: string, logPath = "/nonexistent"): RestoreEnvironment {
  return {
    root,
    say: () => undefined,
    note: () => undefined,
    progress: () => undefined,
    release: async () => undefined,
    nowMs: () => 0,
    now: () => "2026-11-22T00:00:00.000Z",
    logPath,
  };
}
