// This machine's devices, and which module of a rescue image serves each.

import { lookup } from "kmod-parse/lookup";
import { wantsDriver } from "../machine/wanted-drivers.ts";
import type { HardwareModules } from "../machine/sysfs-modules.ts";
import type { ImageContents } from "./gather-image.ts";
import type { Layer } from "./image-plan.ts";

export interface ServingModule {
  readonly name: string;
  /** `none`: the kernel has it, the image does not. */
  readonly place: Layer | "built-in" | "none";
  /** Set when no device loads it by itself. */
  readonly heldBecause: string | undefined;
  /** Firmware that it may ask for and this machine does not have. */
  readonly missingFirmware: readonly string[];
}

export interface InspectedDevice {
  readonly bus: string;
  readonly id: string;
  readonly modalias: string;
  /** The driver that has it now, under the kernel that runs now. */
  readonly driver: string | undefined;
  /** Those of the rescue image's kernel, best first. */
  readonly modules: readonly ServingModule[];
  /** No module serves it, nothing drives it now or only another kernel does, and it is of a kind that a rescue system needs. */
  readonly isUnserved: boolean;
}

/** In the order of the buses. `isRunning`: the rescue image's kernel is the one whose drivers have the devices now. */
export function inspectModules(hardware: HardwareModules, contents: ImageContents, isRunning: boolean): readonly InspectedDevice[] {
  const { tree } = contents.moduleFiles;
  // Before Linux 5.2 no file tells what built-in drivers serve.
  const knowsBuiltins = [...tree.builtins.values()].some((entries) => entries.length > 0);
  const lacks = (driver: string | undefined) => driver === undefined || (!isRunning && knowsBuiltins);
  return hardware.devices.map(({ bus, id, modalias, driver }) => {
    const names = lookup(tree, modalias)?.names ?? [];
    const modules = names.filter((name) => tree.modules.has(name) || tree.builtins.has(name)).map((name) => servingModule(name, contents));
    return { bus, id, modalias, driver, modules, isUnserved: modules.length === 0 && lacks(driver) && wantsDriver(modalias) };
  });
}

function servingModule(name: string, { modulePart, moduleFiles }: ImageContents): ServingModule {
  const chosen = modulePart.selection.modules.find((module) => module.name === name);
  const place = chosen?.layer ?? (moduleFiles.tree.builtins.has(name) ? "built-in" : "none");
  const firmware = moduleFiles.firmware.get(name) ?? [];
  return {
    name,
    place,
    heldBecause: chosen?.heldBecause,
    missingFirmware: firmware.filter((file) => modulePart.missingFirmware.includes(file)),
  };
}
