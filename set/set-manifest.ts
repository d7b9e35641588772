// set.json: what a set is made of. It is written last: no manifest, no backup (DESIGN section 5).

import * as v from "valibot";
import { digestOf } from "#os/digest";
import { LifeboatError } from "#os/error";
import { utf8Encode } from "../formats/text.ts";
import { parseJson } from "../formats/json.ts";
import { DIGEST } from "./frame-list.ts";

export const MANIFEST_FILE = "set.json";
export const MACHINE_FILE = "machine.json";
export const CATALOGUE_FILE = "catalogue.ndjson.zst";
/** Below the set: the rescue image that finds it. */
export const RESCUE_ISO_FILE = "boot/rescue.iso";
/** Below the set: headers of LUKS volumes, each with all key slots and tokens. */
export const LUKS_DIRECTORY = "luks";
export const LUKS_HEADER_FILE = /^luks\/[0-9a-f-]{36}\.header$/;
/** Marks a directory that holds sets. */
export const STORE_MARK = ".lifeboat-store";

/** `web1-20261121T194500Z` */
export const SET_ID = /^[A-Za-z0-9][\w.-]*-\d{8}T\d{6}Z$/;

const Whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const MediumNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const Digest = v.pipe(v.string(), v.regex(DIGEST));
/** Plain names, at most one directory deep, so that a manifest can never lead out of its set. */
export const FileName = v.pipe(v.string(), v.regex(/^(?:[A-Za-z0-9][\w.-]*\/)?[A-Za-z0-9][\w.-]*$/));
const Remark = v.object({ path: v.string(), what: v.string() });

const Manifest = v.object({
  formatVersion: v.literal(1),
  id: v.pipe(v.string(), v.regex(SET_ID)),
  /** `machine`: with layout and `/`, to rebuild the machine. `files`: nothing but files. */
  kind: v.picklist(["machine", "files"]),
  hostName: v.string(),
  createdAt: v.string(),
  finishedAt: v.string(),
  createdBy: v.string(),
  /** Of files, frames and images of devices; the set's own small files have BLAKE2b-512 always. */
  digestAlgorithm: v.picklist(["BLAKE2b-512", "SHA-256"]),
  codec: v.picklist(["zstd", "gzip", "none"]),
  level: v.number(),
  consistent: v.picklist(["live", "snapshot"]),
  parent: v.nullable(v.string()),
  options: v.object({ include: v.array(v.string()), exclude: v.array(v.string()) }),
  totals: v.object({ paths: Whole, contentBytes: Whole, frames: Whole, volumes: Whole, streamBytes: Whole, storedBytes: Whole }),
  /** Files that changed while they were read, or could not be read. */
  changed: v.array(Remark),
  unreadable: v.array(Remark),
  /** What is not in the set on purpose: mounts, disks, Lifeboat's own files, each with the reason. */
  leftOut: v.optional(v.array(v.object({ what: v.string(), reason: v.string() }))),
  /** What the tar stream cannot tell, once more beside the catalogue: inode flags, and nodes with several names. Paths are base64. */
  inodes: v.optional(v.array(v.object({ pathB64: v.string(), flags: v.optional(v.string()), sameNodeAsB64: v.optional(v.string()) }))),
  /**
   * The digests of volumes are those of their frames, in the frame lists. `medium` counts discs or tapes from 1: of a set on several, it
   * tells where volumes and images lie; all other files are on the last one.
   */
  files: v.array(v.object({ name: FileName, sizeBytes: Whole, digest: v.optional(Digest), medium: v.optional(MediumNumber) })),
  /** Of a set on an ISO, which has no `boot/`: the rescue image, by its path on the medium. Sets made before it was listed have none. */
  image: v.optional(v.array(v.object({ name: FileName, sizeBytes: Whole, digest: Digest }))),
});

export type SetManifest = v.InferOutput<typeof Manifest>;

