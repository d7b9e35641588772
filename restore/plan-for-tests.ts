// For tests: a plan of these steps, in which nothing else happens.

import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import type { Plan, Step } from "./plan.ts";

export function planOfSteps(setId: string, steps: readonly Step[]): Plan {
  return {
    setId,
    layout: BIOS_MACHINE.layout,
    matches: [],
    steps,
    replaced: [],
    changes: [],
    keptPaths: [],
    lost: [],
    kept: [],
    warnings: [],
    openCards: [],
  };
}
