// The failsafe kernel: Debian's own, with its modules, fetched and unpacked into the cache, never installed.
import { join, relative } from "node:path";
import { LifeboatError } from "#os/error";
import { run } from "#os/exec";
import { fileInfo, listDirectory, makeDirectory, makeSymlink, makeTemporaryDirectory } from "#os/files";
import { dependenciesOf, fetchPackages, type FetchOptions } from "./fetch-package.ts";
import { cachePlaceOfFile, rememberedTree, unpackIntoCache, type AptPlace } from "./package-cache.ts";

export interface FailsafeOptions {
  readonly cacheDirectory: string;
  /** A kernel package given by the user (`--failsafe-kernel FILE`); apt is then not asked. */
  readonly deb?: string | undefined;
  readonly apt?: AptPlace | undefined;
}

export interface FailsafeKernel {
  /** The unpacked package: boot/ and lib/modules/ (or usr/lib/modules/) are below it. */
  readonly root: string;
  readonly kernelPath: string;
  readonly release: string;
  readonly moduleDirectory: string;
  /** Where it came from, for people. */
  readonly origin: string;
}

const INSTEAD = "--failsafe-kernel FILE";

/** Fetches it the first time; afterwards the cache serves, without a network too. depmod has run on the tree. Needs no root. */
export async function failsafeKernel(options: FailsafeOptions): Promise<FailsafeKernel> {
  const root = await (options.deb === undefined ? fetchedTree(options) : givenTree(options.deb, options.cacheDirectory));
  const kernel = await kernelIn(root);
  const origin = options.deb ?? relative(join(options.cacheDirectory, "packages"), root);
  return { root, ...kernel, origin };
}

async function givenTree(deb: string, cacheDirectory: string): Promise<string> {
  const directory = await cachePlaceOfFile(deb, cacheDirectory);
  return unpackIntoCache({ directory, fetch: async () => [deb], finish: (tree) => makeModuleFiles(tree, deb) });
}

async function fetchedTree(options: FailsafeOptions): Promise<string> {
  const fetching: FetchOptions = { instead: INSTEAD, apt: options.apt, finish: makeModuleFiles };
  return rememberedTree({ name: "failsafe-kernel", cacheDirectory: options.cacheDirectory, apt: options.apt ?? {} }, async () =>
    fetchPackages([await kernelPackage(fetching)], options.cacheDirectory, fetching),
  );
}

/** The package with the image, e.g. linux-image-6.1.0-56-amd64: the metapackage depends on the current one. */
async function kernelPackage(options: FetchOptions): Promise<string> {
  const architecture = (await debianArchitecture()) ?? "amd64";
  // Debian's 32-bit PC kernels are named by processor.
  const metapackage = `linux-image-${architecture === "i386" ? "686-pae" : architecture}`;
  const image = (await dependenciesOf(metapackage, options)).find((name) => /^linux-image-\d/.test(name));
  if (image !== undefined) return image;
  throw new LifeboatError(`Cannot fetch the failsafe kernel as "${metapackage}" must depend on a kernel: it depends on none`, {
    hint: `Give a kernel package with ${INSTEAD}`,
  });
}

async function debianArchitecture(): Promise<string | undefined> {
  const found = await run(["dpkg", "--print-architecture"]).catch((error: unknown) => {
    if (error instanceof LifeboatError) return undefined;
    throw error;
  });
  return found?.stdout.trim();
}

/** `origin` names it in errors. */
async function kernelIn(tree: string, origin = tree): Promise<Pick<FailsafeKernel, "kernelPath" | "release" | "moduleDirectory">> {
  for (const modules of [join(tree, "lib/modules"), join(tree, "usr/lib/modules")]) {
    for (const release of await listDirectory(modules)) {
      const image = (await listDirectory(join(tree, "boot"))).find((name) => /^vmlinu[xz]-/.test(name) && name.endsWith(`-${release}`));
      if (image !== undefined) return { kernelPath: join(tree, "boot", image), release, moduleDirectory: join(modules, release) };
    }
  }
  throw new LifeboatError(
    `Cannot use the failsafe kernel in "${origin}" as it must have boot/vmlinuz-RELEASE and its modules: not both are there`,
    {
      hint: "Give a Debian kernel package that carries its modules, such as linux-image-6.1.0-56-amd64",
    },
  );
}

/** A package has no modules.dep: depmod runs when it is installed. */
async function makeModuleFiles(tree: string, origin?: string): Promise<void> {
  const { release, moduleDirectory } = await kernelIn(tree, origin);
  // depmod looks in lib/modules or usr/lib/modules as it was built; a base that has both serves either.
  await using base = await makeTemporaryDirectory("lifeboat-depmod-");
  for (const place of ["lib/modules", "usr/lib/modules"]) {
    await makeDirectory(join(base.path, place));
    await makeSymlink(moduleDirectory, join(base.path, place, release));
  }
  await run(["depmod", "--basedir", base.path, release]);
  if ((await fileInfo(join(moduleDirectory, "modules.dep"))) === undefined) {
    throw new LifeboatError(
      `Cannot prepare the failsafe kernel's modules as depmod must write modules.dep: it wrote none in "${moduleDirectory}"`,
      {
        hint: "See that kmod is installed",
      },
    );
  }
}
