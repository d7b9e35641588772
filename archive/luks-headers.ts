// Headers of the machine's LUKS volumes, put into a set where that was asked for: with them come all key slots and tokens.

import { run } from "#os/exec";
import { LifeboatError } from "#os/error";
import { changeMode, makeNewDirectory, moveIntoPlace, readBytes, temporaryName } from "#os/files";
import { nodeBelow } from "../machine/mapped-device.ts";
import type { Layout } from "../machine/model.ts";
import type { LuksVolume } from "../machine/stacked-device.ts";
import { headerProblem, luksVolumes } from "../set/luks-headers.ts";
import { LUKS_DIRECTORY, luksHeaderFile } from "../set/set-manifest.ts";

export interface SavedHeaders {
  readonly headers: readonly SavedHeader[];
  /** One line each, for the report. */
  readonly warnings: readonly string[];
}

export interface SavedHeader {
  /** The mapper's name. */
  readonly volume: string;
  /** Below the set. */
  readonly file: string;
}

export const NO_HEADERS: SavedHeaders = { headers: [], warnings: [] };

/** `layout`: undefined for a set of files alone. Throws LifeboatError when one that could be saved was not. */
export async function saveLuksHeaders(directory: string, layout: Layout | undefined, nodeOf = nodeBelow): Promise<SavedHeaders> {
  if (layout === undefined) return { headers: [], warnings: [`no LUKS header is in the set: files alone rebuild no volume`] };
  const volumes = luksVolumes(layout);
  if (volumes.length === 0) return { headers: [], warnings: ["no LUKS header is in the set: no volume that it rebuilds is encrypted"] };
  const headers: SavedHeader[] = [];
  const warnings: string[] = [];
  for (const volume of volumes) {
    const file = luksHeaderFile(volume.uuid);
    const why =
      volume.header === undefined ? (volume.problem ?? "it could not be read") : file === undefined ? "it has no UUID" : undefined;
    if (why !== undefined || file === undefined) {
      warnings.push(`the LUKS header of "${volume.id}" is not in the set: ${why}`);
      continue;
    }
    if (headers.length === 0) await makeNewDirectory(`${directory}/${LUKS_DIRECTORY}`, 0o700);
    await saveHeader(`${directory}/${file}`, volume, nodeOf(volume.id));
    headers.push({ volume: volume.id, file });
    warnings.push(exposure({ volume: volume.id, file }));
  }
  return { headers, warnings };
}

function exposure({ volume, file }: SavedHeader): string {
  return `${file} is the LUKS header of "${volume}": whoever has this file and a passphrase of today can open the volume, also when the passphrase has been changed since`;
}

/** cryptsetup makes the file anew, readable by its owner alone; it gets its name when it is known to be the right one. */
async function saveHeader(path: string, volume: LuksVolume, node: string | undefined): Promise<void> {
  if (node === undefined) throw unsaved(volume, "its device must be known", "the kernel names none that it is on");
  const temporary = temporaryName(path);
  await run(["cryptsetup", "luksHeaderBackup", node, "--header-backup-file", temporary]);
  await changeMode(temporary, 0o600);
  const state = headerProblem(await readBytes(temporary), volume);
  if (state !== undefined) throw unsaved(volume, `that of ${node} must be it`, state);
  await moveIntoPlace(temporary, path);
}

function unsaved({ id }: LuksVolume, rule: string, state: string): LifeboatError {
  return new LifeboatError(`Cannot save the LUKS header of "${id}" as ${rule}: ${state}`, {
    hint: "Archive again when nothing changes the volume's encryption; or leave --luks-headers out",
  });
}
