// Which of the devices between partitions and file systems cannot be made again, and why. Pure.

import type { StackedDevice } from "../machine/stacked-device.ts";

const ARRAY_LEVELS = /^(?:linear|raid(?:0|1|4|5|6|10))$/;

/** Why one cannot be made again; undefined when it can. */
export function stackedReason(stacked: StackedDevice): string | undefined {
  switch (stacked.kind) {
    case "array":
      if (stacked.shape !== undefined && stacked.members.length > stacked.shape.deviceCount)
        return `array "${stacked.id}", which is being changed just now`;
      if (stacked.level === "raid10" && stacked.shape !== undefined && stacked.members.length < stacked.shape.deviceCount) {
        return `array "${stacked.id}" (raid10), which lacks a member: put one in first`;
      }
      if (stacked.shape === undefined) return `array "${stacked.id}" (${stacked.level}), whose metadata is none that Lifeboat makes`;
      return ARRAY_LEVELS.test(stacked.level) ? undefined : `array "${stacked.id}" (${stacked.level}): that level is not rebuilt`;
    case "volume-group":
      return stacked.problem === undefined ? undefined : `LVM group "${stacked.id}": ${stacked.problem}`;
    case "logical-volume":
      return stacked.form.type === "other" ? `LVM volume "${stacked.id}": what is ${stacked.form.word} is not rebuilt` : undefined;
    case "luks":
      return stacked.header === undefined
        ? `encrypted volume "${stacked.id}", and ${stacked.problem ?? "its header is not known"}`
        : undefined;
    case "other":
      return `"${stacked.id}" of type ${stacked.type}: that is not rebuilt`;
  }
}
