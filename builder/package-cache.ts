// A cache of unpacked packages: each tree appears whole or not at all, and stays when there is no network.
import { createHash } from "node:crypto";
import { join, relative, resolve } from "node:path";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { fileInfo, makeDirectory, makeTemporaryDirectory, moveIntoPlace, readChunks, readTextIfThere, writeAtomic } from "#os/files";
import { removeStaleTemporaries } from "#os/temporaries";

/** Works on the unpacked tree before it gets its name; failing leaves the cache as it was. */
export type Finish = (tree: string) => Promise<void>;

export interface Unpacking {
  /** The tree's place in the cache. */
  readonly directory: string;
  /** Puts .deb files into the empty directory given and returns their paths. */
  readonly fetch: (into: string) => Promise<readonly string[]>;
  readonly finish?: Finish | undefined;
}

export const CACHE_DIRECTORY = "/var/cache/lifeboat";

/** The cache of this run where no option names one, absolute: LIFEBOAT_CACHE unless that is empty, else CACHE_DIRECTORY. */
export function defaultCacheDirectory(): string {
  return resolve(process.env["LIFEBOAT_CACHE"] || CACHE_DIRECTORY);
}

/** Makes sure that the tree is in the cache and returns its directory. Packages unpack over one another, scripts are not run. */
export async function unpackIntoCache({ directory, fetch, finish }: Unpacking): Promise<string> {
  if ((await fileInfo(directory)) !== undefined) return directory;
  const parent = join(directory, "..");
  await makeDirectory(parent);
  removeStaleTemporaries(parent);
  await using work = await makeTemporaryDirectory(".unfinished-", parent);
  const [debs, tree] = [join(work.path, "debs"), join(work.path, "tree")];
  await makeDirectory(debs);
  await makeDirectory(tree);
  for (const deb of await fetch(debs)) await unpackDeb(deb, tree);
  await finish?.(tree);
  await run(["sync", "--file-system", tree]);
  await moveIntoPlace(tree, directory).catch(async (error: unknown) => {
    // Another build was quicker; its tree is as good.
    if ((await fileInfo(directory)) === undefined) throw error;
  });
  return directory;
}

/** The cache's place for a package file that somebody gave: named by its content, as its name may lie. */
export async function cachePlaceOfFile(deb: string, cacheDirectory: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of readChunks(deb)) hash.update(chunk);
  return join(cacheDirectory, "packages", "given", hash.digest("hex").slice(0, 32));
}

/** What the answers of apt depend on. */
export interface AptPlace {
  /** Added to apt's environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Where apt keeps its lists of packages; /var/lib/apt/lists unless given. */
  readonly lists?: string | undefined;
}

/** One question to apt, and where its answer is remembered. */
export interface AptQuestion {
  readonly name: string;
  readonly cacheDirectory: string;
  readonly apt: AptPlace;
}

/**
 * The directory that `make` returned last time, while apt's lists are as they were then; else `make` is asked again.
 * When it fails (no apt, no network), what it made before serves.
 */
export async function rememberedTree({ name, cacheDirectory, apt }: AptQuestion, make: () => Promise<string>): Promise<string> {
  const note = join(cacheDirectory, "packages", `${name}.current`);
  const aptState = (await fileInfo(apt.lists ?? "/var/lib/apt/lists"))?.mtimeNs ?? "none";
  const remembered = await readNote(note, cacheDirectory);
  if (remembered?.aptState === aptState) return remembered.directory;
  try {
    const directory = await make();
    await writeAtomic(note, `${aptState}\n${relative(cacheDirectory, directory)}\n`, 0o644);
    return directory;
  } catch (error) {
    if (remembered === undefined || !(error instanceof LifeboatError)) throw error;
    return remembered.directory;
  }
}

async function readNote(
  note: string,
  cacheDirectory: string,
): Promise<{ readonly aptState: string; readonly directory: string } | undefined> {
  const [aptState, place] = (await readTextIfThere(note))?.split("\n") ?? [];
  if (aptState === undefined || place === undefined || place === "") return undefined;
  const directory = join(cacheDirectory, place);
  return (await fileInfo(directory))?.type === "directory" ? { aptState, directory } : undefined;
}

async function unpackDeb(deb: string, tree: string): Promise<void> {
  try {
    await run(["dpkg-deb", "--extract", deb, tree]);
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    throw new LifeboatError(`Cannot unpack "${deb}" as it must be a Debian package: ${lastWords(error)}`, {
      hint: "Give a whole .deb file, and see that dpkg-deb is installed and the cache has room",
      cause: error,
    });
  }
}

function lastWords(error: LifeboatError): string {
  return error.message.slice(error.message.indexOf(": ") + 2);
}
