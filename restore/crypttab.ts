// Names of devices in /etc/crypttab that no longer hold: the volume's UUID takes their place, as it is kept. Pure.

import type { Machine } from "../machine/model.ts";
import { bytesOfText } from "../set/catalogue.ts";
import { isUnmoved, type Moves } from "./plan-fstab.ts";
import type { Step } from "./plan.ts";

export interface VolumeName {
  /** The mapper's. */
  readonly name: string;
  readonly uuid: string;
}

/** For volumes directly on a disk or partition that is called otherwise now, or may be by some of its names. */
export function planCrypttab(machine: Machine, moves: Moves): readonly Step[] {
  const { stack } = machine.layout;
  const volumes = stack.flatMap((stacked): readonly VolumeName[] => {
    if (stacked.kind !== "luks" || stacked.uuid === undefined || stack.some(({ id }) => id === stacked.device)) return [];
    const isReplacement = [...moves.replaced.values()].includes(stacked.device);
    const isSame =
      !isReplacement && moves.devices.get(stacked.device) === `/dev/${stacked.device}` && isUnmoved(machine, stacked.device, moves.matches);
    return isSame ? [] : [{ name: stacked.id, uuid: stacked.uuid }];
  });
  return volumes.length === 0 ? [] : [{ kind: "write-crypttab", volumes }];
}

/** Names that mean the same wherever the disk is. */
const LASTING = /^\/dev\/(?:mapper\/|disk\/by-(?:uuid|label|partuuid|partlabel)\/)/;

/** The text of /etc/crypttab, one character a byte, with UUIDs for the devices of these volumes (crypttab(5): name, device, key, options). */
export function changedCrypttab(text: string, volumes: readonly VolumeName[]): string {
  const uuids = new Map(volumes.map(({ name, uuid }) => [bytesOfText(name), uuid]));
  return text
    .split("\n")
    .map((line) => {
      const [, before = "", name = "", device = "", rest = ""] = /^(\s*([^\s#]\S*)\s+)(\/dev\/\S+)(.*)$/.exec(line) ?? [];
      const uuid = uuids.get(name);
      return uuid === undefined || LASTING.test(device) ? line : `${before}UUID=${uuid}${rest}`;
    })
    .join("\n");
}
