// What a disc, or the ISO that becomes one, says of itself: which of a set's discs it is. Pure.

import { parseJson } from "../formats/json.ts";

/** In the set's directory on each of its discs; a set on one ISO may lack it. */
export const DISC_NOTE_FILE = "disc.json";

export interface DiscNote {
  readonly set: string;
  /** Counted from 1, which is the one that boots. */
  readonly disc: number;
  /** It has manifest and catalogue, and no other follows. */
  readonly isLast: boolean;
}

export function formatDiscNote(note: DiscNote): string {
  return `${JSON.stringify(note)}\n`;
}

/** Everything of the set is on this one. */
export function isOnlyDisc({ disc, isLast }: DiscNote): boolean {
  return disc === 1 && isLast;
}

/** Undefined for what is none. */
export function parseDiscNote(text: string): DiscNote | undefined {
  const { set, disc, isLast } = (parseJson(text) ?? {}) as Partial<Record<keyof DiscNote, unknown>>;
  if (typeof set !== "string" || typeof isLast !== "boolean") return undefined;
  return typeof disc === "number" && Number.isSafeInteger(disc) && disc > 0 ? { set, disc, isLast } : undefined;
}
