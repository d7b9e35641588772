// For tests: a file that stands for the machine's disk, and the plan that puts a set on it.

import assert from "node:assert/strict";
import { run } from "#os/exec";
import { isRoot } from "#os/user";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import type { FileSystem } from "../machine/model.ts";
import { planOfSteps } from "./plan-for-tests.ts";
import type { Plan, Step } from "./plan.ts";

const NO_LOOP = "no file can be attached to a loop device here";

/** A new file as a block device. Undefined where there are no loop devices. */
export async function attachDisk(image: string, sizeMiB: number): Promise<string | undefined> {
  await run(["truncate", "-s", `${sizeMiB}M`, image]);
  const { exitCode, stdout } = await run(["losetup", "--find", "--show", image], { okCodes: [0, 1, 127] });
  return exitCode === 0 ? stdout.trim() : undefined;
}

export async function detachDisk(device: string | undefined): Promise<void> {
  if (device !== undefined) await run(["losetup", "--detach", device]);
}

/** Skips a test that needs the disk, and says why. `whyNot`: what else it needs and is not here. */
export function skipsWithoutDisk(context: { skip(why: string): void }, device: string | undefined, whyNot?: string): boolean {
  const why = whyNot ?? (isRoot() ? undefined : "only root can mount") ?? (device === undefined ? NO_LOOP : undefined);
  if (why !== undefined) context.skip(why);
  return why !== undefined;
}

/** BIOS_MACHINE's first, with inodes for a small disk. */
export function smallExt4(inodeCount: number): FileSystem {
  const [ext] = BIOS_MACHINE.layout.fileSystems;
  if (ext?.parameters.kind !== "ext") return assert.fail();
  return { ...ext, parameters: { ...ext.parameters, inodeCount, reservedBlocks: 100 } };
}

export interface DiskOfSet {
  readonly device: string;
  readonly setId: string;
  readonly sizeMiB: number;
  readonly inodeCount: number;
}

/** One ext4 with all files on it, and `more` steps before all is unmounted. */
export function planOnto({ device, setId, sizeMiB, inodeCount }: DiskOfSet, more: readonly Step[]): Plan {
  const steps: readonly Step[] = [
    { kind: "make-filesystem", devices: [{ path: device, sizeBytes: sizeMiB * 2 ** 20 }], fileSystem: smallExt4(inodeCount) },
    { kind: "mount", device, path: "/", type: "ext4", options: [], fsRoot: "/" },
    { kind: "extract", paths: 3, streamBytes: 1 },
    ...more,
    { kind: "unmount" },
  ];
  return planOfSteps(setId, steps);
}

/** What follows the extraction of a machine that needs nothing else. */
export const LAST_STEPS: readonly Step[] = [{ kind: "set-flags" }, { kind: "check", paths: 3 }, { kind: "write-mark" }];
