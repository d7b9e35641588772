// The agent's stages by name, in the order they run (DESIGN section 4).

export type StageName = "essential-modules" | "media" | "additional-tools" | "all-modules" | "hand-off";

export const STAGE_NAMES: readonly StageName[] = ["essential-modules", "media", "additional-tools", "all-modules", "hand-off"];
