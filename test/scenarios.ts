// All end-to-end scenarios, in the order they run.

import type { Scenario } from "./scenario.ts";
import { BOOT_PATHS } from "./scenarios/boot-paths.ts";

export const SCENARIOS: readonly Scenario[] = [...BOOT_PATHS];
