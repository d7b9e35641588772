// Reads what pvs, vgs and lvs report as JSON (lvmreport(7); LVM 2.02.158 and later).

import * as v from "valibot";
import { LifeboatError } from "#os/error";
import { parseJson } from "../formats/json.ts";

export interface LvmReport {
  readonly groups: readonly ReportedGroup[];
  readonly physicalVolumes: readonly ReportedPhysicalVolume[];
  /** Those inside of others too. */
  readonly volumes: readonly ReportedVolume[];
}

export interface ReportedGroup {
  readonly name: string;
  readonly uuid: string;
  readonly extentBytes: number;
  readonly isExported: boolean;
  /** A physical volume is missing. */
  readonly isPartial: boolean;
  /** Locked by a cluster. */
  readonly isShared: boolean;
  readonly tags: readonly string[];
}

export interface ReportedPhysicalVolume {
  /** "" when it is in none. */
  readonly group: string;
  readonly path: string;
  readonly uuid: string;
  readonly startBytes: number;
  readonly extents: number;
  readonly isAllocatable: boolean;
}

export interface ReportedVolume {
  readonly group: string;
  /** Without the brackets of those inside of others. */
  readonly name: string;
  readonly uuid: string;
  readonly isHidden: boolean;
  readonly sizeBytes: number;
  readonly tags: readonly string[];
  readonly segments: readonly ReportedSegment[];
}

export interface ReportedSegment {
  /** `linear`, `striped`, `raid5_ls`, `thin-pool`, `thin`, … */
  readonly type: string;
  readonly stripes: number;
  readonly stripeBytes: number | undefined;
  readonly regionBytes: number | undefined;
  readonly chunkBytes: number | undefined;
  readonly extents: number;
  /** Paths of physical volumes, or names of volumes inside. */
  readonly devices: readonly string[];
  readonly pool: string | undefined;
  readonly origin: string | undefined;
  readonly metadataBytes: number | undefined;
  readonly zero: boolean;
  readonly discards: string | undefined;
}

/** Without the copy of its metadata that LVM would write to /etc when it finds none there: looking changes nothing. */
const COMMON = ["--config", "backup{backup=0 archive=0}", "--reportformat", "json", "--units", "b", "--nosuffix"];

export const LVM_COMMANDS = {
  pvs: ["pvs", ...COMMON, "--options", "vg_name,pv_name,pv_uuid,pe_start,pv_pe_count,pv_attr"],
  vgs: ["vgs", ...COMMON, "--options", "vg_name,vg_uuid,vg_extent_size,vg_attr,vg_tags"],
  lvs: [
    "lvs",
    ...COMMON,
    "--all",
    "--segments",
    "--options",
    "vg_name,lv_name,lv_uuid,lv_size,lv_tags,segtype,stripes,stripe_size,region_size,chunk_size,seg_start_pe,seg_size_pe,devices,pool_lv,origin,lv_metadata_size,zero,discards",
  ],
} as const;

const Rows = v.array(v.record(v.string(), v.string()));
const Output = v.object({
  report: v.array(v.object({ pv: v.optional(Rows, []), vg: v.optional(Rows, []), lv: v.optional(Rows, []), seg: v.optional(Rows, []) })),
});

type Row = Readonly<Record<string, string>>;

/** Throws LifeboatError when one of the texts is no such report. */
export function parseLvm(texts: { readonly pvs: string; readonly vgs: string; readonly lvs: string }): LvmReport {
  return {
    physicalVolumes: rowsOf(texts.pvs, "pvs").map(toPhysicalVolume),
    groups: rowsOf(texts.vgs, "vgs").map(toGroup),
    volumes: toVolumes(rowsOf(texts.lvs, "lvs")),
  };
}

function rowsOf(text: string, program: string): readonly Row[] {
  const parsed = v.safeParse(Output, parseJson(text));
  if (!parsed.success) {
    throw new LifeboatError(`Cannot read the output of ${program} as a report in JSON: ${parsed.issues[0].message}`);
  }
  return parsed.output.report.flatMap(({ pv, vg, lv, seg }) => [...pv, ...vg, ...lv, ...seg]);
}

function toPhysicalVolume(row: Row): ReportedPhysicalVolume {
  return {
    group: text(row, "vg_name"),
    path: text(row, "pv_name"),
    uuid: text(row, "pv_uuid"),
    startBytes: number(row, "pe_start") ?? 0,
    extents: number(row, "pv_pe_count") ?? 0,
    isAllocatable: text(row, "pv_attr").startsWith("a"),
  };
}

/** vgs(8), "VG attributes": permissions, resizable, exported, partial, allocation policy, clustered or shared. */
function toGroup(row: Row): ReportedGroup {
  const attributes = text(row, "vg_attr");
  return {
    name: text(row, "vg_name"),
    uuid: text(row, "vg_uuid"),
    extentBytes: number(row, "vg_extent_size") ?? 0,
    isExported: attributes[2] === "x",
    isPartial: attributes[3] === "p",
    isShared: attributes[5] === "c" || attributes[5] === "s",
    tags: list(row, "vg_tags"),
  };
}

/** A row for each segment: those of a volume come in the order of its extents. */
function toVolumes(rows: readonly Row[]): readonly ReportedVolume[] {
  const byUuid = new Map<string, readonly Row[]>();
  for (const row of rows) byUuid.set(text(row, "lv_uuid"), [...(byUuid.get(text(row, "lv_uuid")) ?? []), row]);
  return [...byUuid].map(([uuid, segments]) => {
    const first = segments[0]!;
    const written = text(first, "lv_name");
    const inOrder = [...segments].sort((a, b) => (number(a, "seg_start_pe") ?? 0) - (number(b, "seg_start_pe") ?? 0));
    return {
      group: text(first, "vg_name"),
      name: written.replace(/^\[(.*)\]$/, "$1"),
      uuid,
      isHidden: written.startsWith("["),
      sizeBytes: number(first, "lv_size") ?? 0,
      tags: list(first, "lv_tags"),
      segments: inOrder.map(toSegment),
    };
  });
}

function toSegment(row: Row): ReportedSegment {
  return {
    type: text(row, "segtype"),
    stripes: number(row, "stripes") ?? 1,
    stripeBytes: positive(row, "stripe_size"),
    regionBytes: positive(row, "region_size"),
    chunkBytes: positive(row, "chunk_size"),
    extents: number(row, "seg_size_pe") ?? 0,
    devices: list(row, "devices").map((device) => device.replace(/\(\d+\)$/, "")),
    pool: optional(row, "pool_lv"),
    origin: optional(row, "origin"),
    metadataBytes: positive(row, "lv_metadata_size"),
    zero: /^(?:zero|1|yes|y)$/.test(text(row, "zero").trim()),
    discards: optional(row, "discards"),
  };
}

function text(row: Row, field: string): string {
  return row[field]?.trim() ?? "";
}

function optional(row: Row, field: string): string | undefined {
  const value = text(row, field).replace(/^\[(.*)\]$/, "$1");
  return value === "" ? undefined : value;
}

function list(row: Row, field: string): readonly string[] {
  const value = text(row, field);
  return value === "" ? [] : value.split(",");
}

function number(row: Row, field: string): number | undefined {
  const value = text(row, field);
  return /^\d+$/.test(value) ? Number(value) : undefined;
}

function positive(row: Row, field: string): number | undefined {
  const value = number(row, field);
  return value === 0 ? undefined : value;
}
