// What the archive benchmark archives: a Debian root, and trees of 1, 4 and 16 times as many small files. Each is made once.

import { join } from "node:path";
import { run } from "#os/exec";
import { makeDirectory, makeTemporaryDirectory, readText, readTextIfThere, removeTree, writeAtomic, writeFile } from "#os/files";

const LIMIT_MS = 20 * 60_000;

/** About 1 GB in 13,000 files: kernel modules, programs, libraries, headers and scripts, as small servers have them. */
const RECIPE = {
  variant: "important",
  packages: ["linux-image-amd64", "build-essential", "openssh-server", "mariadb-server"],
  leftOut: ["doc", "man", "locale", "i18n", "info", "lintian"].map((name) => `/usr/share/${name}/*`),
} as const;

/** The path of a Debian root below `parent`, made by mmdebstrap from the host's own apt sources. */
export async function debianTree(parent: string): Promise<string> {
  return makeOnce(parent, "debian", JSON.stringify(RECIPE), async (path) => {
    await using work = await makeTemporaryDirectory("lifeboat-bench-");
    const [sources, aptOptions] = [join(work.path, "sources.list"), join(work.path, "apt.conf")];
    await writeFile(sources, await debianSources());
    await writeFile(aptOptions, await fetchOptions());
    const release = /^VERSION_CODENAME=(\w+)$/m.exec(await readText("/etc/os-release"))?.[1] ?? "bookworm";
    const how = [`--variant=${RECIPE.variant}`, `--include=${RECIPE.packages.join(",")}`, `--aptopt=${aptOptions}`];
    const leftOut = RECIPE.leftOut.map((pattern) => `--dpkgopt=path-exclude=${pattern}`);
    const less = ['--aptopt=APT::Install-Recommends "false"', "--dpkgopt=force-unsafe-io", ...leftOut];
    await run(["mmdebstrap", "--mode=root", ...how, ...less, release, path, sources], { timeoutMs: LIMIT_MS });
  });
}

async function debianSources(): Promise<string> {
  const format = "deb $(REPO_URI) $(CODENAME) $(COMPONENT)";
  return (await run(["apt-get", "indextargets", "--format", format, "Identifier: Packages", "Origin: Debian"])).stdout;
}

/** Proxies, and what is checked. */
async function fetchOptions(): Promise<string> {
  const { stdout } = await run(["apt-config", "dump", "--no-empty", "--format", '%f "%v";%n', "Acquire"]);
  return stdout
    .split("\n")
    .filter((line) => !/^Acquire::(?:IndexTargets|CompressionTypes|Changelogs|cdrom)\b/.test(line))
    .join("\n");
}

const FILES_A_DIRECTORY = 13_000;
const FILE_BYTES = 2048;

/** `times` directories of 13,000 files of 2 KiB each. */
export async function smallFilesTree(parent: string, times: number): Promise<string> {
  return makeOnce(parent, `small-${times}`, `${FILES_A_DIRECTORY} files of ${FILE_BYTES} bytes`, async (path) => {
    for (let number = 0; number < times; number += 1) {
      const directory = join(path, `${number}`);
      await makeDirectory(directory);
      const split = `seq ${number}000000000 ${number}999999999 | head --bytes=$1 | split --bytes=$2 --suffix-length=5 --numeric-suffixes - "$3/file-"`;
      await run(["sh", "-c", split, "sh", `${FILES_A_DIRECTORY * FILE_BYTES}`, `${FILE_BYTES}`, directory]);
    }
  });
}

/** Makes it anew when it is not there, was not finished, or was made to another recipe. */
async function makeOnce(parent: string, name: string, recipe: string, make: (path: string) => Promise<void>): Promise<string> {
  const path = join(parent, name);
  const stampPath = join(parent, `${name}.stamp`);
  if ((await readTextIfThere(stampPath)) === recipe) return path;
  await removeTree(path);
  await makeDirectory(path);
  await make(path);
  await writeAtomic(stampPath, recipe);
  return path;
}
