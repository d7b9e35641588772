// Reads `sfdisk --json DISK` (util-linux 2.27 and later): a disk's partition table.
import * as v from "valibot";
import { LifeboatError } from "#os/error";
import type { Partition, PartitionTable } from "./model.ts";

/** The same numbers are texts in some versions: `table-length` in all. */
const Whole = v.pipe(v.union([v.number(), v.string()]), v.transform(Number), v.number(), v.integer(), v.minValue(0));

const Entry = v.object({
  node: v.string(),
  start: Whole,
  size: Whole,
  type: v.string(),
  uuid: v.optional(v.string()),
  name: v.optional(v.string()),
  attrs: v.optional(v.string()),
  bootable: v.optional(v.boolean()),
});

const Output = v.object({
  partitiontable: v.object({
    label: v.string(),
    id: v.optional(v.string()),
    device: v.string(),
    firstlba: v.optional(Whole),
    lastlba: v.optional(Whole),
    "table-length": v.optional(Whole),
    partitions: v.optional(v.array(Entry)),
  }),
});

type Table = v.InferOutput<typeof Output>["partitiontable"];

/** UEFI 5.3.1: room for 128 entries at the least; sfdisk is silent on the number when it is that. */
const USUAL_ENTRY_COUNT = 128;
/** CHS, LBA and Linux: the types that hold logical partitions. */
const EXTENDED_TYPES: ReadonlySet<string> = new Set(["5", "f", "85"]);

/** Undefined for tables that are neither GPT nor MBR. Throws LifeboatError when this is not sfdisk's output. */
export function parseSfdisk(json: string): PartitionTable | undefined {
  const parsed = v.safeParse(Output, parseJson(json));
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw unreadable(`${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
  }
  const table = parsed.output.partitiontable;
  if (table.label !== "gpt" && table.label !== "dos") return undefined;
  const isGpt = table.label === "gpt";
  return {
    kind: isGpt ? "gpt" : "mbr",
    id: (table.id ?? "").toLowerCase(),
    entryCount: isGpt ? (table["table-length"] ?? USUAL_ENTRY_COUNT) : undefined,
    firstSector: isGpt ? table.firstlba : undefined,
    lastSector: isGpt ? table.lastlba : undefined,
    partitions: (table.partitions ?? []).map((entry) => toPartition(table, entry)).sort((a, b) => a.number - b.number),
  };
}

function toPartition(table: Table, entry: v.InferOutput<typeof Entry>): Partition {
  const number = partitionNumber(table.device, entry.node);
  const isGpt = table.label === "gpt";
  const type = entry.type.toLowerCase().replace(/^0x/, "");
  return {
    id: entry.node.replace(/^\/dev\//, ""),
    number,
    startSector: entry.start,
    sizeSectors: entry.size,
    role: isGpt ? "primary" : number > 4 ? "logical" : EXTENDED_TYPES.has(type) ? "extended" : "primary",
    type,
    uuid: isGpt ? entry.uuid?.toLowerCase() : mbrPartitionUuid(table.id ?? "", number),
    label: entry.name === "" ? undefined : entry.name,
    attributes: entry.attrs ?? "",
    active: !isGpt && entry.bootable === true,
  };
}

/** `/dev/sda1`, `/dev/nvme0n1p1`, and `disk.img1` for a file. */
function partitionNumber(device: string, node: string): number {
  const rest = node.startsWith(device) ? node.slice(device.length) : node;
  const digits = /(\d+)$/.exec(rest)?.[1];
  if (digits === undefined) throw unreadable(`"${node}" names no partition of "${device}"`);
  return Number(digits);
}

/** What the kernel and libblkid take for a PARTUUID: the disk's signature and the number, two hexadecimal digits at least. */
function mbrPartitionUuid(id: string, number: number): string | undefined {
  const signature = /^0x([0-9a-f]{8})$/.exec(id.toLowerCase())?.[1];
  return signature === undefined || signature === "00000000" ? undefined : `${signature}-${number.toString(16).padStart(2, "0")}`;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : "no JSON");
  }
}

function unreadable(state: string): LifeboatError {
  return new LifeboatError(`Cannot read sfdisk's output as a JSON partition table: ${state}`, {
    hint: "Lifeboat needs util-linux 2.27 or later",
  });
}
