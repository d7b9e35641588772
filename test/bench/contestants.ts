// Who takes part in the build benchmark, and how each is told to do the same job.

import { join } from "node:path";
import * as v from "valibot";
import { run } from "#os/exec";
import { fileInfo, makeDirectory, makeSymlink, readText, removeTree, walk } from "#os/files";
import { makeBinary } from "../../builder/make-binary.ts";
import { measure, parseFigures, type Cost } from "./measure.ts";
import { preparePeer, runInPeer, type BenchKernel, type PeerSpec, type PreparedPeer } from "./peer-root.ts";
import type { Contestant } from "./rounds.ts";
import type { Row } from "./table.ts";

/** Below what a run of ReaR wrote. */
export const REAR_OUTPUT = /^var\/lib\/rear\/output\/[^/]*\.iso$/;

export const ROOT = join(import.meta.dirname, "../..");
export const BENCH_DIRECTORY = join(ROOT, "out/bench");
export const BINARY = join(ROOT, "out/lifeboat");
/** Holds what was fetched, nothing that was made. */
const FETCHED = join(BENCH_DIRECTORY, "fetched");
const CACHE = join(BENCH_DIRECTORY, "cache");

const Report = v.object({ bytes: v.number(), kernel: v.object({ release: v.string(), path: v.string() }) });

/** Makes the binary and fetches kernel, busybox and boot loaders, by a build that is not measured. Returns the kernel for all. */
export async function prepareKernel(): Promise<BenchKernel> {
  await makeBinary(ROOT, BINARY);
  const { stdout } = await run([BINARY, ...buildWords("first.iso", FETCHED, [])]);
  const { kernel } = v.parse(Report, JSON.parse(stdout));
  return { release: kernel.release, root: join(kernel.path, "../..") };
}

export function contestants(kernel: BenchKernel): readonly Contestant[] {
  const { release } = kernel;
  const initramfs = "/boot/bench.img";
  return [
    lifeboat("lifeboat cold", { cold: true, words: [] }),
    lifeboat("lifeboat warm", { cold: false, words: [] }),
    lifeboat("lifeboat small", { cold: true, words: ["--small"], mostRuns: 1 }),
    peer(
      { name: "dracut", packages: ["dracut-core"], files: {} },
      { kernel, output: /^boot\/bench\.img$/, what: "initramfs", command: ["dracut", "--no-hostonly", "--kver", release, initramfs] },
    ),
    peer(
      { name: "mkinitramfs", packages: ["initramfs-tools"], files: { "etc/initramfs-tools/conf.d/bench": "MODULES=most\n" } },
      { kernel, output: /^boot\/bench\.img$/, what: "initramfs", command: ["mkinitramfs", "-o", initramfs, release] },
    ),
    peer(
      { name: "rear", packages: ["rear"], files: { "etc/rear/local.conf": rearConfig(release) } },
      { kernel, output: REAR_OUTPUT, what: "ISO", command: ["rear", "mkrescue"] },
    ),
  ];
}

interface LifeboatRun {
  readonly cold: boolean;
  readonly words: readonly string[];
  readonly mostRuns?: number;
}

function lifeboat(name: string, { cold, words, mostRuns }: LifeboatRun): Contestant {
  const iso = `${name.replace(" ", "-")}.iso`;
  return {
    name,
    what: "ISO",
    ...(mostRuns === undefined ? {} : { mostRuns }),
    prepare: async () => undefined,
    async run() {
      if (cold) await emptyCache();
      const { stdout, ...cost } = await measure([BINARY, ...buildWords(iso, CACHE, words)]);
      return { ...cost, bytes: v.parse(Report, JSON.parse(stdout)).bytes };
    },
  };
}

function buildWords(iso: string, cache: string, words: readonly string[]): readonly string[] {
  const output = ["--output", join(BENCH_DIRECTORY, iso), "--force", "--json"];
  return ["build", ...output, "--kernel", "failsafe", "--firmware", "none", "--cache", cache, ...words];
}

/** Packages are fetched already; nothing else is left of earlier builds. */
async function emptyCache(): Promise<void> {
  await removeTree(CACHE);
  await makeDirectory(CACHE);
  await makeSymlink(join(FETCHED, "packages"), join(CACHE, "packages"));
}

interface PeerJob {
  readonly kernel: BenchKernel;
  readonly command: readonly [string, ...string[]];
  readonly what: Row["what"];
  /** The file that counts, relative to the root. */
  readonly output: RegExp;
}

function peer(spec: PeerSpec, { kernel, command, what, output }: PeerJob): Contestant {
  let prepared: PreparedPeer | undefined;
  return {
    name: spec.name,
    what,
    async prepare() {
      prepared = await preparePeer(spec, join(BENCH_DIRECTORY, "peers"));
    },
    async run() {
      const figures = join(prepared!.directory, "time");
      const prefix = ["/usr/bin/time", "-q", "-f", "%e %U %S %M", "-o", figures];
      const { written } = await runInPeer(prepared!, { kernel, command, prefix });
      const cost: Cost = parseFigures(await readText(figures));
      return { ...cost, bytes: await sizeOfOutput(written, output) };
    },
  };
}

/** The one file that matches, wherever the tool put it. */
export async function findOutput(written: string, output: RegExp): Promise<string | undefined> {
  const found = (await walk(written)).find(({ path, type }) => type === "file" && output.test(path));
  return found === undefined ? undefined : join(written, found.path);
}

async function sizeOfOutput(written: string, output: RegExp): Promise<number> {
  const path = await findOutput(written, output);
  return path === undefined ? 0 : ((await fileInfo(path))?.sizeBytes ?? 0);
}

/** All modules and no firmware, as for lifeboat; the kernel is not the running one; a console like ours. */
function rearConfig(release: string): string {
  return `OUTPUT=ISO
BACKUP=REQUESTRESTORE
KERNEL_VERSION=${release}
KERNEL_FILE=/boot/vmlinuz-${release}
MODULES=( 'all_modules' )
FIRMWARE_FILES=( 'no' )
BOOTLOADER=GRUB
ISO_DEFAULT=manual
USE_SERIAL_CONSOLE=yes
SERIAL_CONSOLE_DEVICES=/dev/ttyS0
SERIAL_CONSOLE_DEVICES_KERNEL="console=tty0 console=ttyS0,115200n8"
SERIAL_CONSOLE_DEVICE_SYSLINUX="serial 0 115200"
KERNEL_CMDLINE="quiet"
`;
}
