// The usual ways in which a machine's modprobe.d says that a module is not wanted.
import { matchPattern } from "./alias-match.ts";
import type { ModprobeConfig } from "./modprobe-config.ts";

/**
 * Why a device must not bring this module in, or undefined. A blacklisted module, or one whose install command only
 * fails or does nothing, is still loaded when another one needs it or when it is named.
 */
export function unwantedBecause(config: ModprobeConfig, module: string): string | undefined {
  if (config.blacklist.includes(module)) return `modprobe.d has "blacklist ${module}"`;
  const install = config.installs.find((entry) => matchPattern(entry.module, module));
  if (install === undefined || !isNoCommand(install.command)) return undefined;
  return `modprobe.d has "install ${install.module} ${install.command}"`;
}

function isNoCommand(command: string): boolean {
  return /^(?:\/usr)?(?:\/bin\/)?(?:true|false|:)(?:\s|;|$)/.test(command);
}
