// How a btrfs file system is made: its superblock, and what only the mounted one tells.

import { listSys } from "#os/sysfs";
import { askTool } from "./ask-tool.ts";
import type { BtrfsParameters } from "./file-system-parameters.ts";
import type { DeviceId } from "./model.ts";
import { parseBtrfsSuperblock, parseSubvolumes, type FoundSubvolumes } from "./parse-btrfs.ts";

export interface BtrfsPlace {
  /** All of its devices, the one that stands for it first. */
  readonly ids: readonly DeviceId[];
  /** A node of one of them. */
  readonly device: string;
  readonly uuid: string | undefined;
  readonly mountPoint: string | undefined;
}

/** Undefined when its superblock could not be read. */
export async function inspectBtrfs({ ids, device, uuid, mountPoint }: BtrfsPlace): Promise<BtrfsParameters | undefined> {
  const superblock = parseBtrfsSuperblock((await askTool(["btrfs", "inspect-internal", "dump-super", device])) ?? "");
  if (superblock === undefined) return undefined;
  const { nodeBytes, sectorBytes, checksum, features } = superblock;
  const found = mountPoint === undefined ? undefined : await inspectSubvolumes(mountPoint);
  return {
    kind: "btrfs",
    devices: ids,
    nodeBytes,
    sectorBytes,
    checksum,
    isMixed: features.includes("mixed_groups"),
    dataProfile: profileOf(uuid, "data") ?? profileOf(uuid, "mixed"),
    metadataProfile: profileOf(uuid, "metadata") ?? profileOf(uuid, "mixed"),
    subvolumes: found?.subvolumes,
    defaultSubvolume: found?.defaultSubvolume ?? "",
  };
}

async function inspectSubvolumes(mountPoint: string): Promise<FoundSubvolumes | undefined> {
  const ask = (...words: readonly string[]) => askTool(["btrfs", "subvolume", ...words, mountPoint]);
  const [all, readOnly, byDefault] = await Promise.all([ask("list", "-a", "-u", "-q"), ask("list", "-a", "-r"), ask("get-default")]);
  return all === undefined || readOnly === undefined || byDefault === undefined ? undefined : parseSubvolumes({ all, readOnly, byDefault });
}

const PROFILES = /^(?:single|dup|raid\w+)$/;

/** The kernel has a directory for each profile in use; while it is being changed there are two, and the better one is meant. */
function profileOf(uuid: string | undefined, kind: "data" | "metadata" | "mixed"): string | undefined {
  const profiles = listSys(`/sys/fs/btrfs/${uuid}/allocation/${kind}`).filter((name) => PROFILES.test(name));
  return profiles.find((name) => name !== "single") ?? profiles[0];
}
