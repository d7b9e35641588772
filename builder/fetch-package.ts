// Debian packages through apt, unpacked into the cache and never installed: kernels, busybox, signed boot loaders.
import { join } from "node:path";
import { LifeboatError } from "#os/error";
import { run, type Command, type RunResult } from "#os/exec";
import { listDirectory } from "#os/files";
import { rememberedTree, unpackIntoCache, type AptPlace, type Finish } from "./package-cache.ts";

export interface FetchOptions {
  /** The option that gives the file without apt, for the hint of an error; e.g. `--busybox FILE`. */
  readonly instead?: string | undefined;
  readonly apt?: AptPlace | undefined;
  readonly finish?: Finish | undefined;
}

const TIMEOUT_MS = 10 * 60 * 1000;

/**
 * Fetches the newest version that apt knows of each package and unpacks them together, without what they depend on.
 * Returns the directory of the tree. What is in the cache is not fetched again, and apt is asked again
 * only after its lists changed; without apt or network the tree that was made last for the same names serves. Needs no root. Throws with exit code 3.
 */
export async function fetchPackages(names: readonly string[], cacheDirectory: string, options: FetchOptions = {}): Promise<string> {
  const sorted = [...names].sort();
  const question = sorted.join("+");
  return rememberedTree({ name: question, cacheDirectory, apt: options.apt ?? {} }, async () => {
    const versions = await candidateVersions(sorted, options);
    return unpackIntoCache({
      directory: join(cacheDirectory, "packages", question, versions.join("+").replace(/:/g, "_")),
      fetch: (into) =>
        download(
          sorted.map((name, index) => `${name}=${versions[index]}`),
          into,
          options,
        ),
      finish: options.finish,
    });
  });
}

/** The packages that `name` depends on, as apt lists them. */
export async function dependenciesOf(name: string, options: FetchOptions = {}): Promise<readonly string[]> {
  const command: Command = ["apt-cache", "depends", "--important", "--no-pre-depends", name];
  const { stdout } = await runApt(command, [name], options);
  return stdout.split("\n").flatMap((line) => /^ +\|?Depends: ([^<>\s]+)$/.exec(line)?.[1] ?? []);
}

/** The version that apt would install of each package, in the order of `names`. */
async function candidateVersions(names: readonly string[], options: FetchOptions): Promise<readonly string[]> {
  const { stdout } = await runApt(["apt-cache", "show", "--no-all-versions", ...names], names, options);
  const versions = new Map<string, string>();
  for (const stanza of stdout.split(/\n\n+/)) {
    const name = /^Package: (\S+)$/m.exec(stanza)?.[1];
    const version = /^Version: (\S+)$/m.exec(stanza)?.[1];
    if (name !== undefined && version !== undefined && !versions.has(name)) versions.set(name, version);
  }
  return names.map((name) => {
    const version = versions.get(name);
    if (version === undefined) throw unknownPackage([name], options);
    return version;
  });
}

async function download(requests: readonly string[], into: string, options: FetchOptions): Promise<readonly string[]> {
  await runApt(["apt-get", "download", "--quiet=2", "-o", "Acquire::Retries=2", ...requests], requests, { ...options, cwd: into });
  return (await listDirectory(into)).filter((name) => name.endsWith(".deb")).map((name) => join(into, name));
}

async function runApt(command: Command, names: readonly string[], options: FetchOptions & { readonly cwd?: string }): Promise<RunResult> {
  try {
    const place = options.cwd === undefined ? {} : { cwd: options.cwd };
    const env = options.apt?.env === undefined ? {} : { env: options.apt.env };
    return await run(command, { ...place, ...env, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (error instanceof LifeboatError) throw aptFailure(error, names, options);
    throw error;
  }
}

function aptFailure(error: LifeboatError, names: readonly string[], options: FetchOptions): LifeboatError {
  if (/Unable to locate package|No packages found|Can't select/i.test(error.message)) return unknownPackage(names, options, error);
  if (error.message.includes("as it must be installed")) {
    return failure(names, "apt must be there: no apt on this machine", {
      cause: error,
      ...hint("Build on Debian or a descendant of it", options),
    });
  }
  const state = error.message.slice(error.message.indexOf(": ") + 2).replace(/"?W: Download is performed unsandboxed[^|]*\| /, '"');
  return failure(names, `apt must be able to download them: ${state}`, {
    cause: error,
    ...hint("See that the network works, then run apt-get update and try again", options),
  });
}

function unknownPackage(names: readonly string[], options: FetchOptions, cause?: unknown): LifeboatError {
  return failure(names, "apt must know them: no package of that name in apt's lists", {
    cause,
    ...hint("Run apt-get update", options),
  });
}

function failure(names: readonly string[], ruleAndState: string, rest: { readonly hint: string; readonly cause?: unknown }): LifeboatError {
  return new LifeboatError(`Cannot fetch ${names.map((name) => `"${name}"`).join(", ")} as ${ruleAndState}`, { exitCode: 3, ...rest });
}

function hint(advice: string, options: FetchOptions): { readonly hint: string } {
  return { hint: options.instead === undefined ? advice : `${advice}, or give the file with ${options.instead}` };
}
