// All end-to-end scenarios, in the order they run.

import type { Scenario } from "./scenario.ts";
import { COMPARE } from "./scenarios/compare.ts";
import { BOOT_PATHS } from "./scenarios/boot-paths.ts";
import { IMAGE_BYTES } from "./scenarios/image-bytes.ts";
import { ON_DISCS } from "./scenarios/discs.ts";
import { FAILURES } from "./scenarios/failures.ts";
import { GATE } from "./scenarios/gate.ts";
import { GUESTS } from "./scenarios/guests.ts";
import { HARDWARE } from "./scenarios/hardware.ts";
import { NETWORK } from "./scenarios/network.ts";
import { RESTORES } from "./scenarios/restores.ts";
import { ROUND_TRIPS } from "./scenarios/round-trip.ts";
import { SERVE } from "./scenarios/serve.ts";
import { SET_PLACES } from "./scenarios/set-places.ts";
import { STICKS } from "./scenarios/sticks.ts";
import { STORAGE } from "./scenarios/storage.ts";
import { TAPES } from "./scenarios/tapes.ts";

export const SCENARIOS: readonly Scenario[] = [
  ...IMAGE_BYTES,
  ...BOOT_PATHS,
  ...HARDWARE,
  ...NETWORK,
  ...FAILURES,
  ...GUESTS,
  ...ROUND_TRIPS,
  ...GATE,
  ...RESTORES,
  ...SET_PLACES,
  ...SERVE,
  ...ON_DISCS,
  ...STICKS,
  ...STORAGE,
  ...TAPES,
  ...COMPARE,
];
