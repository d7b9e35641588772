// `.note.dlopen`: which libraries a program may open by itself (systemd.io/ELF_DLOPEN_METADATA), read through PT_NOTE.
import type { ElfLayout, ElfSegment } from "./elf-layout.ts";
import { parseJson } from "./json.ts";
import { beforeNul, utf8Decode } from "./text.ts";

export type DlopenPriority = "required" | "recommended" | "suggested";

export interface DlopenNote {
  /** Names of the same library, the best first; the program takes the first that is there. */
  readonly sonames: readonly string[];
  readonly feature?: string;
  readonly description?: string;
  readonly priority: DlopenPriority;
}

const PT_NOTE = 4;
const NOTE_HEADER_BYTES = 12;
const OWNER = "FDO";
const DLOPEN_TYPE = 0x407c0c0a;

export function readDlopenNotes(layout: ElfLayout): readonly DlopenNote[] {
  return layout.segments.filter((one) => one.type === PT_NOTE).flatMap((segment) => readNotes(layout, segment));
}

function readNotes(layout: ElfLayout, segment: ElfSegment): DlopenNote[] {
  const { file } = layout;
  file.bytes(segment.offset, segment.fileSize, "p_offset of PT_NOTE");
  // Notes are padded to 4, but to 8 in segments aligned to 8, as .note.gnu.property is (gABI draft on p_align of PT_NOTE).
  const align = segment.align === 8 ? 8 : 4;
  const end = segment.offset + segment.fileSize;
  const found: DlopenNote[] = [];
  let at = segment.offset;
  while (at + NOTE_HEADER_BYTES <= end) {
    const nameBytes = file.u32(at, "n_namesz");
    const descriptionBytes = file.u32(at + 4, "n_descsz");
    const type = file.u32(at + 8, "n_type");
    const nameStart = at + NOTE_HEADER_BYTES;
    const descriptionStart = segment.offset + roundUp(nameStart + nameBytes - segment.offset, align);
    const noteEnd = descriptionStart + descriptionBytes;
    if (noteEnd > end) throw file.damage('"n_namesz" and "n_descsz" must fit the note segment', `${nameBytes} and ${descriptionBytes}`);
    if (type === DLOPEN_TYPE && utf8Decode(beforeNul(file.bytes(nameStart, nameBytes, "n_name"))) === OWNER) {
      found.push(...parseDlopen(layout, file.bytes(descriptionStart, descriptionBytes, "n_desc")));
    }
    at = segment.offset + roundUp(noteEnd - segment.offset, align);
  }
  return found;
}

function parseDlopen(layout: ElfLayout, bytes: Uint8Array): DlopenNote[] {
  const text = utf8Decode(beforeNul(bytes));
  const list = parseJson(text);
  if (!Array.isArray(list)) throw layout.file.damage(".note.dlopen must be a JSON array", JSON.stringify(text.slice(0, 60)));
  return list.map((item: unknown) => {
    const note = toNote(item);
    if (note === undefined) throw layout.file.damage("each part of .note.dlopen must name a soname", JSON.stringify(item).slice(0, 60));
    return note;
  });
}

function toNote(item: unknown): DlopenNote | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  const { soname, feature, description, priority } = item as Readonly<Record<string, unknown>>;
  if (!Array.isArray(soname) || soname.length === 0 || !soname.every((one): one is string => typeof one === "string")) return undefined;
  return {
    sonames: soname,
    ...(typeof feature === "string" ? { feature } : {}),
    ...(typeof description === "string" ? { description } : {}),
    // The document makes "recommended" the default.
    priority: priority === "required" || priority === "suggested" ? priority : "recommended",
  };
}

function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}
