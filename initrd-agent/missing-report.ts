// Names every device that nothing drives, and the module or firmware that would: the report that saves a night.

import { matchModalias } from "kmod-parse/match-modalias";
import type { ModuleTable, TableModule } from "kmod-parse/module-table";
import type { BusDevice } from "../machine/bus-devices.ts";
import { wantsDriver } from "../machine/wanted-drivers.ts";
import type { FirmwareFailure } from "./firmware-failures.ts";

export interface MissingFacts {
  readonly devices: readonly BusDevice[];
  readonly modules: ModuleTable;
  readonly loaded: ReadonlySet<string>;
  readonly declined: ReadonlySet<string>;
  /** By module name, with the reason. */
  readonly failed: ReadonlyMap<string, string>;
  readonly toolsTakenIn: boolean;
  /** Firmware that drivers asked for in vain. */
  readonly firmware: readonly FirmwareFailure[];
}

/**
 * One line for each device without a driver, for each damaged module that no device has named, for each device that lacks
 * firmware. Storage and network come after what a rescue can do without: the last lines stay on the screen.
 */
export function missingLines(facts: MissingFacts): readonly string[] {
  const named = new Set<string>();
  const lineOf = (device: BusDevice) => {
    const missing = missingModule(facts, device);
    if (missing === undefined) return [];
    if (missing.module !== undefined) named.add(missing.module);
    return [`${device.bus} ${device.id} has no driver: ${missing.state} (${device.modalias})`];
  };
  const devices = [false, true].flatMap((wanted) =>
    facts.devices.filter(({ modalias }) => wantsDriver(modalias) === wanted).flatMap(lineOf),
  );
  const damaged = [...facts.failed].flatMap(([name, reason]) =>
    named.has(name) || !BAD_FILE.test(reason) ? [] : [`module ${name} did not load: ${reason}`],
  );
  return [...devices, ...damaged, ...firmwareLines(facts.firmware)];
}

/** Display adapters stay on the firmware's console by design. */
const PCI_DISPLAY = /^pci:.*bc03sc/;
/** The module's file is at fault and not the hardware (busybox's words for ENOEXEC, ENOENT, ESRCH; strerror's for the rest). */
const BAD_FILE = /invalid module format|unknown symbol|wrong symbol version|No such file|[Kk]ey|Bad message|memory|has not ended/;

interface MissingModule {
  readonly state: string;
  readonly module?: string;
}

function missingModule(facts: MissingFacts, device: BusDevice): MissingModule | undefined {
  const { modules, loaded, declined } = facts;
  if (device.driver !== undefined || PCI_DISPLAY.test(device.modalias)) return undefined;
  const candidates = matchModalias(modules, device.modalias);
  // A module that is there and drives nothing has looked at the device and declined it.
  if (candidates.some((name) => loaded.has(name) || declined.has(name) || modules.builtins.has(name))) return undefined;
  const known = candidates.map((name) => moduleNamed(modules, name)).filter((module) => module.heldBecause === undefined);
  if (known.length > 0) return stateOf(facts, known);
  return candidates.length === 0 && wantsDriver(device.modalias) ? { state: "this kernel has no module for it" } : undefined;
}

/** What keeps the device from its driver: the first candidate that failed, else the best candidate's place. */
function stateOf({ failed, toolsTakenIn }: MissingFacts, candidates: readonly TableModule[]): MissingModule {
  const broken = candidates.find(({ name }) => failed.has(name));
  if (broken !== undefined) return { state: `module ${broken.name} did not load: ${failed.get(broken.name)}`, module: broken.name };
  const { name, layer } = candidates[0]!;
  if (layer === "none") return { state: `module ${name} is not in the image` };
  return layer === "tools" && !toolsTakenIn
    ? { state: `module ${name} is in the tools layer, which was not found` }
    : { state: `module ${name} was not loaded` };
}

function moduleNamed(modules: ModuleTable, name: string): TableModule {
  return modules.modules[modules.byName.get(name)!]!;
}

/** A driver may try a dozen names, newest first; one line a device. */
function firmwareLines(failures: readonly FirmwareFailure[]): readonly string[] {
  const byDevice = new Map<string, string[]>();
  for (const { device, name } of failures) byDevice.set(device, [...(byDevice.get(device) ?? []), name]);
  return [...byDevice].map(([device, [first, ...others]]) => {
    const more = others.length === 0 ? "" : `, nor ${others.length} other ${others.length === 1 ? "name" : "names"} it tried`;
    return `${device} lacks firmware: ${first} is not in the image${more}`;
  });
}
