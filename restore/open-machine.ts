// Opens a machine's storage, wherever it is on the disks that are here now: all of it is found by its UUIDs. For a look nothing is written.

import { LifeboatError } from "#os/error";
import { run, type Command } from "#os/exec";
import { makeDirectory } from "#os/files";
import { inspectDevices } from "../machine/inspect-mounts.ts";
import type { DeviceId, Layout, Machine, MountPoint } from "../machine/model.ts";
import { below } from "../machine/own-layout.ts";
import { flattenDevices, type LsblkDevice } from "../machine/parse-lsblk.ts";
import type { LogicalVolume, StackedDevice } from "../machine/stacked-device.ts";
import { normalised, signatureUuids, uuidSet } from "./foreign-data.ts";
import type { TargetDisk } from "./plan.ts";
import { devicePaths } from "./plan-stack.ts";
import { readPresentDisks } from "./read-present-disks.ts";
import { WITHOUT_UDEV } from "./run-stack.ts";
import { mountStep, placeOf } from "./run-step.ts";
import { closeCommand, lookCommand, openCommand } from "./stack-commands.ts";
import { targetDisk } from "./target-disk.ts";
import { wayToLook } from "./way-to-look.ts";

export interface OpenRequest {
  readonly machine: Machine;
  /** Where it is mounted; made when it is not there. */
  readonly root: string;
  /** Of LUKS volumes, by their ids. */
  readonly keys: ReadonlyMap<DeviceId, Uint8Array>;
  /** To be written to: lifts the protection of a disk that a part of it is on. Unless given it is opened for a look. */
  release?(disk: TargetDisk): Promise<void>;
}

export interface OpenedMachine extends AsyncDisposable {
  /** Where it is mounted, the highest first. */
  readonly places: readonly string[];
  /** What of it is not there. */
  readonly closed: readonly ClosedMount[];
  /** It stays open when this is disposed; the commands close it, in this order. */
  keep(): readonly Command[];
}

export interface ClosedMount {
  readonly path: string;
  /** In words that follow a colon. */
  readonly why: string;
}

/** Dispose it to unmount and close all of it. Throws LifeboatError (3) when the root cannot be mounted. */
export async function openMachine(request: OpenRequest): Promise<OpenedMachine> {
  const { machine, root } = request;
  const { layout } = machine;
  const opening: Opening = { ...request, layout, undoing: [], released: new Set() };
  try {
    const problems = await openStack(opening);
    const places: string[] = [];
    const closed: ClosedMount[] = [];
    for (const mount of ownMounts(layout)) {
      const why = await whyNot(mountFound(mount, opening));
      if (why === undefined) places.push(placeOf(mount, root));
      else closed.push({ path: mount.path, why: problemBelow(mount.device, layout, problems) ?? why });
      if (why !== undefined && mount.path === "/") throw rootIsAway(closed[0]!.why);
    }
    const { undoing } = opening;
    return { places, closed, keep: () => undoing.splice(0), [Symbol.asyncDispose]: async () => void (await undoAll(undoing)) };
  } catch (error) {
    await undoAll(opening.undoing);
    throw error;
  }
}

interface Opening extends OpenRequest {
  readonly layout: Layout;
  /** What closes all that is open, the last that was opened first. */
  readonly undoing: Command[];
  /** Kernel names of disks. */
  readonly released: Set<string>;
}

export interface Unclosed {
  readonly command: Command;
  readonly why: string;
}

/** Runs what closes a machine; what is in use stays, and all that can be closed is. */
export async function undoAll(commands: readonly Command[]): Promise<readonly Unclosed[]> {
  const unclosed: Unclosed[] = [];
  for (const command of commands)
    await run(command, { env: WITHOUT_UDEV }).catch((error: Error) => unclosed.push({ command, why: error.message }));
  return unclosed;
}

/** Why devices are closed, by their ids. */
async function openStack(opening: Opening): Promise<ReadonlyMap<DeviceId, string>> {
  const problems = new Map<DeviceId, string>();
  for (const stacked of opening.layout.stack) {
    if (stacked.kind === "logical-volume") continue;
    const why = await whyNot(openStacked(stacked, opening));
    if (why !== undefined) problems.set(stacked.id, why);
  }
  return problems;
}

/** The highest first; what shows a part of another file system has no files of its own. */
function ownMounts({ mounts }: Layout): readonly MountPoint[] {
  const own = mounts.filter(({ type, fsRoot }) => type === "btrfs" || fsRoot === "/");
  return [...own].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function rootIsAway(why: string): LifeboatError {
  return new LifeboatError(`Cannot look at the machine as its root must be on the disks that are here: ${why}`, {
    hint: "Connect its disks; a LUKS volume needs its key",
  });
}

/** In words that follow a colon. */
async function whyNot(work: Promise<void>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof LifeboatError) return error.message;
    throw error;
  }
}

