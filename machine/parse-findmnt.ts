// Reads `findmnt --json --bytes --list`: what is mounted where.
import * as v from "valibot";
import { LifeboatError } from "#os/error";

/** The columns that parseFindmnt() knows; the argument of `--output`. */
export const FINDMNT_COLUMNS = "TARGET,SOURCE,FSTYPE,OPTIONS,LABEL,UUID,FSROOT,MAJ:MIN,SIZE,USED";

export interface Mount {
  readonly target: string;
  /** A device node, a share, or a word such as `tmpfs`; without the `[/subvolume]` that findmnt adds. */
  readonly source: string;
  readonly fsType: string;
  readonly options: readonly string[];
  readonly label: string | undefined;
  readonly uuid: string | undefined;
  /** The directory of the file system that is seen at `target`: `/`, or a subvolume or bind mount's path. */
  readonly fsRoot: string;
  readonly majorMinor: string;
  readonly sizeBytes: number | undefined;
  readonly usedBytes: number | undefined;
}

const Text = v.optional(v.nullable(v.string()));
const Size = v.optional(v.nullable(v.pipe(v.union([v.number(), v.pipe(v.string(), v.trim())]), v.transform(Number), v.number())));

const FileSystem = v.object({
  target: v.string(),
  source: Text,
  fstype: Text,
  options: Text,
  label: Text,
  uuid: Text,
  fsroot: Text,
  "maj:min": Text,
  size: Size,
  used: Size,
});

const Output = v.object({ filesystems: v.array(FileSystem) });

/** In the order of mounting. Nothing mounted (empty output) is an empty list. */
export function parseFindmnt(json: string): readonly Mount[] {
  if (json.trim() === "") return [];
  const parsed = v.safeParse(Output, parseJson(json));
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw unreadable(`${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
  }
  return parsed.output.filesystems.map(toMount);
}

function toMount(fields: v.InferOutput<typeof FileSystem>): Mount {
  const fsRoot = fields.fsroot ?? "/";
  const source = fields.source ?? "";
  const suffix = `[${fsRoot}]`;
  return {
    target: fields.target,
    source: source.endsWith(suffix) ? source.slice(0, -suffix.length) : source,
    fsType: fields.fstype ?? "",
    options: (fields.options ?? "").split(",").filter((option) => option !== ""),
    label: fields.label ?? undefined,
    uuid: fields.uuid ?? undefined,
    fsRoot,
    majorMinor: (fields["maj:min"] ?? "").trim(),
    sizeBytes: fields.size ?? undefined,
    usedBytes: fields.used ?? undefined,
  };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : "no JSON");
  }
}

function unreadable(state: string): LifeboatError {
  return new LifeboatError(`Cannot read findmnt's output as a JSON list of mounts: ${state}`, {
    hint: "Lifeboat needs util-linux 2.27 or later",
  });
}
