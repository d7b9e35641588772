// Modules that are in the image but that no device brings in by itself: display drivers, and what modprobe.d does not want.
import type { ModprobeConfig } from "./modprobe-config.ts";
import { unwantedBecause } from "./unwanted-modules.ts";

interface HeldPath {
  /** A piece of the module's path. */
  readonly path: string;
  readonly because: string;
}

export const HELD_PATHS: readonly HeldPath[] = [
  { path: "/drivers/gpu/", because: "a display driver: the rescue system stays on the firmware's console" },
  { path: "/drivers/video/fbdev/", because: "a framebuffer driver: the rescue system stays on the firmware's console" },
];

/** Why a device must not load this module, or undefined. It is still loaded when another one needs it or by its name. */
export function heldBecause(module: { readonly name: string; readonly path: string }, config: ModprobeConfig): string | undefined {
  const held = HELD_PATHS.find((entry) => `/${module.path}`.includes(entry.path));
  return held?.because ?? unwantedBecause(config, module.name);
}