/** The lowest of what a device stands on that is closed. */
function problemBelow(device: DeviceId, layout: Layout, problems: ReadonlyMap<DeviceId, string>): string | undefined {
  const on = below(layout, device);
  const found = layout.stack.find(({ id }) => problems.has(id) && on.includes(id));
  return found === undefined ? undefined : `"${found.id}": ${problems.get(found.id)}`;
}

const MEMBER_TYPES = { array: "linux_raid_member", luks: "crypto_LUKS", "volume-group": "LVM2_member" } as const;

async function openStacked(stacked: Exclude<StackedDevice, LogicalVolume>, opening: Opening): Promise<void> {
  if (stacked.kind === "other") throw new LifeboatError(`nothing here opens one of type ${stacked.type}`);
  const uuids = uuidSet(signatureUuids(stacked));
  const found = (await devicesHere()).filter(({ device: { fsType, uuid } }) => {
    return fsType === MEMBER_TYPES[stacked.kind] && uuid !== undefined && uuids.has(normalised(uuid));
  });
  const [first] = found;
  if (first === undefined) throw new LifeboatError("what it stands on is not here, or no longer used so");
  const on = found.map(({ device }) => device.path);
  if (stacked.kind === "luks" && on.length > 1) throw new LifeboatError(`several devices have its UUID: ${on.join(", ")}`);
  const key = opening.keys.get(stacked.id);
  if (stacked.kind === "luks" && key === undefined) throw new LifeboatError("no key for it was given");
  const device = stacked.kind === "luks" ? first.device.path : devicePaths(opening.layout, []).get(stacked.id)!;
  const step = { kind: "open-device", stacked, device, on } as const;
  await releaseAll(found, opening);
  const command = opening.release === undefined ? lookCommand(step) : openCommand(step);
  await run(command, { env: WITHOUT_UDEV, ...(key === undefined ? {} : { input: key }) });
  const close = closeCommand(stacked, device, on);
  if (close !== undefined) opening.undoing.unshift(close);
}

interface DeviceHere {
  readonly device: LsblkDevice;
  /** That it is on: of a device on several, one of them. */
  readonly disk: TargetDisk | undefined;
}

/** Each once, though it may stand on several; of paths to one disk the one that is written through. */
async function devicesHere(): Promise<readonly DeviceHere[]> {
  const [roots, present] = await Promise.all([inspectDevices(), readPresentDisks(new Map())]);
  const others = new Set(present.flatMap(({ disk }) => (disk.multipath?.paths ?? []).filter((path) => path !== disk.id)));
  const all = roots
    .filter(({ kernelName }) => !others.has(kernelName))
    .flatMap((root) => {
      const disk = present.find((one) => one.disk.id === root.kernelName)?.disk;
      return flattenDevices([root]).map((device): DeviceHere => ({ device, disk: disk && targetDisk(disk) }));
    });
  return [...new Map(all.map((one) => [one.device.path, one])).values()];
}

async function releaseAll(found: readonly DeviceHere[], { release, released }: Opening): Promise<void> {
  if (release === undefined) return;
  for (const { disk } of found) {
    if (disk === undefined || released.has(disk.name)) continue;
    await release(disk);
    released.add(disk.name);
  }
}

const MEMBERS: ReadonlySet<string> = new Set(Object.values(MEMBER_TYPES));

async function mountFound(mount: MountPoint, opening: Opening): Promise<void> {
  const { layout, root } = opening;
  const uuid = layout.fileSystems.find(({ device }) => device === mount.device)?.uuid;
  if (uuid === undefined) throw new LifeboatError("it has no UUID that it could be found by");
  const found = (await devicesHere()).filter(({ device: { fsType, uuid: other } }) => {
    return fsType !== undefined && !MEMBERS.has(fsType) && other !== undefined && normalised(other) === normalised(uuid);
  });
  const [first] = found;
  if (first === undefined) throw new LifeboatError(`its UUID ${uuid} is on none of the disks that are here`);
  // All devices of a btrfs have its UUID.
  if (found.length > 1 && mount.type !== "btrfs")
    throw new LifeboatError(`several devices have its UUID: ${found.map(({ device }) => device.path).join(", ")}`);
  await releaseAll(found, opening);
  const place = placeOf(mount, root);
  if (opening.release === undefined) await lookInto(mount, first.device.path, place);
  else await mountStep({ ...mount, kind: "mount", device: first.device.path }, root);
  opening.undoing.unshift(["umount", place]);
}

async function lookInto(mount: MountPoint, device: string, place: string): Promise<void> {
  const way = wayToLook(mount);
  if (way === undefined) throw new LifeboatError(`nothing here looks into ${mount.type} without writing`);
  await makeDirectory(place);
  await run(["mount", "-t", way.type, "-o", way.options.join(","), device, place]);
}
