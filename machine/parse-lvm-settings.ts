// Reads what LVM is told about devices: `lvmconfig` for what holds, lvm.conf(5) for where it stands.

import type { LvmFilter } from "./model.ts";

/** All of the section, with LVM's own values for what is not set. It fails where nothing at all is set. */
export const LVM_SETTINGS_COMMAND = ["lvm", "lvmconfig", "--config", "backup{backup=0 archive=0}", "--type", "full", "devices"] as const;

export interface FoundLvmSettings {
  /** A name in /etc/lvm/devices. */
  readonly devicesFile: string | undefined;
  readonly usesDevicesFile: boolean;
  readonly filters: readonly LvmFilter[];
}

export interface LvmConfiguration {
  readonly path: string;
  readonly text: string;
}

/** `section`: what the command says. `files`: those that hold it, the one that goes first before the others. Filters that stand in none are LVM's own. */
export function parseLvmSettings(section: string, files: readonly LvmConfiguration[]): FoundLvmSettings {
  const values = new Map([...section.matchAll(/^\s*(\w+)=(.*)$/gm)].map(([, key = "", value = ""]) => [key, value]));
  const [devicesFile] = stringsOf(values.get("devicesfile") ?? "");
  return {
    devicesFile: devicesFile === undefined || devicesFile.includes("/") ? undefined : devicesFile,
    usesDevicesFile: values.get("use_devicesfile") === "1",
    filters: (["filter", "global_filter"] as const).flatMap((key): readonly LvmFilter[] => {
      const patterns = stringsOf(values.get(key) ?? "");
      const place = placeOf(key, files);
      return place === undefined || patterns.length === 0 ? [] : [{ key, ...place, patterns }];
    }),
  };
}

/** One string, or a list of them. */
function stringsOf(value: string): readonly string[] {
  return [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => text.replace(/\\(["\\])/g, "$1"));
}

function placeOf(key: string, files: readonly LvmConfiguration[]): Pick<LvmFilter, "file" | "line"> | undefined {
  const setting = new RegExp(`^\\s*(?:devices\\s*\\{\\s*|devices/)?${key}\\s*=`);
  const places = files.flatMap(({ path, text }) => {
    const index = text.split("\n").findIndex((line) => setting.test(line));
    return index < 0 ? [] : [{ file: path, line: index + 1 }];
  });
  return places[0];
}
