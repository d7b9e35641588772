// Opens a machine's storage for a look, wherever it is on the disks that are here now: all of it is found by its UUIDs, and nothing is written.

import { LifeboatError } from "#os/error";
import { run, type Command } from "#os/exec";
import { makeDirectory } from "#os/files";
import { inspectDevices } from "../machine/inspect-mounts.ts";
import type { DeviceId, Layout, Machine, MountPoint } from "../machine/model.ts";
import { below } from "../machine/own-layout.ts";
import { flattenDevices, type LsblkDevice } from "../machine/parse-lsblk.ts";
import type { LogicalVolume, StackedDevice } from "../machine/stacked-device.ts";
import { normalised, signatureUuids, uuidSet } from "./foreign-data.ts";
import { devicePaths } from "./plan-stack.ts";
import { placeOf } from "./run-step.ts";
import { WITHOUT_UDEV } from "./run-stack.ts";
import { readPresentDisks } from "./read-present-disks.ts";
import { closeCommand, lookCommand } from "./stack-commands.ts";
import { wayToLook } from "./way-to-look.ts";

export interface OpenRequest {
  readonly machine: Machine;
  /** Where it is mounted; made when it is not there. */
  readonly root: string;
  /** Of LUKS volumes, by their ids. */
  readonly keys: ReadonlyMap<DeviceId, Uint8Array>;
}

export interface OpenedMachine extends AsyncDisposable {
  /** What of it is not there. */
  readonly closed: readonly ClosedMount[];
}

export interface ClosedMount {
  readonly path: string;
  /** In words that follow a colon. */
  readonly why: string;
}

/** Dispose it to unmount and close all of it. Throws LifeboatError (3) when the root cannot be mounted. */
export async function openMachine({ machine: { layout }, root, keys }: OpenRequest): Promise<OpenedMachine> {
  await using opened = new AsyncDisposableStack();
  const problems = new Map<DeviceId, string>();
  for (const stacked of layout.stack) {
    if (stacked.kind === "logical-volume") continue;
    const why = await whyNot(openStacked({ stacked, layout, keys }, opened));
    if (why !== undefined) problems.set(stacked.id, why);
  }
  const closed: ClosedMount[] = [];
  for (const mount of ownMounts(layout)) {
    const place = placeOf(mount, root);
    const why = await whyNot(mountFound(mount, layout, place));
    if (why === undefined) opened.defer(() => undo(["umount", place]));
    else closed.push({ path: mount.path, why: problemBelow(mount.device, layout, problems) ?? why });
    if (why !== undefined && mount.path === "/") throw rootIsAway(closed[0]!.why);
  }
  const kept = opened.move();
  return { closed, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** The highest first; what shows a part of another file system has no files of its own. */
function ownMounts({ mounts }: Layout): readonly MountPoint[] {
  const own = mounts.filter(({ type, fsRoot }) => type === "btrfs" || fsRoot === "/");
  return [...own].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function rootIsAway(why: string): LifeboatError {
  return new LifeboatError(`Cannot look at the machine as its root must be on the disks that are here: ${why}`, {
    hint: "Connect its disks; a LUKS volume is opened with lifeboat.luks=DEVICE:/PATH",
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

async function undo(command: Command): Promise<void> {
  // What cannot be let go of is let go of by the reboot; nothing can be written to it.
  await run(command, { env: WITHOUT_UDEV }).catch(() => undefined);
}

interface Opening {
  readonly stacked: Exclude<StackedDevice, LogicalVolume>;
  readonly layout: Layout;
  readonly keys: OpenRequest["keys"];
}

const MEMBER_TYPES = { array: "linux_raid_member", luks: "crypto_LUKS", "volume-group": "LVM2_member" } as const;

async function openStacked({ stacked, layout, keys }: Opening, opened: AsyncDisposableStack): Promise<void> {
  if (stacked.kind === "other") throw new LifeboatError(`nothing here opens one of type ${stacked.type}`);
  const uuids = uuidSet(signatureUuids(stacked));
  const found = (await devicesHere()).filter(({ fsType, uuid }) => {
    return fsType === MEMBER_TYPES[stacked.kind] && uuid !== undefined && uuids.has(normalised(uuid));
  });
  const [first] = found;
  if (first === undefined) throw new LifeboatError("what it stands on is not here, or no longer used so");
  const on = found.map(({ path }) => path);
  if (stacked.kind === "luks" && on.length > 1) throw new LifeboatError(`several devices have its UUID: ${on.join(", ")}`);
  const key = keys.get(stacked.id);
  if (stacked.kind === "luks" && key === undefined) throw new LifeboatError("no key for it was given");
  const device = stacked.kind === "luks" ? first.path : devicePaths(layout, []).get(stacked.id)!;
  const command = lookCommand({ kind: "open-device", stacked, device, on });
  await run(command, { env: WITHOUT_UDEV, ...(key === undefined ? {} : { input: key }) });
  const close = closeCommand(stacked, device, on);
  if (close !== undefined) opened.defer(() => undo(close));
}

/** Each once, though it may stand on several; of paths to one disk the one that would be written through. */
async function devicesHere(): Promise<readonly LsblkDevice[]> {
  const [roots, present] = await Promise.all([inspectDevices(), readPresentDisks(new Map())]);
  const others = new Set(present.flatMap(({ disk }) => (disk.multipath?.paths ?? []).filter((path) => path !== disk.id)));
  const all = flattenDevices(roots.filter(({ kernelName }) => !others.has(kernelName)));
  return [...new Map(all.map((device) => [device.path, device])).values()];
}

const MEMBERS: ReadonlySet<string> = new Set(Object.values(MEMBER_TYPES));

async function mountFound(mount: MountPoint, { fileSystems }: Layout, place: string): Promise<void> {
  const uuid = fileSystems.find(({ device }) => device === mount.device)?.uuid;
  if (uuid === undefined) throw new LifeboatError("it has no UUID that it could be found by");
  const way = wayToLook(mount);
  if (way === undefined) throw new LifeboatError(`nothing here looks into ${mount.type} without writing`);
  const found = (await devicesHere()).filter(({ fsType, uuid: other }) => {
    return fsType !== undefined && !MEMBERS.has(fsType) && other !== undefined && normalised(other) === normalised(uuid);
  });
  const [device] = found;
  if (device === undefined) throw new LifeboatError(`its UUID ${uuid} is on none of the disks that are here`);
  // All devices of a btrfs have its UUID.
  if (found.length > 1 && mount.type !== "btrfs")
    throw new LifeboatError(`several devices have its UUID: ${found.map(({ path }) => path).join(", ")}`);
  await makeDirectory(place).catch((error: unknown) => {
    // It is a mount point of the machine, which is there already.
    if (!(error instanceof LifeboatError)) throw error;
  });
  await run(["mount", "-t", way.type, "-o", way.options.join(","), device.path, place]);
}
