// What every stage is given: the boot words, the image's own facts, the consoles, and what has been found so far.

import type { ModuleTable } from "kmod-parse/module-table";
import type { WorkerShell } from "#os/worker-shell";
import type { BlockDevice } from "../machine/block-devices.ts";
import type { Medium } from "../media/medium.ts";
import type { ImageManifest } from "../set/image-manifest.ts";
import type { BootWords } from "./boot-words.ts";
import type { Console } from "./console.ts";

export interface AgentContext {
  readonly words: BootWords;
  readonly image: ImageManifest;
  readonly modules: ModuleTable;
  readonly console: Console;
  readonly shell: WorkerShell;
  readonly state: AgentState;
}

/** The only values of the agent that change. */
export interface AgentState {
  /** Whether `tools.squashfs` has been taken in, so that its modules can be loaded. */
  toolsTakenIn: boolean;
  medium: Medium | undefined;
  /** Modules loaded by name, in the kernel's spelling. */
  readonly loaded: Set<string>;
  /** Modules that were tried and found no device of theirs. */
  readonly declined: Set<string>;
  /** Modules that would not load, with the reason. */
  readonly failed: Map<string, string>;
  /** Disks set read-only, by kernel name. */
  readonly readOnlyDisks: Set<string>;
  disks: readonly BlockDevice[];
  networkReady: boolean;
  /** When the last network interface was switched on, on the clock of `nowMs`: links need a while from then. */
  interfacesRaisedMs: number | undefined;
}

export function newState(loaded: readonly string[]): AgentState {
  return {
    toolsTakenIn: false,
    medium: undefined,
    loaded: new Set(loaded),
    declined: new Set(),
    failed: new Map(),
    readOnlyDisks: new Set(),
    disks: [],
    networkReady: false,
    interfacesRaisedMs: undefined,
  };
}
