// Gate and restore in one, for the agent and the command line alike.

import { LifeboatError } from "#os/error";
import type { ByteText } from "../formats/tar-read.ts";
import { printable } from "../set/catalogue.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { passGate, type GateMode } from "./gate.ts";
import { unnamedLosses } from "./outcome.ts";
import type { PreparedRestore } from "./prepare.ts";
import { unmountAll } from "./mount-all.ts";
import { restoreMachine, type RestoreReport } from "./restore-machine.ts";
import { closeStack } from "./run-stack.ts";

export interface RunOptions {
  readonly gateMode: GateMode;
  readonly acceptDamage: boolean;
  readonly check: boolean;
}

/** Names of lost files that are said before the first write; the report has all. */
const LOST_NAMED = 20;

/** Throws LifeboatError: 3 and 5 before the first write, 4 after it. */
export async function runRestore(prepared: PreparedRestore, options: RunOptions, environment: RestoreEnvironment): Promise<RestoreReport> {
  const { set, machine, plan, resumeAt, luksHeaders } = prepared;
  const mode = gateModeOf(options);
  const why = mode === options.gateMode ? "" : ", as what damage costs must be known before the first write";
  environment.say(`lifeboat: gate: reading the set (${mode}${why})`);
  const startMs = environment.nowMs();
  const gate = await passGate({ set, machine, plan, mode, acceptDamage: options.acceptDamage }, environment);
  environment.say(`lifeboat: gate passed in ${Math.round((environment.nowMs() - startMs) / 1000)}s: ${gate.frames.length} frames`);
  const lostImages = (gate.lostImages ?? []).map((device) => `the image of ${device}: it will be empty`);
  for (const line of [...lostImages, ...lostLines(gate.lost, unnamedLosses(set))]) environment.say(`lifeboat: lost to damage: ${line}`);
  try {
    return await restoreMachine(
      { set, machine, plan, gate, mayResume: resumeAt !== undefined, check: options.check },
      { ...environment, luksHeaders },
    );
  } catch (error) {
    if (error instanceof LifeboatError) {
      await unmountAll(plan, environment).catch(() => undefined);
      await closeStack(plan, environment);
    }
    throw error;
  }
}

/** Damage that is in no sample would end the restore of a disk that has been wiped. */
function gateModeOf({ gateMode, acceptDamage }: RunOptions): GateMode {
  return acceptDamage ? "full" : gateMode;
}

function lostLines(lost: readonly ByteText[], unnamed: number | "unknown"): readonly string[] {
  return [
    ...lost.slice(0, LOST_NAMED).map(printable),
    ...(lost.length > LOST_NAMED ? [`${lost.length - LOST_NAMED} more`] : []),
    ...(unnamed === "unknown"
      ? ["maybe more paths, whose names are lost too"]
      : unnamed > 0
        ? [`${unnamed} paths whose names are lost too`]
        : []),
  ];
}
