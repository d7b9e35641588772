// Which devices `--images` means: what is not mounted, is on disks that the set brings back, and goes into it block by block.

import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { exists, realPath } from "#os/files";
import { PARTCLONE_TYPES, type DeviceImage, type ImageMethod } from "../machine/device-image.ts";
import type { MountedSystem } from "../machine/inspect-mounts.ts";
import { isMountOf, layoutDevices, type LayoutDevice } from "../machine/layout-devices.ts";
import type { DeviceId, Layout } from "../machine/model.ts";
import { partitionsOf, standsOn } from "../machine/own-layout.ts";
import { imageProgram } from "../restore/image-commands.ts";
import { imageFileStart } from "../set/device-image-files.ts";
import { deviceOf } from "./excluded-devices.ts";

/** A device to be imaged, and its node here. */
export interface ImagedDevice {
  readonly image: DeviceImage;
  readonly path: string;
}

export interface ImageChoice {
  /** `all`, `none`, or devices by any of their names. */
  readonly words: readonly string[];
  /** The whole machine's. */
  readonly layout: Layout;
  /** Disks that are in the set anyway, with all that is on them. */
  readonly ownDevices: ReadonlySet<DeviceId>;
  readonly system: MountedSystem;
  isExcluded(device: DeviceId): boolean;
}

/**
 * `all` are the NTFS on the machine's own disks that are not in use. Whatever else is to be imaged is named: then its disk is brought back too.
 * Throws LifeboatError: 2 for a word that names no device that can be imaged, 3 when the program for it is not there.
 */
export async function chooseImages(choice: ImageChoice): Promise<readonly ImagedDevice[]> {
  const { words } = choice;
  if (words.includes("none") && words.length > 1) throw contradiction(words);
  const named: LayoutDevice[] = [];
  for (const word of words.filter((one) => one !== "all" && one !== "none")) named.push(await namedDevice(word, choice));
  const devices = [...new Map([...named, ...(words.includes("all") ? everyNtfs(choice) : [])].map((one) => [one.id, one])).values()];
  const chosen: ImagedDevice[] = [];
  for (const { id, device } of devices) {
    const { method, tool } = await programFor(device.fsType, id);
    const file = imageFileStart(
      id,
      chosen.map(({ image }) => image.file),
    );
    chosen.push({ path: device.path, image: { device: id, method, tool, sizeBytes: device.sizeBytes, file } });
  }
  return chosen;
}

type ImageTool = Pick<DeviceImage, "method" | "tool">;

/** Partclone is taken where it is installed, as without it the device can be read all the same. */
async function programFor(fsType: string | undefined, device: DeviceId): Promise<ImageTool> {
  const type = PARTCLONE_TYPES.find((one) => one === fsType);
  const partclone = type === undefined ? undefined : await toolFor(`partclone.${type}`, device).catch(ifMissing);
  return partclone ?? toolFor(fsType === "ntfs" ? "ntfsclone" : "raw", device);
}

function ifMissing(error: unknown): undefined {
  if (!(error instanceof LifeboatError)) throw error;
}

function contradiction(words: readonly string[]): LifeboatError {
  return new LifeboatError(`Cannot use --images ${words.join(" --images ")} as none stands alone: something else is named too`, {
    exitCode: 2,
  });
}

async function namedDevice(word: string, choice: ImageChoice): Promise<LayoutDevice> {
  const node = word.startsWith("/dev/") && (await exists(word)) ? await realPath(word) : word;
  const found = deviceOf(node, word, choice.system);
  const device = layoutDevices(choice.system.devices).find((one) => one.device.path === found?.path);
  const excluded = device !== undefined && choice.isExcluded(device.id) ? "--exclude leaves it out" : undefined;
  const state = device === undefined ? "there is none of that name on a disk of this machine" : (excluded ?? whyNot(device, choice));
  if (device !== undefined && state === undefined) return device;
  throw new LifeboatError(`Cannot take an image of "${word}" as it must be a partition or volume that nothing uses: ${state}`, {
    exitCode: 2,
    hint: "lsblk lists the devices; files of what is mounted are archived without --images",
  });
}

function everyNtfs(choice: ImageChoice): readonly LayoutDevice[] {
  return layoutDevices(choice.system.devices).filter(
    (one) =>
      one.device.fsType === "ntfs" && choice.ownDevices.has(one.id) && !choice.isExcluded(one.id) && whyNot(one, choice) === undefined,
  );
}

/** In words that follow a colon; undefined when it can be imaged. */
export function whyNot(
  { id, device, place }: LayoutDevice,
  { layout, system }: Pick<ImageChoice, "layout" | "system">,
): string | undefined {
  const mount = system.mounts.find((one) => isMountOf(one, device));
  if (mount !== undefined) return `it is mounted at "${mount.target}"`;
  if (device.fsType === "swap" || system.swaps.some(({ path }) => path === device.path || path === `/dev/${device.kernelName}`)) {
    return "it is swap, which is made again";
  }
  const above = [
    ...device.children.map(({ path }) => path),
    ...layout.stack.filter((one) => standsOn(layout, one.id).includes(id)).map((one) => one.id),
  ];
  if (above[0] !== undefined) return `${above[0]} stands on it`;
  if (place === "disk") return "it is a whole disk";
  const partition = partitionsOf(layout).find((one) => one.id === id);
  if (partition?.role === "extended") return "it is an extended partition, which other partitions are in";
  if (partition === undefined && !layout.stack.some((one) => one.id === id)) return "it is on no disk that Lifeboat can describe";
  const pool = layout.fileSystems.find(
    ({ parameters }) => parameters.kind === "btrfs" && parameters.devices.length > 1 && parameters.devices.includes(id),
  );
  return pool === undefined ? undefined : "it is one of several devices of a btrfs";
}

/** With the program's own words about itself, one line. */
async function toolFor(method: ImageMethod, device: DeviceId): Promise<ImageTool> {
  const { name, package: packageName, okCodes } = imageProgram(method);
  const said = await run([name, "--version"], { okCodes }).catch((error: Error) => {
    throw new LifeboatError(`Cannot take an image of "${device}" as ${name} must run here: ${error.message}`, {
      hint: `Install the package ${packageName}, or leave --images out`,
    });
  });
  return { method, tool: `${said.stdout}\n${said.stderr}`.trim().split("\n")[0] ?? name };
}
