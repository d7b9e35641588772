// Gate and restore in one, for the agent and the command line alike.

import { LifeboatError } from "#os/error";
import { printable } from "../set/catalogue.ts";
import type { RestoreEnvironment } from "./engine.ts";
import { passGate, type GateMode } from "./gate.ts";
import type { PreparedRestore } from "./prepare.ts";
import { unmountAll } from "./mount-all.ts";
import { restoreMachine, type RestoreReport } from "./restore-machine.ts";

export interface RunOptions {
  readonly gateMode: GateMode;
  readonly acceptDamage: boolean;
  readonly check: boolean;
}

/** Names of lost files that are said before the first write; the report has all. */
const LOST_NAMED = 20;

/** Throws LifeboatError: 3 and 5 before the first write, 4 after it. */
export async function runRestore(prepared: PreparedRestore, options: RunOptions, environment: RestoreEnvironment): Promise<RestoreReport> {
  const { set, machine, plan, resumeAt } = prepared;
  environment.say(`lifeboat: gate: reading the set (${options.gateMode})`);
  const startMs = environment.nowMs();
  const gate = await passGate({ set, machine, plan, mode: options.gateMode, acceptDamage: options.acceptDamage }, environment);
  environment.say(`lifeboat: gate passed in ${Math.round((environment.nowMs() - startMs) / 1000)}s: ${gate.frames.length} frames`);
  for (const path of gate.lost.slice(0, LOST_NAMED)) environment.say(`lifeboat: lost to damage: ${printable(path)}`);
  if (gate.lost.length > LOST_NAMED) environment.say(`lifeboat: lost to damage: ${gate.lost.length - LOST_NAMED} more`);
  try {
    return await restoreMachine(
      { set, machine, plan, gate, gateMode: options.gateMode, mayResume: resumeAt !== undefined, check: options.check },
      environment,
    );
  } catch (error) {
    if (error instanceof LifeboatError) await unmountAll(plan, environment).catch(() => undefined);
    throw error;
  }
}
