// Passphrases for the LUKS volumes that a plan makes: they are known before the gate, so that nobody is waited for when disks are erased.

import { LifeboatError } from "#os/error";
import { utf8Encode } from "../formats/text.ts";
import type { DeviceId, Layout } from "../machine/model.ts";
import type { LuksHeaders } from "../set/luks-headers.ts";
import { opensHeader } from "./luks-header.ts";
import type { Plan } from "./plan.ts";

export type LuksKeys = ReadonlyMap<DeviceId, Uint8Array>;

export function luksNames(plan: Plan): readonly DeviceId[] {
  return [...newNames(plan), ...headerNames(plan), ...keptNames(plan)];
}

function newNames({ steps }: Plan): readonly DeviceId[] {
  return steps.flatMap((step) => (step.kind === "create-luks" ? [step.luks.id] : []));
}

function headerNames({ steps }: Plan): readonly DeviceId[] {
  return steps.flatMap((step) => (step.kind === "restore-luks-header" ? [step.luks.id] : []));
}

function keptNames({ steps }: Plan): readonly DeviceId[] {
  return steps.flatMap((step) => (step.kind === "open-device" && step.stacked.kind === "luks" ? [step.stacked.id] : []));
}

/** The content of one file for all, to its last byte, as cryptsetup takes a key file. */
export function sameKey(plan: Plan, key: Uint8Array): LuksKeys {
  return new Map(luksNames(plan).map((name) => [name, key]));
}

/** Answers undefined when nobody is there. */
type Ask = (question: string) => Promise<string | undefined>;

/** A new one twice, until both are the same and not empty; that of a volume that stays once; an old one until it opens the volume's header. */
export async function askKeys(plan: Plan, ask: Ask, headers: LuksHeaders): Promise<LuksKeys> {
  const keys = new Map<DeviceId, Uint8Array>();
  for (const name of keptNames(plan)) {
    const known = await ask(`Passphrase of ${name}, which stays as it is: `);
    if (known === undefined) throw missingKey(name);
    keys.set(name, utf8Encode(known));
  }
  for (const name of headerNames(plan)) {
    for (let problem = ""; !keys.has(name); problem = "It does not open the header in the set. ") {
      const old = await ask(`${problem}Passphrase that opened ${name} when the set was made: `);
      if (old === undefined) throw missingKey(name);
      if (await opens(headers.get(name), utf8Encode(old))) keys.set(name, utf8Encode(old));
    }
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

/** Throws LifeboatError (3) where a volume would get a header back that its key does not open. */
export async function requireOpening(plan: Plan, keys: LuksKeys, headers: LuksHeaders): Promise<void> {
  for (const name of headerNames(plan)) {
    const key = keys.get(name);
    if (key === undefined) throw missingKey(name);
    if (await opens(headers.get(name), key)) continue;
    throw new LifeboatError(`Cannot restore "${name}" as the key must open the header that the set has of it: it does not`, {
      hint: "Nothing has been written. Give a key file or passphrase that opened the volume when the set was made",
    });
  }
}

async function opens(header: Uint8Array | undefined, key: Uint8Array): Promise<boolean> {
  return header !== undefined && key.length > 0 && (await opensHeader(header, key));
}

function missingKey(name: DeviceId): LifeboatError {
  return new LifeboatError(`Cannot restore as the passphrase of "${name}" must be known beforehand: none was given`, {
    hint: "Restore from the rescue shell, which asks for it; or put it in a file on another disk: --luks-key FILE, at the boot prompt lifeboat.luks=LABEL=NAME:/FILE",
  });
}

/** What opens them afterwards, one line each. */
export function luksWarnings(
  { stack }: Layout,
  reused: ReadonlySet<DeviceId>,
  withHeaders: ReadonlySet<DeviceId> = new Set(),
): readonly string[] {
  return stack.flatMap((stacked) => {
    if (stacked.kind !== "luks" || stacked.header === undefined || reused.has(stacked.id)) return [];
    if (withHeaders.has(stacked.id)) return [headerWarning(stacked.id)];
    const { keySlots, tokens } = stacked.header;
    const others = [...(keySlots > 1 ? [`${keySlots} passphrases or keys`] : ["passphrase"]), ...(tokens > 0 ? [`${tokens} tokens`] : [])];
    return [`"${stacked.id}" is encrypted anew, with a new passphrase: its old ${others.join(" and ")} will not open it`];
  });
}

function headerWarning(name: DeviceId): string {
  return `"${name}" gets its old LUKS header back from the set: the passphrases, keys and tokens of that time open it, also those that were changed or taken away since`;
}
