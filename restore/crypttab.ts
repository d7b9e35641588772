// Names of devices in /etc/crypttab that no longer hold: the volume's UUID takes their place, as it is kept. Pure.

import type { Layout, Machine } from "../machine/model.ts";
import { bytesOfText } from "../set/catalogue.ts";
import { isUnmoved, type Moves } from "./plan-fstab.ts";
import type { Step } from "./plan.ts";

type CrypttabStep = Extract<Step, { readonly kind: "write-crypttab" }>;

export interface VolumeName {
  /** The mapper's. */
  readonly name: string;
  readonly uuid: string;
  /** Names of what it is on that usually last, and lead nowhere any more. */
  readonly gone?: readonly string[];
}

/** `original`: what the machine had, with all that is not made again. For volumes directly on a disk or partition that is called otherwise now, or may be by some of its names; and on what took the place of something. */
export function planCrypttab(machine: Machine, moves: Moves, original: Pick<Layout, "stack"> = machine.layout): readonly Step[] {
  const { stack } = machine.layout;
  const volumes = stack.flatMap((stacked): readonly VolumeName[] => {
    if (stacked.kind !== "luks" || stacked.uuid === undefined) return [];
    const names = [...moves.replaced].filter(([, now]) => now === stacked.device).map(([name]) => `/dev/${name}`);
    const gone = names.filter((name) => LASTING.test(name));
    const volume = { name: stacked.id, uuid: stacked.uuid };
    if (names.length > 0) return [gone.length === 0 ? volume : { ...volume, gone }];
    const isSame =
      stack.some(({ id }) => id === stacked.device) ||
      (moves.devices.get(stacked.device) === `/dev/${stacked.device}` && isUnmoved(machine, stacked.device, moves.matches));
    return isSame ? [] : [volume];
  });
  const unmade = original.stack.flatMap(({ kind, id }) => (kind === "luks" && !stack.some((made) => made.id === id) ? [id] : []));
  return volumes.length + unmade.length === 0 ? [] : [{ kind: "write-crypttab", volumes, unmade }];
}

/** Names that mean the same wherever the disk is. */
const LASTING = /^\/dev\/(?:mapper\/|disk\/by-(?:uuid|label|partuuid|partlabel)\/)/;

/**
 * The text of /etc/crypttab, one character a byte, with UUIDs for the devices of these volumes (crypttab(5): name, device, key, options). A boot
 * would wait for those that are not made: their lines become comments.
 */
export function changedCrypttab(text: string, { volumes, unmade }: Pick<CrypttabStep, "volumes" | "unmade">): string {
  const gone = new Set(unmade.map(bytesOfText));
  const byName = new Map(volumes.map((volume) => [bytesOfText(volume.name), volume]));
  return text
    .split("\n")
    .map((line) => {
      if (gone.has(/^\s*([^\s#]\S*)\s/.exec(line)?.[1] ?? "")) return `# not made again by Lifeboat: ${line}`;
      const [, before = "", name = "", device = "", rest = ""] = /^(\s*([^\s#]\S*)\s+)(\/dev\/\S+)(.*)$/.exec(line) ?? [];
      const volume = byName.get(name);
      const isGone = volume?.gone?.some((one) => bytesOfText(one) === device) === true;
      return volume === undefined || (LASTING.test(device) && !isGone) ? line : `${before}UUID=${volume.uuid}${rest}`;
    })
    .join("\n");
}
