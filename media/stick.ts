// A stick that boots and holds sets: a disk with a boot partition, and a second one that is a store (DESIGN section 6, `usb:`).

import { LifeboatError } from "#os/error";
import { exists, realPath } from "#os/files";
import { inspectDevices } from "../machine/inspect-mounts.ts";
import type { LsblkDevice } from "../machine/parse-lsblk.ts";
import { withMounted, type Shown } from "./mounted-place.ts";

/** Of the second partition's ext4. */
export const STICK_LABEL = "LIFEBOAT-SETS";

/** Device nodes. */
export interface Stick {
  readonly disk: string;
  readonly boot: string;
  readonly store: string;
}

export type StickState =
  | { readonly kind: "ready"; readonly stick: Stick }
  | { readonly kind: "blank" }
  /** `holds`: in a few words. */
  | { readonly kind: "foreign"; readonly holds: string };

export interface StickDisk {
  readonly node: string;
  readonly sizeBytes: number;
  /** For people. */
  readonly description: string;
  readonly state: StickState;
}

/** `usb:/dev/sdX`, any path of a disk below /dev. Undefined for what is no such URL. Throws LifeboatError (2) for one that is not written so. */
export function parseStickUrl(text: string): string | undefined {
  if (!text.startsWith("usb:")) return undefined;
  const device = /^usb:(\/dev\/\S+)$/.exec(text)?.[1];
  if (device !== undefined) return device;
  throw new LifeboatError(`Cannot use "${text}" as a stick is named by its disk: it is no usb:/dev/sdX`, { exitCode: 2 });
}

/** Throws LifeboatError (3) for what is no disk, and for one that is in use, whatever it holds. */
export async function lookAtStick(device: string): Promise<StickDisk> {
  const unusable = (state: string) =>
    new LifeboatError(`Cannot use "${device}" as a stick as it must be a disk that nothing uses: ${state}`);
  if (!(await exists(device))) throw unusable("it is not there");
  const node = await realPath(device);
  const disk = (await inspectDevices()).find(({ path }) => path === node);
  if (disk === undefined) throw unusable("it is no disk but a part of one, or something else");
  if (disk.type !== "disk") throw unusable(`it is a ${disk.type}`);
  const use = useOf(disk);
  if (use !== undefined) throw unusable(use);
  if (disk.readOnly) throw unusable("it is write-protected");
  return { node, sizeBytes: disk.sizeBytes, description: describe(disk), state: stateOf(disk) };
}

/** In words that follow a colon. */
export function useOf(device: LsblkDevice): string | undefined {
  const [place] = device.mountpoints;
  if (place !== undefined) return place === "[SWAP]" ? `${device.path} is swap` : `${device.path} is mounted at ${place}`;
  for (const child of device.children) {
    if (child.type !== "part") return `${child.path} (${child.type}) is active on it`;
    const use = useOf(child);
    if (use !== undefined) return use;
  }
  return undefined;
}

function describe({ sizeBytes, model, serial, transport }: LsblkDevice): string {
  const size = `${(sizeBytes / 1e9).toFixed(1)} GB`;
  return [size, model, serial === undefined ? undefined : `serial ${serial}`, transport].filter((part) => part !== undefined).join(", ");
}

/** Ours is known by what is on both of its partitions. */
export function stateOf({ path: disk, fsType, label, tableType, children }: LsblkDevice): StickState {
  const [boot, store, ...others] = children.filter(({ type }) => type === "part");
  if (boot?.fsType === "vfat" && store?.label === STICK_LABEL && store.fsType === "ext4" && others.length === 0) {
    return { kind: "ready", stick: { disk, boot: boot.path, store: store.path } };
  }
  if (fsType === undefined && tableType === undefined && children.length === 0) return { kind: "blank" };
  if (children.length === 0)
    return { kind: "foreign", holds: [fsType ?? `a ${tableType} partition table`, label].filter(Boolean).join(" ") };
  const contents = children.map((part) => [part.fsType ?? "unknown data", part.label].filter(Boolean).join(" "));
  return { kind: "foreign", holds: contents.join(", ") };
}

/** Throws LifeboatError (2) for a stick without a store. */
export function requireStick({ node, state }: StickDisk): Stick {
  if (state.kind === "ready") return state.stick;
  throw new LifeboatError(
    `Cannot read sets from "${node}" as a stick of Lifeboat's has a boot partition and a store: it ${state.kind === "blank" ? "is blank" : `holds ${state.holds}`}`,
    {
      exitCode: 2,
      hint: "Archive to it first; a partition with sets on it can be mounted, and its directory named",
    },
  );
}

/** Calls `work` with the directory at which the store is mounted meanwhile; read-only, no journal is replayed. */
export function withStickStore<T>(
  stick: Stick,
  { place, mode }: { readonly place: string; readonly mode: "ro" | "rw" },
  work: (directory: string, shown: Shown) => Promise<T>,
): Promise<T> {
  const options = mode === "ro" ? "ro,noload,nosuid,nodev" : "rw,nosuid,nodev";
  return withMounted(
    {
      place,
      mode,
      command: (directory) => ["mount", "-t", "ext4", "-o", options, stick.store, directory],
      problem: (reason) =>
        new LifeboatError(`Cannot mount the store of "${place}" as it must be whole: ${reason.message}`, { cause: reason }),
    },
    work,
  );
}
