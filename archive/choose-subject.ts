// What an archive is of: the machine or files alone, which mounts go in, what is left out and why, and what the user should know.

import { LifeboatError } from "#os/error";
import { readTextIfThere } from "#os/files";
import { inspectMachine } from "../machine/inspect.ts";
import { inspectMounts, type MountedSystem } from "../machine/inspect-mounts.ts";
import { mountsBelow } from "../machine/layout.ts";
import type { Machine } from "../machine/model.ts";
import { ownLayout } from "../machine/own-layout.ts";
import { parseFstab } from "../machine/parse-fstab.ts";
import { layoutWarnings, restorableReasons } from "../restore/restorable.ts";
import { chooseMounts, KERNEL_DIRECTORIES, networkMounts, type MountChoice } from "./choose-mounts.ts";

export interface SubjectRequest {
  /** `/`, or where a rescue system has mounted the machine. */
  readonly root: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly withoutNetwork: boolean;
  readonly acceptUnrestorable: boolean;
  now(): Date;
  remark(text: string): void;
}

export interface LeftOut {
  readonly what: string;
  readonly reason: string;
}

export interface Subject {
  /** Undefined for files alone. */
  readonly machine: Machine | undefined;
  /** As this system has them, whatever the root is. */
  readonly allMounts: MountedSystem["mounts"];
  readonly closedMounts: readonly string[];
  readonly exclude: readonly string[];
  readonly leftOut: readonly LeftOut[];
  readonly warnings: readonly string[];
}

/** Throws LifeboatError (3) for a machine that could not be rebuilt, unless that is accepted. */
export async function chooseSubject(storePath: string, request: SubjectRequest): Promise<Subject> {
  const { root, include, withoutNetwork } = request;
  const { mounts: allMounts } = await inspectMounts();
  const mounts = mountsBelow(allMounts, root);
  const excludedDevices = request.exclude.filter((pattern) => pattern.startsWith("/dev/"));
  const exclude = request.exclude.filter((pattern) => !pattern.startsWith("/dev/"));
  const fstabPaths = parseFstab((await readTextIfThere(`${root === "/" ? "" : root}/etc/fstab`)) ?? "").map(({ path }) => path);
  const choices = chooseMounts(mounts, { include, withoutNetwork, excludedDevices, storePath: seenFrom(root, storePath), fstabPaths });
  const closed = choices.filter(({ leftOutBecause }) => leftOutBecause !== undefined).map(({ path }) => path);
  const closedMounts = [...KERNEL_DIRECTORIES, ...closed];
  if (!include.includes("/")) {
    const others = closedMounts.filter((path) => !include.includes(path));
    return { machine: undefined, allMounts, closedMounts: others, exclude, leftOut: [], warnings: [] };
  }
  const { machine, leftOut } = await chooseMachine(choices, request);
  checkRestorable(machine, request);
  const fromNetwork = networkMounts(mounts, choices).map(
    ({ target, fsType }) => `"${target}" is ${fsType}: its files are taken into the set; -N leaves them out`,
  );
  return {
    machine,
    allMounts,
    closedMounts,
    exclude,
    leftOut: [...choices.flatMap(leftOutLine), ...leftOut],
    warnings: [...layoutWarnings(machine), ...fromNetwork],
  };
}

/** Disks on which nothing is that goes into the set are none of the machine's. */
async function chooseMachine(choices: readonly MountChoice[], { root, now }: SubjectRequest) {
  const isTaken = (path: string) => choices.some((choice) => choice.path === path && choice.leftOutBecause === undefined);
  const { machine, leftOut } = ownLayout(await inspectMachine({ now: now(), root }), isTaken);
  const disks = leftOut.map(({ disk, reason }): LeftOut => ({ what: `disk ${disk.id} (${disk.identity.serial ?? "no serial"})`, reason }));
  return { machine, leftOut: disks };
}

/** A path as the machine names it; "" for what is outside of it. */
function seenFrom(root: string, path: string): string {
  if (root === "/") return path;
  return path.startsWith(`${root}/`) ? path.slice(root.length) : "";
}

function leftOutLine({ path, leftOutBecause, isObvious }: MountChoice): readonly LeftOut[] {
  return leftOutBecause === undefined || isObvious ? [] : [{ what: `"${path}"`, reason: leftOutBecause }];
}

function checkRestorable(machine: Machine, request: SubjectRequest): void {
  const reasons = restorableReasons(machine);
  if (reasons.length === 0) return;
  if (request.acceptUnrestorable) {
    for (const reason of reasons) request.remark(`not restorable: ${reason}`);
    return;
  }
  throw new LifeboatError(`Cannot archive this machine as it must be possible to rebuild it from the set: ${reasons.join("; ")}`, {
    hint: "Leave that part out with --exclude, take files alone with --include, or say --accept-unrestorable",
  });
}
