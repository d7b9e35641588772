// Names every device that nothing drives, and the module or firmware that would: the report that saves a night.

import { matchModalias } from "kmod-parse/match-modalias";
import type { ModuleTable, TableModule } from "kmod-parse/module-table";
import type { BusDevice } from "../machine/bus-devices.ts";
import { wantsDriver } from "../machine/wanted-drivers.ts";

export interface MissingFacts {
  readonly devices: readonly BusDevice[];
  readonly modules: ModuleTable;
  readonly loaded: ReadonlySet<string>;
  readonly declined: ReadonlySet<string>;
  readonly failed: ReadonlyMap<string, string>;
  readonly toolsTakenIn: boolean;
  /** The kernel's log, for firmware that it asked for in vain. */
  readonly kernelLog: string;
}

/** One line for each device without a driver, then one for each firmware file that was asked for and not found. */
export function missingLines(facts: MissingFacts): readonly string[] {
  const devices = facts.devices.flatMap((device) => {
    const state = missingState(facts, device);
    return state === undefined ? [] : [`${device.bus} ${device.id} has no driver: ${state} (${device.modalias})`];
  });
  return [...devices, ...missingFirmware(facts.kernelLog)];
}

/** Display adapters stay on the firmware's console by design. */
const PCI_DISPLAY = /^pci:.*bc03sc/;

function missingState({ modules, loaded, declined, failed, toolsTakenIn }: MissingFacts, device: BusDevice): string | undefined {
  if (device.driver !== undefined || PCI_DISPLAY.test(device.modalias)) return undefined;
  const candidates = matchModalias(modules, device.modalias);
  // A module that is there and drives nothing has looked at the device and declined it.
  if (candidates.some((name) => loaded.has(name) || declined.has(name) || modules.builtins.has(name))) return undefined;
  const known = candidates.map((name) => moduleNamed(modules, name)).filter((module) => module.heldBecause === undefined);
  const [first] = known;
  if (first === undefined) {
    return candidates.length === 0 && wantsDriver(device.modalias) ? "this kernel has no module for it" : undefined;
  }
  const reason = known.map((module) => failed.get(module.name)).find((text) => text !== undefined);
  if (reason !== undefined) return `module ${first.name} did not load: ${reason}`;
  if (first.layer === "none") return `module ${first.name} is not in the image`;
  return first.layer === "tools" && !toolsTakenIn
    ? `module ${first.name} is in the tools layer, which was not found`
    : `module ${first.name} was not loaded`;
}

function moduleNamed(modules: ModuleTable, name: string): TableModule {
  return modules.modules[modules.byName.get(name)!]!;
}

function missingFirmware(kernelLog: string): readonly string[] {
  const lines = new Set<string>();
  for (const match of kernelLog.matchAll(/(\S+) (\S+): Direct firmware load for (\S+) failed/g)) {
    lines.add(`${match[1]} ${match[2]} lacks firmware: ${match[3]} is not in the image`);
  }
  return [...lines];
}
