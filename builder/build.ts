// The build journey: kernel, modules, programs, image plan, segments, tools layer, medium, report.

import { join } from "node:path";
import { LifeboatError } from "#os/error";
import { digestFile, digestOf } from "#os/digest";
import { fileInfo, makeTemporaryDirectory, writeChunks } from "#os/files";
import type { RescueFiles } from "../bootloaders/rescue-files.ts";
import { formatImageManifest, type ImageSet } from "../set/image-manifest.ts";
import { checkEssentialModules } from "./check-essential-modules.ts";
import { checkKernelConfig, checkUnknownConfig, type KernelFinding } from "./check-kernel-config.ts";
import { checkPrograms } from "./check-programs.ts";
import { checkSecrets, checkWords } from "./check-secrets.ts";
import { compressionChoice, type Compression, type CompressionChoice } from "./compression.ts";
import type { FoundKernel } from "./find-kernel.ts";
import { gatherImage, type GatherOptions, type ImageContents } from "./gather-image.ts";
import type { PlanEntry } from "./image-plan.ts";
import { joinSegments, type SegmentSource } from "./join-segments.ts";
import { machineEntries, machineSegment } from "./machine-entries.ts";
import { microcodeSegment } from "./microcode.ts";
import { markUsed, pruneCache } from "./prune-cache.ts";
import { planSegment, planToolsLayer, type Piece, type PieceRequest } from "./segments.ts";
import { largestGroups, formatMebibytes } from "./size-report.ts";

export interface RescueImageOptions extends GatherOptions {
  /** Undefined: the best that the kernel can unpack. */
  readonly compression: Compression | undefined;
  readonly sourceDateEpoch: number;
  /** The initramfs may be at most this large. */
  readonly budgetBytes: number;
  readonly machineName: string;
  /** Where the tools layer will be, for media that cannot say so themselves. */
  readonly mediumUrl: string | undefined;
  /** The set that the image will bring back. */
  readonly set?: ImageSet | undefined;
  /** Told what is going on, a line at a time. */
  readonly remark: (text: string) => void;
}

export interface RescueImage extends AsyncDisposable {
  readonly files: RescueFiles;
  readonly contents: ImageContents;
  readonly findings: readonly KernelFinding[];
  readonly initramfsBytes: number;
  readonly toolsBytes: number;
  /** Pieces taken from the cache, of all. */
  readonly cachedPieces: number;
  readonly allPieces: number;
}

/** Makes the initramfs and the tools layer around a kernel. Dispose the result when its files are on their medium. */
export async function makeRescueImage(kernel: FoundKernel, options: RescueImageOptions): Promise<RescueImage> {
  const contents = await gatherImage(kernel, options);
  checkEssentialModules(contents.moduleNames, contents.modulePart.selection);
  const { findings, compression } = checkKernel(kernel, contents.moduleNames, options.compression);
  checkWords([options.mediumUrl ?? ""]);
  const pieces = await makePieces(contents, compression, options);
  const microcode = microcodeSegment(contents.entries, options.sourceDateEpoch);
  const buildId = await nameBuild(kernel, [digestOf(microcode), ...Object.values(pieces).map(({ digest }) => digest)], options);
  const { init, base, modules, tools } = pieces;
  const machine = machineEntries(new TextEncoder().encode(manifestText(kernel, { ...options, buildId, tools })));
  await checkSecrets(machine);
  // Microcode first and raw; the machine's own facts and the mark of completeness last.
  const segments: readonly SegmentSource[] = [
    ...(microcode.length === 0 ? [] : [{ bytes: microcode }]),
    init,
    base,
    modules,
    { bytes: machineSegment(machine, options.sourceDateEpoch) },
  ];
  checkBudget(microcode.length + init.sizeBytes + base.sizeBytes + modules.sizeBytes, options.budgetBytes, contents.entries);
  await markUsed(Object.values(pieces).map(({ path }) => path));
  await pruneCache(options.cacheDirectory);
  const initramfs = await writeInitramfs(segments);
  return {
    files: { kernelPath: kernel.kernelPath, initramfsPath: initramfs.path, toolsPath: tools.path, kernelRelease: kernel.release, buildId },
    contents,
    findings,
    initramfsBytes: initramfs.sizeBytes,
    toolsBytes: tools.sizeBytes,
    cachedPieces: Object.values(pieces).filter(({ made }) => !made).length,
    allPieces: Object.values(pieces).length,
    [Symbol.asyncDispose]: () => initramfs[Symbol.asyncDispose](),
  };
}

type ManifestFacts = Pick<RescueImageOptions, "machineName" | "mediumUrl" | "set"> & { readonly buildId: string; readonly tools: Piece };

function manifestText({ release }: FoundKernel, { buildId, machineName, tools, mediumUrl, set }: ManifestFacts): string {
  const { sizeBytes, digest } = tools;
  return formatImageManifest({
    formatVersion: 1,
    buildId,
    kernelRelease: release,
    machineName,
    tools: { sizeBytes, digest },
    mediumUrl,
    set,
  });
}

interface WrittenInitramfs extends AsyncDisposable {
  readonly path: string;
  readonly sizeBytes: number;
}

