// What the restore engine is given by whoever runs it: the agent in the rescue system, or the command line there.

import type { DeviceId } from "../machine/model.ts";
import type { LuksHeaders } from "../set/luks-headers.ts";
import type { TargetDisk } from "./plan.ts";

export interface RestoreProgress {
  readonly what: string;
  readonly doneBytes: number;
  readonly allBytes: number;
}

/** What a step could not make right: a person has to see to it before the machine starts. */
export interface Remaining {
  /** Of the file, by its own name in the machine. */
  readonly path: string;
  readonly state: string;
}

/** Of a step that makes programs or images right. */
export interface Mended {
  /** Files that were written, made or taken away, by their own names in the machine. */
  readonly changed: readonly string[];
  readonly remaining: readonly Remaining[];
}

export interface RestoreEnvironment {
  /** Where the machine that is being restored is mounted. */
  readonly root: string;
  /** One line on every console. */
  say(line: string): void;
  /** One line in the log alone. */
  note(line: string): void;
  progress(state: RestoreProgress | undefined): void;
  /** Lifts the write protection of a disk that has passed the gate. */
  release(disk: TargetDisk): Promise<void>;
  /** Of LUKS volumes by their names, as they were given before the gate. */
  readonly passphrases?: ReadonlyMap<DeviceId, Uint8Array>;
  /** Of LUKS volumes by their names, from the set. */
  readonly luksHeaders?: LuksHeaders;
  nowMs(): number;
  /** UTC, ISO 8601. */
  now(): string;
  /** The log so far, to be copied into the restored system. */
  readonly logPath: string;
}