/**
 * The last two lines are ` "digest": "…"` and `}`. The digest is that of all lines before them, so that any byte of the file that is
 * another is noticed, and `head -n -2 set.json | b2sum` checks it.
 */
export function formatManifest(manifest: SetManifest): string {
  const body = `${JSON.stringify(manifest, undefined, 1).slice(0, -"\n}".length)},\n`;
  return `${body}${digestLines(digestOf(utf8Encode(body)))}`;
}

function digestLines(digest: string): string {
  return ` "digest": "${digest}"\n}\n`;
}

const TAIL_LENGTH = digestLines("0".repeat(128)).length;

/** Throws LifeboatError (5) for what is no manifest of this version, and for one in which a byte is another than was written. */
export function parseManifest(text: string, where: string): SetManifest {
  const json = parseJson(text);
  const state = digestProblem(text, json);
  const parsed = state === undefined ? v.safeParse(Manifest, json) : undefined;
  if (parsed?.success === true) return parsed.output;
  const [issue] = parsed?.issues ?? [];
  const problem = issue === undefined ? state : `${v.getDotPath(issue) ?? "all of it"}: ${issue.message}`;
  throw new LifeboatError(`Cannot read "${where}" as a set's manifest must be whole: ${problem}`, {
    exitCode: 5,
    hint: "The set is damaged, or was made by a newer Lifeboat; --accept-damage makes the manifest again from the frame lists",
  });
}

const KNOWN_KEYS: ReadonlySet<string> = new Set(Object.keys(Manifest.entries));

/**
 * Sets that were made before manifests had a digest are taken without; then all keys are known ones, so that a digest whose own key is
 * damaged cannot pass for none. In words that follow a colon.
 */
function digestProblem(text: string, json: unknown): string | undefined {
  if (typeof json !== "object" || json === null) return "all of it: it is no JSON object";
  const body = text.slice(0, -TAIL_LENGTH);
  if (text.endsWith(digestLines(digestOf(utf8Encode(body)))) && text.length > TAIL_LENGTH) return undefined;
  if ("digest" in json) return "its digest must be the one that stands at its end: it is another";
  const unknown = Object.keys(json).find((key) => !KNOWN_KEYS.has(key));
  return unknown === undefined ? undefined : `${JSON.stringify(unknown)} is no key of a manifest without a digest`;
}

export function volumeName(number: number, codec: SetManifest["codec"]): string {
  const endings = { zstd: ".zst", gzip: ".gz", none: "" };
  return `data-${String(number).padStart(4, "0")}.tar${endings[codec]}`;
}

export function frameListName(number: number): string {
  return `data-${String(number).padStart(4, "0")}.frames`;
}

/** A volume with its frame list; images of devices have none. */
export function withFrameList(name: string): readonly string[] {
  const number = volumeNumber(name);
  return number === undefined ? [name] : [name, frameListName(number)];
}

/** Undefined for what is no UUID. */
export function luksHeaderFile(uuid: string | undefined): string | undefined {
  const name = `${LUKS_DIRECTORY}/${(uuid ?? "").toLowerCase()}.header`;
  return LUKS_HEADER_FILE.test(name) ? name : undefined;
}

const VOLUME_NAME = /^data-(\d{4,})\.tar(?:\.zst|\.gz)?$/;

export function volumeNumber(name: string): number | undefined {
  const digits = VOLUME_NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A set's name at the end of a path or URL. */
export function setIdOf(place: string): string {
  return /[A-Za-z0-9][\w.-]*-\d{8}T\d{6}Z(?=\/*$)/.exec(place)?.[0] ?? "unknown-19700101T000000Z";
}

/** `NAME-20261121T194500Z`; what no file name should hold becomes a dash. */
export function setId(hostName: string, createdAt: string): string {
  const name = hostName.replace(/[^A-Za-z0-9.-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "") || "machine";
  return `${name}-${createdAt.replace(/[-:]|\.\d+/g, "")}`;
}
