// For tests: an apt of its own, with its own lists and a repository of packages made on the spot. Needs no network, no root.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "#os/exec";
import type { AptPlace } from "./package-cache.ts";

export interface LocalApt extends AptPlace {
  readonly env: Readonly<Record<string, string>>;
  readonly lists: string;
  /** Builds the package and puts it into the repository. Returns the .deb's path. */
  add(recipe: PackageRecipe): Promise<string>;
  /** apt-get update. */
  update(): Promise<void>;
  /** Takes the repository's packages away and leaves the lists, as when the network is gone. */
  cut(): Promise<void>;
}

export interface PackageRecipe {
  readonly name: string;
  readonly version: string;
  readonly depends?: string;
  /** Content by path, relative to the root. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

/** `directory` must be there and empty. */
export async function makeLocalApt(directory: string): Promise<LocalApt> {
  const [repository, lists, config] = ["repository", "lists", "apt.conf"].map((name) => join(directory, name)) as [string, string, string];
  for (const path of [repository, join(lists, "partial"), join(directory, "cache/archives/partial"), join(directory, "etc")]) {
    await mkdir(path, { recursive: true });
  }
  await writeFile(join(directory, "status"), "");
  await writeFile(join(directory, "sources.list"), `deb [trusted=yes] file:${repository} ./\n`);
  await writeFile(
    config,
    [
      `Dir::Etc "${join(directory, "etc")}";`,
      `Dir::Etc::SourceList "${join(directory, "sources.list")}";`,
      `Dir::State "${directory}";`,
      `Dir::State::status "${join(directory, "status")}";`,
      `Dir::State::lists "${lists}";`,
      `Dir::Cache "${join(directory, "cache")}";`,
      'APT::Sandbox::User "root";',
      'Acquire::Languages "none";',
      "",
    ].join("\n"),
  );
  const env = { APT_CONFIG: config };
  const packages: string[] = [];
  return {
    env,
    lists,
    async add(recipe) {
      const deb = await buildPackage(recipe, repository);
      packages.push(await indexEntry(deb));
      return deb;
    },
    async update() {
      await writeFile(join(repository, "Packages"), packages.join("\n"));
      await run(["apt-get", "update", "--quiet=2"], { env });
    },
    async cut() {
      for (const name of await readdir(repository)) if (name.endsWith(".deb")) await rm(join(repository, name));
    },
  };
}

async function buildPackage({ name, version, depends, files }: PackageRecipe, into: string): Promise<string> {
  const tree = join(into, `${name}-tree`);
  const control = [
    `Package: ${name}`,
    `Version: ${version}`,
    "Architecture: all",
    "Maintainer: Test <test@example.org>",
    "Description: test",
  ];
  if (depends !== undefined) control.push(`Depends: ${depends}`);
  for (const [path, content] of Object.entries({ ...files, "DEBIAN/control": `${control.join("\n")}\n` })) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), content);
  }
  const deb = join(into, `${name}_${version.replace(/:/g, "%3a")}_all.deb`);
  await run(["dpkg-deb", "-Znone", "--root-owner-group", "--build", tree, deb]);
  await rm(tree, { recursive: true });
  return deb;
}

async function indexEntry(deb: string): Promise<string> {
  const bytes = await readFile(deb);
  const { stdout } = await run(["dpkg-deb", "--field", deb]);
  const digest = createHash("sha256").update(bytes).digest("hex");
  return `${stdout}Filename: ./${deb.slice(dirname(deb).length + 1)}\nSize: ${bytes.length}\nSHA256: ${digest}\n`;
}
