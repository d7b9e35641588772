// What is on a tape whose set has lost its end: the heads of its sections, one after the other.

import { LifeboatError } from "#os/error";
import { tapeProblem } from "#os/tape-device";
import type { TapeIndex, TapeLabel } from "../set/tape-format.ts";
import { goToSection, type TapePosition } from "./tape-position.ts";

/** An index of this tape alone, up to the first section that cannot be read. `labelFile`: the tape file of the label. */
export async function scanTape(position: TapePosition, { set, tape, blockBytes }: TapeLabel, labelFile: number): Promise<TapeIndex> {
  const sections: TapeIndex["sections"][number][] = [];
  for (let file = labelFile + 1; ; file += 1) {
    const section = await sectionAt(position, tape, file);
    if (section === undefined) return { version: 1, set, tapes: tape, blockBytes, sections };
    const { kind, entries } = section;
    sections.push({ tape, file, kind, entries });
  }
}

/** Undefined where the tape has none, or none that is whole. */
async function sectionAt(position: TapePosition, tape: number, file: number) {
  try {
    return await goToSection(position, { tape, file, kind: undefined });
  } catch (error) {
    if (tapeProblem(error) === "unreadable" || (error instanceof LifeboatError && error.exitCode === 5)) return undefined;
    throw error;
  }
}
