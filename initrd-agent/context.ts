// What every stage is given: the boot words, the image's own facts, the consoles, and what has been found so far.

import type { ModuleTable } from "kmod-parse/module-table";
import type { WorkerShell } from "#os/worker-shell";
import type { BlockDevice } from "../machine/block-devices.ts";
import type { Machine } from "../machine/model.ts";
import type { Superblock } from "../machine/superblock.ts";
import type { FoundSet } from "../media/find-store.ts";
import type { Medium } from "../media/medium.ts";
import type { LuksKeys } from "../restore/luks-keys.ts";
import type { PreparedRestore } from "../restore/prepare.ts";
import type { ImageManifest } from "../set/image-manifest.ts";
import type { OpenSet } from "../set/open-set.ts";
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
  /** The tools layer is read from the medium all the time: it may not be taken out. */
  mediumMustStay: boolean;
  /** A medium was found and its tools layer could not be used: looking at it again by ourselves would tell the same. */
  mediumRefused: boolean;
  medium: Medium | undefined;
  /** Of the medium that was found, also when it is closed again. */
  mediumUrl: string | undefined;
  /** What nuke will do, from the hand-off on. */
  restore: { readonly prepared: PreparedRestore; readonly found: FoundSet; readonly passphrases: LuksKeys } | undefined;
  /** What compare will do, from the hand-off on. */
  compare: Comparing | undefined;
  /** Modules loaded by name, in the kernel's spelling. */
  readonly loaded: Set<string>;
  /** Modules that were tried and found no device of theirs. */
  readonly declined: Set<string>;
  /** Modules that would not load, with the reason. */
  readonly failed: Map<string, string>;
  /** Block devices that have been set read-only, or tried in vain; see protect-disks.ts for the keys. */
  readonly protectedDevices: Set<string>;
  /** What was found on them, by the same keys. */
  readonly superblocks: Map<string, Superblock | undefined>;
  /** Links below /dev/disk that are there now: path and kernel name. */
  diskLinks: ReadonlyMap<string, string>;
  /** Ends when the links are as the last look at the disks wants them. */
  linking: Promise<void>;
  disks: readonly BlockDevice[];
  /** How long a module may take to start, in milliseconds. */
  moduleLimitMs: number;
  networkReady: boolean;
  /** What the clock has been set from; undefined as long as nobody knows what time it is. */
  clock: "machine" | "web" | "word" | undefined;
  /** When the last network interface was switched on, on the clock of `nowMs`: links need a while from then. */
  interfacesRaisedMs: number | undefined;
}

export interface Comparing {
  readonly set: OpenSet;
  readonly machine: Machine;
  /** Of its LUKS volumes. */
  readonly keys: LuksKeys;
}

export function newState(loaded: readonly string[]): AgentState {
  return {
    toolsTakenIn: false,
    mediumMustStay: false,
    mediumRefused: false,
    medium: undefined,
    mediumUrl: undefined,
    restore: undefined,
    compare: undefined,
    loaded: new Set(loaded),
    declined: new Set(),
    failed: new Map(),
    protectedDevices: new Set(),
    superblocks: new Map(),
    diskLinks: new Map(),
    linking: Promise.resolve(),
    disks: [],
    moduleLimitMs: 60_000,
    networkReady: false,
    clock: undefined,
    interfacesRaisedMs: undefined,
  };
}