async function writeInitramfs(segments: readonly SegmentSource[]): Promise<WrittenInitramfs> {
  await using cleanUp = new AsyncDisposableStack();
  const work = cleanUp.use(await makeTemporaryDirectory("lifeboat-build-"));
  const path = join(work.path, "initramfs.img");
  await writeChunks(path, joinSegments(segments));
  const sizeBytes = (await fileInfo(path))?.sizeBytes ?? 0;
  const kept = cleanUp.move();
  return { path, sizeBytes, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

interface CheckedKernel {
  readonly findings: readonly KernelFinding[];
  readonly compression: CompressionChoice;
}

/** Both layers are compressed alike, so the kernel must know the way for both. */
function checkKernel(kernel: FoundKernel, moduleNames: ReadonlySet<string>, wanted: Compression | undefined): CheckedKernel {
  const check = kernel.config === undefined ? checkUnknownConfig() : checkKernelConfig(kernel.config, moduleNames);
  const fatal = check.findings.filter(({ severity }) => severity === "fatal");
  if (fatal.length > 0) {
    const list = fatal.map(({ option, breaks }) => `${option} (${breaks})`).join("; ");
    throw new LifeboatError(`Cannot build around kernel ${kernel.release} as it must support a rescue system: it lacks ${list}`, {
      hint: "Build with another kernel: --kernel failsafe",
    });
  }
  const { findings, compressions, squashfsCompressions } = check;
  const compression = wanted ?? compressions[0] ?? "none";
  if (compressions.includes(compression))
    return { findings, compression: compressionChoice(compression, squashfsCompressions[0] ?? "gzip") };
  throw new LifeboatError(
    `Cannot compress the image with ${compression} as kernel ${kernel.release} must be able to unpack both its layers: it knows ${compressions.join(", ")}`,
    { hint: `Choose another with --compression ${compressions[0] ?? "none"}, or leave the choice to the build` },
  );
}

interface Pieces {
  readonly init: Piece;
  readonly base: Piece;
  readonly modules: Piece;
  readonly tools: Piece;
}

async function makePieces(contents: ImageContents, compression: CompressionChoice, options: RescueImageOptions): Promise<Pieces> {
  const { cacheDirectory, sourceDateEpoch: mtimeSeconds, remark } = options;
  const request = (label: string, entries: readonly PlanEntry[]): PieceRequest => {
    return { label, entries, compression, cacheDirectory, mtimeSeconds };
  };
  const inLayer = (layer: PlanEntry["layer"]) => contents.entries.filter((entry) => entry.layer === layer);
  const rest = inLayer("initramfs").filter(({ group }) => group === "modules" || group === "firmware");
  // First of all, so that init can say what is wrong when memory is too small for the rest.
  const initEntries = inLayer("initramfs").filter(({ group }) => group === "init");
  const baseEntries = inLayer("initramfs").filter((entry) => !["init", "microcode"].includes(entry.group) && !rest.includes(entry));
  const init = await planSegment(request("init", initEntries), new Set());
  const base = await planSegment(request("base", baseEntries), directoriesOf(initEntries));
  const modules = await planSegment(request("modules", rest), directoriesOf([...initEntries, ...baseEntries]));
  const tools = await planToolsLayer(request("tools", inLayer("tools")));
  if (!init.cached || !base.cached || !tools.cached) await checkContents(contents, remark);
  return { init: await init.make(), base: await base.make(), modules: await modules.make(), tools: await tools.make() };
}

/** Once for the same contents: what is in the cache has passed. */
async function checkContents({ entries, programPaths }: ImageContents, remark: RescueImageOptions["remark"]): Promise<void> {
  remark("looking for secrets");
  await checkSecrets(entries);
  remark("running every program in the image");
  await checkPrograms(entries, programPaths);
}

function directoriesOf(entries: readonly PlanEntry[]): ReadonlySet<string> {
  const directories = new Set<string>();
  for (const { path } of entries)
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) directories.add(path.slice(0, at));
  return directories;
}

/** Equal contents, the set among them, give an equal name; it ties kernel, initramfs and tools layer together. */
async function nameBuild(kernel: FoundKernel, digests: readonly string[], options: RescueImageOptions): Promise<string> {
  const set = options.set === undefined ? [] : [JSON.stringify(options.set)];
  const parts = [...digests, options.machineName, options.mediumUrl ?? "", String(options.sourceDateEpoch), ...set];
  return digestOf(parts.join("\0"), await digestFile(kernel.kernelPath)).slice(0, 16);
}

/** GRUB boots on without an initramfs that it has no room for, so the size is a hard limit (reference: omarchy-iso 128). */
function checkBudget(initramfsBytes: number, budgetBytes: number, entries: readonly PlanEntry[]): void {
  if (initramfsBytes <= budgetBytes) return;
  const largest = largestGroups(entries, "initramfs", 5).map(({ path, bytes }) => `${path} ${formatMebibytes(bytes)}`);
  throw new LifeboatError(
    `Cannot make the initramfs as it may have at most ${formatMebibytes(budgetBytes)}: it has ${formatMebibytes(initramfsBytes)}`,
    {
      hint: `The largest parts, unpacked: ${largest.join(", ")}. Leave some out with --deny-module or --modules host, or raise --budget`,
    },
  );
}
