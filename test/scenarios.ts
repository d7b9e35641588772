// All end-to-end scenarios, in the order they run.

import type { Scenario } from "./scenario.ts";
import { BOOT_PATHS } from "./scenarios/boot-paths.ts";
import { IMAGE_BYTES } from "./scenarios/image-bytes.ts";

export const SCENARIOS: readonly Scenario[] = [...IMAGE_BYTES, ...BOOT_PATHS];
