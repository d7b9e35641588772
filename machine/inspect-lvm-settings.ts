// Asks LVM what it is told about devices: on other hardware that may hide what is there.

import { fileInfo, readTextIfThere } from "#os/files";
import { askTool, orUnknown } from "./ask-tool.ts";
import type { LvmSettings } from "./model.ts";
import { LVM_SETTINGS_COMMAND, parseLvmSettings } from "./parse-lvm-settings.ts";

const DIRECTORY = "/etc/lvm";
/** What the first says goes before the second (lvm.conf(5)). */
const FILES = [`${DIRECTORY}/lvmlocal.conf`, `${DIRECTORY}/lvm.conf`];

/** `prefix` is where the machine's root is mounted, "" for `/`. Undefined: there is no LVM, or it does not tell. */
export async function inspectLvmSettings(prefix: string): Promise<LvmSettings | undefined> {
  const section = await askTool(LVM_SETTINGS_COMMAND, { env: { LVM_SYSTEM_DIR: `${prefix}${DIRECTORY}` } });
  if (section === undefined) return undefined;
  const texts = FILES.map(async (path) => ({ path, text: (await orUnknown(() => readTextIfThere(`${prefix}${path}`))) ?? "" }));
  const { devicesFile: name, usesDevicesFile, filters } = parseLvmSettings(section, await Promise.all(texts));
  const path = name === undefined ? undefined : `${DIRECTORY}/devices/${name}`;
  const isThere = path !== undefined && (await orUnknown(() => fileInfo(`${prefix}${path}`)))?.type === "file";
  return { devicesFile: isThere ? path : undefined, usesDevicesFile, filters };
}
