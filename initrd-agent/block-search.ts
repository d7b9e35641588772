// Looks for the image on the block devices of this machine, round by round, as devices and discs come.

import { nowMs } from "#os/clock";
import { LifeboatError } from "#os/error";
import { openBlockMedium } from "../media/block-medium.ts";
import { findImage } from "../media/image-medium.ts";
import type { Medium } from "../media/medium.ts";
import { readBlockDevices, type BlockDevice } from "../machine/block-devices.ts";
import type { AgentContext } from "./context.ts";

/** An optical drive is asked again after this time: its disc may have been changed. */
const ASK_AGAIN_MS = 2000;

export interface BlockSearch {
  /** Looks at every device that has not been looked at, until the deadline; undefined when none holds the image. */
  round(deadlineMs: number): Promise<Medium | undefined>;
  /** Devices that were looked at, e.g. `/dev/sda1`. */
  looked(): readonly string[];
}

export interface BlockSearchOptions {
  /** A disk, or a partition, to which the search keeps. */
  readonly only: string | undefined;
  readonly mountPoint: string;
  readonly needFileSystem: (kernelName: string) => Promise<void>;
  /** Told what a person should know, a line at a time; never the same line twice. */
  readonly tell: (line: string) => void;
}

export function startBlockSearch(context: AgentContext, options: BlockSearchOptions): BlockSearch {
  const askedMs = new Map<string, number>();
  const told = new Set<string>();
  const tell = (line: string) => {
    if (!told.has(line)) options.tell(line);
    told.add(line);
  };
  return {
    async round(deadlineMs) {
      for (const candidate of candidates(readBlockDevices(), options.only)) {
        const key = `${candidate.device} ${candidate.sizeBytes}`;
        const last = askedMs.get(key);
        if (nowMs() > deadlineMs) return undefined;
        if (last !== undefined && (!candidate.optical || nowMs() < last + ASK_AGAIN_MS)) continue;
        askedMs.set(key, nowMs());
        const medium = await tryCandidate(context, candidate, { ...options, tell });
        if (medium !== undefined) return medium;
      }
      return undefined;
    },
    looked: () => [...new Set([...askedMs.keys()].map((key) => key.split(" ")[0]!))],
  };
}

const USB_DRIVERS: ReadonlySet<string> = new Set(["usb-storage", "uas"]);

export interface Candidate {
  readonly device: string;
  readonly sizeBytes: number;
  readonly optical: boolean;
  /** For people. */
  readonly description: string;
}

/** Optical drives first, then what can be pulled out, then the rest; partitions before the whole disk. */
export function candidates(devices: readonly BlockDevice[], only: string | undefined): readonly Candidate[] {
  const rank = (disk: BlockDevice) => (disk.kind === "optical" ? 0 : disk.removable || USB_DRIVERS.has(disk.driver ?? "") ? 1 : 2);
  const disks = devices.filter((disk) => disk.sizeBytes > 0).sort((a, b) => rank(a) - rank(b));
  return disks.flatMap((disk) => {
    const label = disk.kind === "optical" ? "CD" : "disk";
    const about = disk.model === undefined ? "" : ` (${disk.model})`;
    const isWholeWanted = only === undefined || only === `/dev/${disk.name}`;
    return [...disk.partitions, disk]
      .filter(({ name }) => isWholeWanted || only === `/dev/${name}`)
      .map(({ name, sizeBytes }) => ({
        device: `/dev/${name}`,
        sizeBytes,
        optical: disk.kind === "optical",
        description: `${label} /dev/${name}${about}`,
      }));
  });
}

async function tryCandidate(context: AgentContext, candidate: Candidate, options: BlockSearchOptions): Promise<Medium | undefined> {
  const { shell, console, image } = context;
  const { device, description } = candidate;
  const { mountPoint, needFileSystem } = options;
  try {
    const medium = await openBlockMedium({ device, description, mountPoint, run: shell.run, needFileSystem });
    if (medium === undefined) return undefined;
    const search = await findImage(medium, image.buildId);
    if (search.kind === "found") return search.medium;
    if (search.kind === "other-build")
      options.tell(`lifeboat: medium ${description} is of another build, ${search.buildId}, and is left alone`);
    await medium.close();
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    console.note(error.message);
  }
  return undefined;
}
