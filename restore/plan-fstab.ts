// Names in /etc/fstab that a kernel gives by the order of its finds, such as /dev/sda1: where they no longer hold, a UUID takes their place.

import type { Machine } from "../machine/model.ts";
import type { FstabChange, Step } from "./plan.ts";

export function planFstab(machine: Machine, devices: ReadonlyMap<string, string>): readonly Step[] {
  const changes = machine.layout.fstab.flatMap(({ spec, path }): readonly FstabChange[] => {
    const now = devices.get(spec.replace(/^\/dev\//, ""));
    if (!spec.startsWith("/dev/") || now === undefined || now === spec) return [];
    return [{ path, from: spec, to: uuidOf(machine, spec.slice("/dev/".length)) ?? now }];
  });
  return changes.length === 0 ? [] : [{ kind: "write-fstab", changes }];
}

function uuidOf({ layout }: Machine, id: string): string | undefined {
  const uuid = layout.fileSystems.find(({ device }) => device === id)?.uuid ?? layout.swaps.find(({ place }) => place === id)?.uuid;
  return uuid === undefined ? undefined : `UUID=${uuid}`;
}

/** The text of /etc/fstab with the changes made; all else stays as it is, comments and blanks too. */
export function changedFstab(text: string, changes: readonly FstabChange[]): string {
  return text
    .split("\n")
    .map((line) => {
      const spec = /^\s*([^\s#]+)\s/.exec(line)?.[1];
      const change = changes.find(({ from }) => from === spec);
      return change === undefined ? line : line.replace(change.from, change.to);
    })
    .join("\n");
}
