// Reads `dumpe2fs -h` (e2fsprogs): what it takes to make an ext2, ext3 or ext4 file system again.
import type { ExtTuning, FileSystemParameters } from "./model.ts";

/** These say what state the file system is in, not what it is. */
const STATES: ReadonlySet<string> = new Set(["needs_recovery", "orphan_present"]);

/** e2fsprogs' words and mkfs's and tune2fs's. */
const ON_ERRORS: Readonly<Record<string, string>> = { Continue: "continue", "Remount read-only": "remount-ro", Panic: "panic" };

/** File systems of revision 0 have inodes of this size and do not say so. */
const OLD_INODE_BYTES = 128;

/** Undefined when this is not dumpe2fs's output, and for a journal on a device of its own: the model has no word for it. */
export function parseDumpe2fs(text: string): FileSystemParameters | undefined {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, value] = /^([^:]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) fields.set(name, value);
  }
  const number = (name: string): number => Number(/^-?\d+/.exec(fields.get(name) ?? "")?.[0] ?? "NaN");
  const blockBytes = number("Block size");
  const inodeCount = number("Inode count");
  if (Number.isNaN(blockBytes) || Number.isNaN(inodeCount) || fields.has("Journal device")) return undefined;
  const tuning: ExtTuning = {
    strideBlocks: number("RAID stride") || 0,
    stripeBlocks: number("RAID stripe width") || 0,
    reservedUid: number("Reserved blocks uid") || 0,
    reservedGid: number("Reserved blocks gid") || 0,
  };
  const isUsual = Object.values(tuning).every((value) => value === 0);
  const features = words(fields.get("Filesystem features")).filter((feature) => !STATES.has(feature));
  return {
    kind: "ext",
    blockBytes,
    clusterBytes: features.includes("bigalloc") ? number("Cluster size") || undefined : undefined,
    inodeBytes: number("Inode size") || OLD_INODE_BYTES,
    inodeCount,
    features,
    reservedBlocks: number("Reserved block count") || 0,
    maximumMountCount: fields.has("Maximum mount count") ? number("Maximum mount count") : -1,
    checkIntervalSeconds: number("Check interval") || 0,
    defaultMountOptions: words(fields.get("Default mount options")),
    onErrors: ON_ERRORS[fields.get("Errors behavior") ?? ""] ?? "continue",
    ...(isUsual ? {} : { tuning }),
  };
}

function words(text: string | undefined): readonly string[] {
  return text === undefined || text === "(none)" ? [] : text.split(/\s+/).filter((word) => word !== "");
}
