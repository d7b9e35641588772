// Whoever changes discs and tapes while a set is written or read: asked for each by its number and the name of its set.

import { MissingMedium } from "../set/set-source.ts";

export type ChangedMedium = "disc" | "tape";

export interface MediumRequest {
  readonly what: ChangedMedium;
  /** To be read from, or one that will be written. */
  readonly use: "read" | "write";
  /** Counted from 1. `last`: how many there are stands on that one alone. */
  readonly number: number | "last";
  readonly setId: string;
  /** The drive in which it is looked for: `/dev/sr0`. */
  readonly place: string;
  /** What came instead, in words that follow a colon; undefined when it is asked for the first time. */
  readonly problem: string | undefined;
  /** The drive that a new medium has come into since it was asked for; undefined while there is none. Asked again and again, where there is a way to tell. */
  arrived?(): Promise<string | undefined>;
}

export interface MediumChanger {
  /**
   * Returns the drive to look into, when somebody has said so or something has come: the caller looks, and asks again with a problem when it is not
   * what was asked for. Throws LifeboatError (3) when nobody is there to be asked.
   */
  next(request: MediumRequest): Promise<string>;
}

/** `disc 2 of web1-20261121T194500Z` */
export function mediumText({ what, number, setId }: Pick<MediumRequest, "what" | "number" | "setId">): string {
  return number === "last" ? `the last ${what} of ${setId}` : `${what} ${number} of ${setId}`;
}

/** What the person is asked for, in a sentence that may go on. */
export function requestText(request: MediumRequest): string {
  const { what, use, place } = request;
  const wanted = use === "write" ? `an empty ${what}, to become ${mediumText(request)},` : mediumText(request);
  return `Put ${wanted} into ${place}`;
}

/** Undefined when nothing was wrong. */
export function refusalText({ problem }: MediumRequest): string | undefined {
  return problem === undefined ? undefined : `that is not it: ${problem}`;
}

/** For work that nobody watches. */
export const NOBODY: MediumChanger = {
  async next(request) {
    const { use, place, problem } = request;
    const state = problem ?? "it is not there, and there is no terminal to ask for it";
    throw new MissingMedium(
      `Cannot go on as ${mediumText(request)} must be in "${place}" to be ${use === "write" ? "written" : "read"}: ${state}`,
      { hint: hintFor(request) },
    );
  },
};

function hintFor({ what, use }: MediumRequest): string {
  if (use === "write") return `Start it at a terminal, where it can ask for the next ${what}`;
  return what === "disc"
    ? "Start it at a terminal, where it can ask for the next disc, put the discs into several drives, or copy them as PREFIX-N.iso into one directory and name that"
    : "Start it at a terminal, where it can ask for the next tape";
}
