// What the boot words say about a restore. Pure.

import type { GateMode } from "../restore/gate.ts";
import type { Afterwards } from "../restore/outcome.ts";
import { readSerialWord } from "../restore/serial-word.ts";
import type { BootWords } from "./boot-words.ts";
import { FLAG_WORDS, VALUE_WORDS, type WordText } from "./word-table.ts";

export interface RestoreWords {
  readonly map: ReadonlyMap<string, string>;
  readonly cards: ReadonlyMap<string, string>;
  readonly types: ReadonlyMap<string, string>;
  readonly groups: ReadonlyMap<string, string>;
  readonly excluded: readonly string[];
  readonly wipe: readonly string[];
  readonly noResize: boolean;
  readonly cloneName: string | undefined;
  readonly keep: readonly string[];
  readonly noPartition: boolean;
  readonly noArrays: boolean;
  readonly noVolumes: boolean;
  /** `DEVICE:/PATH` */
  readonly luksKey: string | undefined;
  readonly gateMode: GateMode;
  readonly acceptDamage: boolean;
  readonly check: boolean;
  /** The id of the set that may be restored once more. */
  readonly again: string | undefined;
  /** Undefined when nothing was said. */
  readonly afterwards: Afterwards | undefined;
}

export function restoreWords({ own, values, flags }: Pick<BootWords, "own" | "values" | "flags">): RestoreWords {
  const first = (name: Parameters<typeof own.get>[0]) => own.get(name)?.[0];
  // What is no pair is kept: the planner refuses it by name, where leaving it out would let another disk be chosen.
  const pairs = (name: "lifeboat.map" | "lifeboat.nic" | "lifeboat.filesystem" | "lifeboat.volumegroup") =>
    (own.get(name) ?? []).map((pair) => {
      const at = pair.indexOf("=");
      const [old, now] = at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
      return [readSerialWord(old), readSerialWord(now)] as const;
    });
  const excluded = (values.get("excludedevs") ?? "").split(/[ ,]+/).filter((name) => name !== "");
  const then = first("lifeboat.then");
  return {
    map: new Map(pairs("lifeboat.map")),
    cards: new Map(pairs("lifeboat.nic")),
    types: new Map(pairs("lifeboat.filesystem")),
    groups: new Map(pairs("lifeboat.volumegroup")),
    excluded: excluded.map(readSerialWord),
    wipe: (own.get("lifeboat.wipe") ?? []).map(readSerialWord),
    noResize: flags.has("noresize"),
    cloneName: first("lifeboat.clone"),
    keep: (own.get("lifeboat.keep") ?? []).map(readSerialWord),
    noPartition: flags.has("nopart"),
    noArrays: flags.has("nomd"),
    noVolumes: flags.has("nolvm"),
    luksKey: first("lifeboat.luks"),
    gateMode: first("lifeboat.gate") === "quick" ? "quick" : "full",
    acceptDamage: first("lifeboat.damage") === "accept",
    check: first("lifeboat.check") !== "none",
    again: first("lifeboat.again"),
    afterwards: then === "reboot" || then === "poweroff" || then === "shell" ? then : undefined,
  };
}

/** Words that were given, would spare something or do something on the way, and are not obeyed yet. */
export function unmetWords({ flags, values }: Pick<BootWords, "flags" | "values">): readonly string[] {
  const texts: readonly (readonly [string, WordText])[] = [...Object.entries(FLAG_WORDS), ...Object.entries(VALUE_WORDS)];
  const given = new Set<string>([...flags, ...values.keys()]);
  return texts.flatMap(([name, { later, value }]) =>
    later === "stops nuke" && given.has(name) ? [value === undefined ? name : `${name}=`] : [],
  );
}
