// Finds the firmware that modules name, where the kernel would find it, with the links on the way there.
import { join, relative } from "node:path";
import { fileInfo, linkInfo, listDirectory, readLink, realPath } from "#os/files";

export interface FirmwareSystem {
  /** `/`, or the directory that stands for it. */
  readonly root: string;
  readonly release: string;
}

/** What has to be in the image for one firmware name or more; `path` is relative to the image's root, below lib/firmware. */
export type FirmwareEntry =
  | {
      readonly type: "file";
      readonly path: string;
      readonly hostPath: string;
      readonly sizeBytes: number;
      /** How the file is compressed on disk; its path then ends so, too. */
      readonly compression: "none" | "zstd" | "xz";
    }
  | { readonly type: "symlink"; readonly path: string; readonly target: string };

export interface FoundFirmware {
  /** As the module names it, or as a glob's match would be named. */
  readonly name: string;
  /** Paths of the entries that it needs, links first. */
  readonly paths: readonly string[];
}

export interface FirmwareFiles {
  readonly found: readonly FoundFirmware[];
  /** Names, and globs without a match, sorted. */
  readonly missing: readonly string[];
  /** Each path once, sorted. */
  readonly entries: readonly FirmwareEntry[];
}

// Kernel Documentation/driver-api/firmware/fw_search_path.rst, below /lib/firmware.
const SEARCH_ORDER: readonly string[] = ["updates/{release}", "updates", "{release}", "."];
// _request_firmware() tries the plain name in every directory before it tries the next suffix.
const SUFFIXES = [
  ["", "none"],
  [".zst", "zstd"],
  [".xz", "xz"],
] as const;

/** `names` are file names below the firmware directory, or globs, as modules' `firmware=` lines have them. */
export async function findFirmware(names: Iterable<string>, system: FirmwareSystem): Promise<FirmwareFiles> {
  const firmwareRoot = join(system.root, "lib/firmware");
  const directories = SEARCH_ORDER.map((directory) => join(firmwareRoot, directory.replace("{release}", system.release)));
  const entries = new Map<string, FirmwareEntry>();
  const found: FoundFirmware[] = [];
  const missing: string[] = [];
  for (const name of [...new Set(names)].sort()) {
    const matches = /[*?[]/.test(name) ? await matchesOf(name, directories) : [name];
    const founds = await Promise.all(matches.map(async (match) => findOne(match, directories, firmwareRoot)));
    const some = founds.filter((one) => one !== undefined);
    if (some.length === 0) missing.push(name);
    for (const one of some) {
      found.push({ name: one.name, paths: one.entries.map((entry) => entry.path) });
      for (const entry of one.entries) entries.set(entry.path, entry);
    }
  }
  return { found, missing, entries: [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

async function findOne(name: string, directories: readonly string[], firmwareRoot: string) {
  for (const [suffix, compression] of SUFFIXES) {
    for (const directory of directories) {
      const path = join(directory, name + suffix);
      // A name that climbs out of the directory is nobody's firmware.
      if (!path.startsWith(`${firmwareRoot}/`)) continue;
      const info = await fileInfo(path);
      if (info?.type === "file") return { name, entries: await entriesOf(path, firmwareRoot, { compression, sizeBytes: info.sizeBytes }) };
    }
  }
  return undefined;
}

/** The links among the path's components, and the file at the end; a link that leads out of lib/firmware becomes the file itself. */
async function entriesOf(
  path: string,
  firmwareRoot: string,
  file: { readonly compression: "none" | "zstd" | "xz"; readonly sizeBytes: number },
): Promise<readonly FirmwareEntry[]> {
  const real = await realPath(firmwareRoot);
  const entries: FirmwareEntry[] = [];
  let reached = real;
  let ahead = relative(firmwareRoot, path).split("/");
  while (ahead.length > 0) {
    const [component = "", ...rest] = ahead;
    const next = join(reached, component);
    const imagePath = join("lib/firmware", relative(real, next));
    if ((await linkInfo(next))?.type === "symlink") {
      const target = await readLink(next);
      const goal = join(target.startsWith("/") ? "/" : reached, target);
      if (!target.startsWith("/") && goal.startsWith(`${real}/`)) {
        // Written anew without detours: the directories of a detour need not be in the image.
        entries.push({ type: "symlink", path: imagePath, target: relative(reached, goal) });
        ahead = [...relative(real, goal).split("/"), ...rest];
        reached = real;
        continue;
      }
      return [...entries, { type: "file", path: join(imagePath, ...rest), hostPath: await realPath(path), ...file }];
    }
    reached = next;
    ahead = rest;
  }
  return [...entries, { type: "file", path: join("lib/firmware", relative(real, reached)), hostPath: reached, ...file }];
}

/** The names, without a suffix of compression, that a glob stands for in any of the directories. `*` stays within a component. */
async function matchesOf(glob: string, directories: readonly string[]): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const directory of directories) for (const name of await matchesIn(directory, "", glob.split("/"))) names.add(name);
  return [...names].sort();
}

async function matchesIn(directory: string, prefix: string, [component = "", ...rest]: readonly string[]): Promise<readonly string[]> {
  const pattern = globExpression(component);
  const names = (await listDirectory(join(directory, prefix))).map((name) => (rest.length === 0 ? name.replace(/\.(zst|xz)$/, "") : name));
  const matching = [...new Set(names)].filter((name) => pattern.test(name)).map((name) => join(prefix, name));
  if (rest.length === 0) return matching;
  const below = await Promise.all(matching.map((path) => matchesIn(directory, path, rest)));
  return below.flat();
}

function globExpression(glob: string): RegExp {
  const source = glob.replace(/\[!?[^\]]*\]|[.+^${}()|\\*?[\]]/g, (token) => {
    if (token === "*") return ".*";
    if (token === "?") return ".";
    if (token.length > 2 && token.startsWith("[")) return token.replace(/^\[!/, "[^").replace(/\\/g, "\\\\");
    return `\\${token}`;
  });
  return new RegExp(`^${source}$`);
}
