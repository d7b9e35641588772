// Passphrases for the LUKS volumes that a plan makes: they are known before the gate, so that nobody is waited for when disks are erased.

import { LifeboatError } from "#os/error";
import { utf8Encode } from "../formats/text.ts";
import type { DeviceId, Layout } from "../machine/model.ts";
import type { Plan } from "./plan.ts";

export type LuksKeys = ReadonlyMap<DeviceId, Uint8Array>;

export function luksNames(plan: Plan): readonly DeviceId[] {
  return [...newNames(plan), ...keptNames(plan)];
}

function newNames({ steps }: Plan): readonly DeviceId[] {
  return steps.flatMap((step) => (step.kind === "create-luks" ? [step.luks.id] : []));
}

function keptNames({ steps }: Plan): readonly DeviceId[] {
  return steps.flatMap((step) => (step.kind === "open-device" && step.stacked.kind === "luks" ? [step.stacked.id] : []));
}

/** The content of one file for all, to its last byte, as cryptsetup takes a key file. */
export function sameKey(plan: Plan, key: Uint8Array): LuksKeys {
  return new Map(luksNames(plan).map((name) => [name, key]));
}

/** A new one twice, until both are the same and not empty; that of a volume that stays once. `ask` answers undefined when nobody is there. */
export async function askKeys(plan: Plan, ask: (question: string) => Promise<string | undefined>): Promise<LuksKeys> {
  const keys = new Map<DeviceId, Uint8Array>();
  for (const name of keptNames(plan)) {
    const known = await ask(`Passphrase of ${name}, which stays as it is: `);
    if (known === undefined) throw missingKey(name);
    keys.set(name, utf8Encode(known));
  }
  for (const name of newNames(plan)) {
    for (let problem = ""; !keys.has(name);) {
      const first = await ask(`${problem}New passphrase for ${name}: `);
      if (first === undefined) throw missingKey(name);
      const second = await ask(`The same again: `);
      if (first !== "" && first === second) keys.set(name, utf8Encode(first));
      else problem = first === "" ? "It must not be empty. " : "They differ. ";
    }
  }
  return keys;
}

/** Throws LifeboatError (3) where a plan makes a LUKS volume that has none. */
export function requireKeys(plan: Plan, keys: LuksKeys): void {
  const first = luksNames(plan).find((name) => !keys.has(name));
  if (first !== undefined) throw missingKey(first);
}

function missingKey(name: DeviceId): LifeboatError {
  return new LifeboatError(`Cannot restore as the passphrase of "${name}" must be known beforehand: none was given`, {
    hint: "Restore from the rescue shell, which asks for it; or put it in a file on another disk: --luks-key FILE, at the boot prompt lifeboat.luks=LABEL=NAME:/FILE",
  });
}

/** What is not brought back of their headers, one line each. */
export function luksWarnings({ stack }: Layout, reused: ReadonlySet<DeviceId>): readonly string[] {
  return stack.flatMap((stacked) => {
    if (stacked.kind !== "luks" || stacked.header === undefined || reused.has(stacked.id)) return [];
    const { keySlots, tokens } = stacked.header;
    const others = [...(keySlots > 1 ? [`${keySlots} passphrases or keys`] : ["passphrase"]), ...(tokens > 0 ? [`${tokens} tokens`] : [])];
    return [`"${stacked.id}" is encrypted anew, with a new passphrase: its old ${others.join(" and ")} will not open it`];
  });
}
