// Reads `dumpe2fs -h` (e2fsprogs): what it takes to make an ext2, ext3 or ext4 file system again.
import type { ExtTuning, FileSystemParameters } from "./file-system-parameters.ts";

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
  const features = words(fields.get("Filesystem features")).filter((feature) => !STATES.has(feature));
  const tuning = tuningOf(fields, number, features);
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
    ...(Object.values(tuning).every((value) => value === 0) ? {} : { tuning }),
  };
}

type ReadNumber = (name: string) => number;

/** What is usual is 0, or left out. */
function tuningOf(fields: ReadonlyMap<string, string>, number: ReadNumber, features: readonly string[]): ExtTuning {
  const flexGroups = number("Flex block group size") || USUAL_FLEX_GROUPS;
  const journalBlocks = number("Total journal blocks") || number("Journal length") || 0;
  const quotaTypes = QUOTA_INODES.filter(([name]) => fields.has(name)).map(([, type]) => type);
  const directoryHash = fields.get("Default directory hash") ?? USUAL_HASH;
  const encoding = fields.get("Character encoding");
  const mountOptions = fields.get("Mount options") ?? "";
  return {
    strideBlocks: number("RAID stride") || 0,
    stripeBlocks: number("RAID stripe width") || 0,
    reservedUid: number("Reserved blocks uid") || 0,
    reservedGid: number("Reserved blocks gid") || 0,
    ...(flexGroups === USUAL_FLEX_GROUPS ? {} : { flexGroups }),
    ...(journalBlocks === 0 || journalBlocks === usualJournalBlocks(number("Block count")) ? {} : { journalBlocks }),
    ...(!features.includes("quota") || areUsualQuotas(quotaTypes, features) ? {} : { quotaTypes }),
    ...(encoding === undefined ? {} : { encoding }),
    ...(directoryHash === USUAL_HASH ? {} : { directoryHash }),
    ...(mountOptions === "" || mountOptions.includes(",") ? {} : { mountOptions }),
  };
}

const USUAL_FLEX_GROUPS = 16;
const USUAL_HASH = "half_md4";

const QUOTA_INODES = [
  ["User quota inode", "usrquota"],
  ["Group quota inode", "grpquota"],
  ["Project quota inode", "prjquota"],
] as const;

/** mke2fs(8), "quotatype": users and groups, and projects where that feature is on. */
function areUsualQuotas(types: readonly string[], features: readonly string[]): boolean {
  return types.length === (features.includes("project") ? 3 : 2) && types.includes("usrquota") && types.includes("grpquota");
}

/** Blocks of a journal by blocks of the file system (e2fsprogs, lib/ext2fs/mkjournal.c, ext2fs_default_journal_size). */
const JOURNALS: readonly (readonly [below: number, blocks: number])[] = [
  [32_768, 1024],
  [262_144, 4096],
  [524_288, 8192],
  [4_194_304, 16_384],
  [8_388_608, 32_768],
  [16_777_216, 65_536],
  [33_554_432, 131_072],
];

function usualJournalBlocks(blocks: number): number {
  return JOURNALS.find(([below]) => blocks < below)?.[1] ?? 262_144;
}

function words(text: string | undefined): readonly string[] {
  return text === undefined || text === "(none)" ? [] : text.split(/\s+/).filter((word) => word !== "");
}
