// The build journey: kernel, modules, programs, image plan, segments, tools layer, medium, report.

import { join } from "node:path";
import { LifeboatError } from "#os/error";
import { digestFile, digestOf } from "#os/digest";
import { makeTemporaryDirectory, writeChunks } from "#os/files";
import type { RescueFiles } from "../bootloaders/rescue-files.ts";
import { writeNewc } from "../formats/cpio-newc.ts";
import { formatImageManifest, IMAGE_MANIFEST_PATH, type ImageManifest } from "../set/image-manifest.ts";
import { checkKernelConfig, checkUnknownConfig, type KernelFinding } from "./check-kernel-config.ts";
import { checkPrograms } from "./check-programs.ts";
import { checkSecrets } from "./check-secrets.ts";
import { compressionChoice, type Compression } from "./compression.ts";
import type { FoundKernel } from "./find-kernel.ts";
import { gatherImage, type GatherOptions, type ImageContents } from "./gather-image.ts";
import type { PlanEntry } from "./image-plan.ts";
import { joinSegments, type SegmentSource } from "./join-segments.ts";
import { microcodeFiles } from "./microcode.ts";
import { markUsed, pruneCache } from "./prune-cache.ts";
import { planSegment, planToolsLayer, type Piece, type PieceRequest, type ToolsPiece } from "./segments.ts";
import { largestGroups, formatMebibytes } from "./size-report.ts";

export interface RescueImageOptions extends GatherOptions {
  readonly compression: Compression;
  readonly sourceDateEpoch: number;
  /** The initramfs may be at most this large. */
  readonly budgetBytes: number;
  readonly machineName: string;
  /** Where the tools layer will be, for media that cannot say so themselves. */
  readonly mediumUrl: string | undefined;
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
  const findings = checkKernel(kernel, contents.moduleNames, options.compression);
  const pieces = await makePieces(contents, options);
  const buildId = await nameBuild(kernel, pieces, options);
  const manifest: ImageManifest = {
    formatVersion: 1,
    buildId,
    kernelRelease: kernel.release,
    machineName: options.machineName,
    tools: { sizeBytes: pieces.tools.sizeBytes, digest: pieces.tools.digest },
    mediumUrl: options.mediumUrl,
  };
  const work = await makeTemporaryDirectory("lifeboat-build-");
  const initramfsPath = join(work.path, "initramfs.img");
  await writeChunks(initramfsPath, joinSegments(await initramfsSegments(pieces, manifest, options)));
  const initramfsBytes = pieces.segments.reduce((sum, piece) => sum + piece.sizeBytes, 0);
  checkBudget(initramfsBytes, options.budgetBytes, contents.entries);
  const all = [...pieces.segments, pieces.tools];
  await markUsed(all.map(({ path }) => path));
  await pruneCache(options.cacheDirectory);
  return {
    files: { kernelPath: kernel.kernelPath, initramfsPath, toolsPath: pieces.tools.path, kernelRelease: kernel.release, buildId },
    contents,
    findings,
    initramfsBytes,
    toolsBytes: pieces.tools.sizeBytes,
    cachedPieces: all.filter(({ made }) => !made).length,
    allPieces: all.length,
    [Symbol.asyncDispose]: () => work[Symbol.asyncDispose](),
  };
}

function checkKernel(kernel: FoundKernel, moduleNames: ReadonlySet<string>, compression: Compression): readonly KernelFinding[] {
  const check = kernel.config === undefined ? checkUnknownConfig() : checkKernelConfig(kernel.config, moduleNames);
  const fatal = check.findings.filter(({ severity }) => severity === "fatal");
  if (fatal.length > 0) {
    const list = fatal.map(({ option, breaks }) => `${option} is off (${breaks})`).join("; ");
    throw new LifeboatError(`Cannot build around kernel ${kernel.release} as it must support a rescue system: ${list}`, {
      hint: "Build with another kernel: --kernel failsafe",
    });
  }
  if (!check.initramfsCompressions.includes(compression)) {
    throw new LifeboatError(
      `Cannot compress the initramfs with ${compression} as kernel ${kernel.release} must be able to unpack it: it knows ${check.initramfsCompressions.join(", ")}`,
      {
        hint: `Choose another with --compression ${check.initramfsCompressions[0] ?? "none"}`,
      },
    );
  }
  return check.findings;
}

interface Pieces {
  readonly segments: readonly [base: Piece, modules: Piece];
  readonly tools: ToolsPiece;
}

async function makePieces(contents: ImageContents, options: RescueImageOptions): Promise<Pieces> {
  const { cacheDirectory, sourceDateEpoch: mtimeSeconds, remark } = options;
  const request = (label: string, entries: readonly PlanEntry[]): PieceRequest => {
    return { label, entries, compression: compressionChoice(options.compression), cacheDirectory, mtimeSeconds };
  };
  const inLayer = (layer: PlanEntry["layer"]) => contents.entries.filter((entry) => entry.layer === layer);
  const base = inLayer("initramfs").filter(({ group }) => group !== "modules" && group !== "firmware");
  const rest = inLayer("initramfs").filter(({ group }) => group === "modules" || group === "firmware");
  const baseSegment = await planSegment(request("base", base), new Set());
  const modulesSegment = await planSegment(request("modules", rest), directoriesOf(base));
  const tools = await planToolsLayer(request("tools", inLayer("tools")));
  if (!baseSegment.cached || !tools.cached) await checkContents(contents, remark);
  return { segments: [await baseSegment.make(), await modulesSegment.make()], tools: await tools.make() };
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

/** Equal inputs give an equal name; it ties kernel, initramfs and tools layer together. */
async function nameBuild(kernel: FoundKernel, pieces: Pieces, options: RescueImageOptions): Promise<string> {
  const parts = [
    ...pieces.segments.map(({ path }) => path.replace(/^.*\//, "")),
    pieces.tools.digest,
    options.machineName,
    options.mediumUrl ?? "",
  ];
  return digestOf(parts.join("\0"), await digestFile(kernel.kernelPath)).slice(0, 16);
}

/** Microcode first and raw; the machine's own facts and the mark of completeness last. */
async function initramfsSegments(pieces: Pieces, manifest: ImageManifest, options: RescueImageOptions): Promise<readonly SegmentSource[]> {
  const mtimeSeconds = options.sourceDateEpoch;
  const microcode = await microcodeFiles(join(options.root, "lib/firmware"));
  const existing = ["kernel", "kernel/x86", "kernel/x86/microcode"].map((path) => ({ type: "directory", path, mode: 0o755 }) as const);
  const microcodeSegment =
    microcode.length === 0 ? [] : [{ bytes: bytesOf(writeNewc([...existing, ...microcode.map(withBytes)], { mtimeSeconds })) }];
  const text = new TextEncoder().encode(formatImageManifest(manifest));
  const facts = { type: "file", path: IMAGE_MANIFEST_PATH, mode: 0o644, sizeBytes: text.length, data: text } as const;
  const mark = { type: "file", path: ".complete", mode: 0o644, sizeBytes: 0, data: new Uint8Array() } as const;
  const machine = bytesOf(writeNewc([facts, mark], { mtimeSeconds, existingDirectories: ["etc", "etc/lifeboat"] }));
  return [...microcodeSegment, ...pieces.segments, { bytes: machine }];
}

function withBytes<T extends { readonly data: unknown }>(file: T): T & { readonly data: Uint8Array } {
  return { ...file, data: file.data as Uint8Array };
}

function bytesOf(chunks: Iterable<Uint8Array>): Uint8Array {
  const parts = [...chunks];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
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
