// Which firmware files modules ask for, built-in ones too (their .modinfo is in modules.builtin.modinfo).
import { type ModinfoEntry, modinfoValues } from "./modinfo-section.ts";

export interface FirmwareNeed {
  readonly module: string;
  readonly builtIn: boolean;
  /** Relative to a firmware directory. A pattern as in `fnmatch(3)` when `isPattern`: it is not expanded here. */
  readonly file: string;
  readonly isPattern: boolean;
}

/** Sorted by module, then in the module's own order; each file once a module. */
export function listFirmware(
  modules: ReadonlyMap<string, readonly ModinfoEntry[]>,
  builtins: ReadonlyMap<string, readonly ModinfoEntry[]> = new Map(),
): readonly FirmwareNeed[] {
  const needs = [...needsOf(modules, false), ...needsOf(builtins, true)];
  return needs.sort((a, b) => (a.module < b.module ? -1 : a.module > b.module ? 1 : 0));
}

/** The names under which the kernel's loader finds a file, in its order (drivers/base/firmware_loader: plain, .zst, .xz). */
export function firmwareFileNames(file: string): readonly string[] {
  return [file, `${file}.zst`, `${file}.xz`];
}

function needsOf(modules: ReadonlyMap<string, readonly ModinfoEntry[]>, builtIn: boolean): readonly FirmwareNeed[] {
  return [...modules].flatMap(([module, entries]) =>
    [...new Set(modinfoValues(entries, "firmware"))].map((file) => ({ module, builtIn, file, isPattern: /[*?[]/.test(file) })),
  );
}
