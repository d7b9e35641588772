// Stage 2: finds the medium that holds this image's tools layer: the one the boot words name, else whichever device has it.

import { sleep } from "#os/clock";
import { LifeboatError } from "#os/error";
import { readText } from "#os/files";
import { mediumHas, openBlockMedium } from "../../media/block-medium.ts";
import { nfsUrlOf, parseMediumUrl, type MediumUrl } from "../../media/medium-url.ts";
import type { Medium } from "../../media/medium.ts";
import { openHttpMedium, openNfsMedium, openTftpMedium } from "../../media/network-medium.ts";
import { readBlockDevices, type BlockDevice } from "../../machine/block-devices.ts";
import { readNetworkInterfaces } from "../../machine/network-interfaces.ts";
import { BUILD_ID_FILE, MEDIUM_DIRECTORY } from "../../set/image-manifest.ts";
import { coldplug, loadModules } from "../coldplug.ts";
import type { AgentContext } from "../context.ts";
import { bringNetworkUp } from "../network.ts";
import type { Outcome, StageSignal } from "../stage.ts";

const POLL_MS = 200;
const MOUNT_POINT = "/run/lifeboat/medium";

export async function findMedium(context: AgentContext, signal: StageSignal): Promise<Outcome> {
  const url = requestedUrl(context);
  const medium =
    url === undefined || url.scheme === "device"
      ? await pollForBlockMedium(context, url?.device, signal)
      : await openNetworkMedium(context, url, signal);
  context.state.medium = medium;
  context.console.say(`lifeboat: medium ${medium.description}`);
  return { kind: "ok" };
}

/** The boot words first, in MondoRescue's spelling or ours; then where the boot loader came from; then what the image was made for. */
function requestedUrl({ words, image }: AgentContext): MediumUrl | undefined {
  const { values, flags } = words;
  const nfsmount = values.get("nfsmount");
  const usb = values.get("usb");
  if (words.medium !== undefined) return parseMediumUrl(words.medium);
  if (nfsmount !== undefined) return parseMediumUrl(nfsUrlOf(nfsmount));
  if (usb !== undefined) return parseMediumUrl(`usb:${usb}`);
  // pxelinux `ipappend 1`: client:boot server:gateway:netmask.
  const bootServer = values.get("ip")?.split(":")[1];
  if ((flags.has("pxe") || flags.has("net") || values.has("BOOTIF")) && bootServer !== undefined && bootServer !== "") {
    return parseMediumUrl(`tftp://${bootServer}/`);
  }
  return image.mediumUrl === undefined ? undefined : parseMediumUrl(image.mediumUrl);
}

async function openNetworkMedium(context: AgentContext, url: MediumUrl, signal: StageSignal): Promise<Medium> {
  // An interface on USB shows up late.
  while (readNetworkInterfaces().length === 0 && !signal.over) {
    await sleep(POLL_MS);
    await coldplug(context);
  }
  await bringNetworkUp(context);
  const needFileSystem = (name: string) => needDriver(context, name);
  switch (url.scheme) {
    case "http":
      return openHttpMedium(url.url);
    case "tftp":
      return openTftpMedium(url, context.shell.run);
    case "nfs":
      await waitForServer(context, url.server);
      return openNfsMedium(url, {
        run: context.shell.run,
        mountPoint: MOUNT_POINT,
        needFileSystem,
        nfsOptions: context.words.values.get("nfsopt"),
      });
    case "device":
      throw new LifeboatError(`Cannot open "${url.device}" as a network medium is needed here`);
  }
}

/** MondoRescue's `ping=N`: slow switches need a while before the first packet comes through. */
async function waitForServer({ words, shell, console }: AgentContext, server: string): Promise<void> {
  const pings = words.values.get("ping");
  if (pings === undefined) return;
  const result = await shell.run(["busybox", "ping", "-c", pings, server]);
  if (result.exitCode !== 0) console.say(`lifeboat: network ${server} does not answer ${pings} pings`);
}

async function needDriver(context: AgentContext, kernelName: string): Promise<void> {
  await loadModules(context, FILE_SYSTEM_MODULES[kernelName] ?? [kernelName]);
}

/** Where the module is not called like the file system. */
const FILE_SYSTEM_MODULES: Readonly<Record<string, readonly string[]>> = { iso9660: ["isofs"] };

async function pollForBlockMedium(context: AgentContext, device: string | undefined, signal: StageSignal): Promise<Medium> {
  const tried = new Set<string>();
  for (;;) {
    for (const candidate of candidates(device)) {
      // An empty drive is asked again; a device that was read and does not hold it is not.
      const key = `${candidate.device} ${candidate.sizeBytes}`;
      if (tried.has(key)) continue;
      const medium = await tryCandidate(context, candidate);
      if (medium !== undefined) return medium;
      if (!candidate.optical) tried.add(key);
    }
    if (signal.over) throw new LifeboatError(notFound(context, tried));
    await sleep(POLL_MS);
    await coldplug(context);
  }
}

function notFound({ image }: AgentContext, tried: ReadonlySet<string>): string {
  const looked = tried.size === 0 ? "no device to look at" : `looked at ${[...tried].map((key) => key.split(" ")[0]).join(" ")}`;
  return `Cannot find the medium as one must hold build ${image.buildId}: ${looked}`;
}

interface Candidate {
  readonly device: string;
  readonly sizeBytes: number;
  readonly optical: boolean;
  readonly description: string;
}

/** Optical drives first, then what can be pulled out, then the rest; partitions before the whole disk. */
function candidates(only: string | undefined): readonly Candidate[] {
  const rank = (disk: BlockDevice) => (disk.kind === "optical" ? 0 : disk.removable ? 1 : 2);
  const disks = [...readBlockDevices()].filter((disk) => disk.sizeBytes > 0).sort((a, b) => rank(a) - rank(b));
  const all = disks.flatMap((disk) => {
    const label = `${disk.kind === "optical" ? "CD" : "disk"}`;
    const about = disk.model === undefined ? "" : ` (${disk.model})`;
    return [...disk.partitions, disk].map(({ name, sizeBytes }) => ({
      device: `/dev/${name}`,
      sizeBytes,
      optical: disk.kind === "optical",
      description: `${label} /dev/${name}${about}`,
    }));
  });
  return only === undefined ? all : all.filter(({ device }) => device.startsWith(only));
}

async function tryCandidate(context: AgentContext, { device, description }: Candidate): Promise<Medium | undefined> {
  const { shell, console, image } = context;
  const needFileSystem = (name: string) => needDriver(context, name);
  try {
    const medium = await openBlockMedium({ device, description, mountPoint: MOUNT_POINT, run: shell.run, needFileSystem });
    if (medium === undefined) return undefined;
    const buildIdPath = `${MEDIUM_DIRECTORY}/${BUILD_ID_FILE}`;
    const buildId = (await mediumHas(medium, buildIdPath)) ? (await readText(medium.localPath(buildIdPath)!)).trim() : undefined;
    if (buildId === image.buildId) return medium;
    if (buildId !== undefined) console.say(`lifeboat: medium ${description} is of another build, ${buildId}, and is left alone`);
    await medium.close();
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    console.note(error.message);
  }
  return undefined;
}
