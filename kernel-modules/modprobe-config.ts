// modprobe.d: the files of all directories merged by kmod's precedence, and what their lines say (modprobe.d(5)).
import { normalizeAlias } from "./alias-match.ts";
import { type SoftDependency, softDependency } from "./modules-softdep.ts";
import { type WeakDependency, weakDependency } from "./modules-weakdep.ts";
import type { ModuleAlias } from "./modules-alias.ts";
import { KmodParseError } from "./parse-error.ts";
import { joinedLines, type TextLine, words } from "./text-lines.ts";

export interface ConfigFile {
  /** `blacklist.conf`; or the module directory's own `modules.softdep` and `modules.weakdep`, which kmod sorts in among them. */
  readonly name: string;
  /** One of CONFIG_DIRECTORIES; any other ranks below these. */
  readonly directory: string;
  readonly text: string;
}

export interface ModuleCommand {
  /** A module's name, or a pattern of names. */
  readonly module: string;
  readonly command: string;
}

export interface ModuleOptions {
  readonly module: string;
  /** As the kernel takes them: words `param=value`, blanks between. */
  readonly options: string;
}

/** All lists in the order in which kmod reads them: where only one line may count, it is the first. */
export interface ModprobeConfig {
  readonly aliases: readonly ModuleAlias[];
  readonly blacklist: readonly string[];
  readonly options: readonly ModuleOptions[];
  readonly installs: readonly ModuleCommand[];
  readonly removes: readonly ModuleCommand[];
  readonly softdeps: readonly SoftDependency[];
  readonly weakdeps: readonly WeakDependency[];
  /** Lines that kmod would leave out as well, as messages. */
  readonly ignored: readonly string[];
}

/** From the highest to the lowest: a name in one hides the same name in those after it. */
export const CONFIG_DIRECTORIES = [
  "/etc/modprobe.d",
  "/run/modprobe.d",
  "/usr/local/lib/modprobe.d",
  "/usr/lib/modprobe.d",
  "/lib/modprobe.d",
] as const;

/** Bad lines end up in `ignored`, so this never throws for what a user wrote. */
export function mergeModprobeConfig(files: readonly ConfigFile[]): ModprobeConfig {
  const config = emptyConfig();
  for (const file of effectiveFiles(files)) {
    for (const line of joinedLines(file.text)) addLine(config, file, line);
  }
  return config;
}

/** All options of one module in one string, as the kernel takes it; empty when there are none. */
export function optionsFor(config: ModprobeConfig, module: string): string {
  return config.options
    .filter((entry) => entry.module === module)
    .map((entry) => entry.options)
    .join(" ");
}

interface WritableConfig {
  readonly aliases: ModuleAlias[];
  readonly blacklist: string[];
  readonly options: ModuleOptions[];
  readonly installs: ModuleCommand[];
  readonly removes: ModuleCommand[];
  readonly softdeps: SoftDependency[];
  readonly weakdeps: WeakDependency[];
  readonly ignored: string[];
}

function emptyConfig(): WritableConfig {
  return { aliases: [], blacklist: [], options: [], installs: [], removes: [], softdeps: [], weakdeps: [], ignored: [] };
}

function effectiveFiles(files: readonly ConfigFile[]): readonly ConfigFile[] {
  const byName = new Map<string, ConfigFile>();
  for (const file of files) {
    if (!isRead(file.name)) continue;
    const hidden = byName.get(file.name);
    if (hidden === undefined || rank(file.directory) < rank(hidden.directory)) byName.set(file.name, file);
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isRead(name: string): boolean {
  return name === "modules.softdep" || name === "modules.weakdep" || (/.\.(?:conf|alias)$/.test(name) && !name.startsWith("."));
}

function rank(directory: string): number {
  const found = CONFIG_DIRECTORIES.findIndex((known) => known === directory.replace(/\/+$/, ""));
  return found === -1 ? CONFIG_DIRECTORIES.length : found;
}

function addLine(config: WritableConfig, file: ConfigFile, line: TextLine): void {
  const [keyword = "", subject, ...rest] = words(line.text);
  const where = `${file.directory}/${file.name} line ${line.number}`;
  if (subject === undefined) {
    config.ignored.push(`${where}: "${keyword}" names no module`);
    return;
  }
  try {
    const known = addDirective(config, { keyword, subject: normalizeAlias(subject), rest, tail: tailOf(line.text) });
    if (!known) config.ignored.push(`${where}: "${line.text.trim()}"`);
  } catch (error) {
    if (!(error instanceof KmodParseError)) throw error;
    config.ignored.push(`${where}: ${error.message}`);
  }
}

interface Directive {
  readonly keyword: string;
  /** The word after the keyword. */
  readonly subject: string;
  readonly rest: readonly string[];
  /** What follows the subject, blanks inside kept. */
  readonly tail: string;
}

function addDirective(config: WritableConfig, { keyword, subject, rest, tail }: Directive): boolean {
  if (keyword === "blacklist") return config.blacklist.push(subject) > 0;
  const [first] = rest;
  if (first === undefined) return false;
  switch (keyword) {
    case "alias":
      return config.aliases.push({ pattern: subject, module: normalizeAlias(first) }) > 0;
    case "options":
      return config.options.push({ module: subject, options: tail }) > 0;
    case "install":
      return config.installs.push({ module: subject, command: tail }) > 0;
    case "remove":
      return config.removes.push({ module: subject, command: tail }) > 0;
    case "softdep":
      return config.softdeps.push({ ...softDependency("", rest), module: subject }) > 0;
    case "weakdep":
      return config.weakdeps.push({ ...weakDependency("", rest), module: subject }) > 0;
    default:
      return false;
  }
}

function tailOf(line: string): string {
  return line.trim().replace(/^\S+\s+\S+\s*/, "");
}
