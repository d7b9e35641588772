// The drive and the tapes of one set: the one that is wanted is in, or is asked for until it is.

import { tapeProblem } from "#os/tape-device";
import { describeTape, identifyTape, type TapeContent } from "./identify-tape.ts";
import type { MediumChanger, MediumRequest } from "./medium-changer.ts";
import type { TapeTransport } from "./tape-transport.ts";

/** A drive, and who changes the tape in it, or names another drive. */
export interface TapeDrive {
  readonly transport: TapeTransport;
  readonly changer: MediumChanger;
  openDrive(device: string): TapeTransport;
}

export interface LoadedTape {
  readonly transport: TapeTransport;
  readonly content: TapeContent;
}

export interface WantedTape extends Pick<MediumRequest, "use" | "number" | "setId" | "problem"> {
  /** Why it is not this one, in words that follow a colon; undefined when it is. */
  refusal(tape: LoadedTape): string | undefined | Promise<string | undefined>;
}

/** Lets the tape out that is in, and asks for another one until it is the right one. Throws what the changer throws when nobody can change it. */
export async function loadTape({ changer, openDrive, ...drive }: TapeDrive, { refusal, ...wanted }: WantedTape): Promise<LoadedTape> {
  let { transport } = drive;
  let { problem } = wanted;
  for (;;) {
    const isOut = await eject(transport);
    const request = { ...wanted, what: "tape", place: transport.device, problem } as const;
    const device = await changer.next(isOut ? { ...request, arrived: () => arrived(transport) } : request);
    if (device !== transport.device) {
      await transport.release();
      transport = openDrive(device);
    }
    const content = await identifyIfThere(transport);
    problem = content === undefined ? NO_TAPE : await refusal({ transport, content });
    if (content !== undefined && problem === undefined) return { transport, content };
  }
}

/** Undefined when there is no tape in the drive. Throws LifeboatError for anything else. */
export async function identifyIfThere(transport: TapeTransport): Promise<TapeContent | undefined> {
  try {
    return await identifyTape(transport);
  } catch (error) {
    if (tapeProblem(error) === "no-tape") return undefined;
    throw error;
  }
}

/** False for a drive that cannot. */
async function eject(transport: TapeTransport): Promise<boolean> {
  try {
    await transport.eject();
    return true;
  } catch (error) {
    const problem = tapeProblem(error);
    if (problem === undefined) throw error;
    return problem === "no-tape";
  }
}

async function arrived(transport: TapeTransport): Promise<string | undefined> {
  return (await transport.hasTape()) ? transport.device : undefined;
}

export const NO_TAPE = "there is no tape in it";

/** What is not the tape of this number. */
export function otherTape({ content }: LoadedTape, set: string, tape: number): string | undefined {
  const isIt = content.kind === "lifeboat" && content.label.set === set && content.label.tape === tape;
  return isIt ? undefined : describeTape(content);
}
