// Stage 3: takes in tools.squashfs, so that its programs, modules and firmware stand beside those of the initramfs.

import { digestFile } from "#os/digest";
import { LifeboatError } from "#os/error";
import { exists, makeDirectory, removeFile, spaceOn, writeFile } from "#os/files";
import { readSys } from "#os/sysfs";
import { MEDIUM_DIRECTORY, TOOLS_FILE, type ToolsLayer } from "../../set/image-manifest.ts";
import { MUST_STAY_NOTE, type Medium } from "../../media/medium.ts";
import type { AgentContext } from "../context.ts";
import type { Outcome, StageSignal } from "../stage.ts";

const COPY_PATH = "/run/lifeboat/tools.squashfs";
const TOOLS_ROOT = "/run/lifeboat/tools";
/** What must stay free after the copy, for the restore engine to work in. */
const RESERVE_BYTES = 96 * 1024 * 1024;

/** What the screen says when the medium cannot be taken out; multi-disc restores are refused then. */
export const MEDIUM_MUST_STAY = "the medium must stay in";

export async function additionalTools(context: AgentContext, signal: StageSignal): Promise<Outcome> {
  const { image, state } = context;
  const { medium } = state;
  if (image.tools === undefined) return { kind: "fallback", text: "this image has no tools layer" };
  if (medium === undefined) return { kind: "fallback", text: "no medium: the programs of the initramfs must do" };
  const inMemory = image.tools.sizeBytes + RESERVE_BYTES < (await freeBytes());
  try {
    const path = inMemory ? await copyToMemory(medium, image.tools) : await useInPlace(medium, image.tools);
    if (signal.over) throw new LifeboatError(`Cannot take in ${TOOLS_FILE} as the stage's time is over: it was still being read`);
    await takeIn(context, path);
  } catch (error) {
    // So that it can be taken out, and another one be looked for.
    state.medium = undefined;
    state.mediumRefused = true;
    await medium.close();
    await removeFile(COPY_PATH);
    throw error;
  }
  state.toolsTakenIn = true;
  state.mediumMustStay = !inMemory;
  if (!inMemory) {
    await writeFile(MUST_STAY_NOTE, "");
    return { kind: "fallback", text: `too little memory for a copy: ${MEDIUM_MUST_STAY}` };
  }
  await medium.close();
  return { kind: "ok" };
}

async function copyToMemory(medium: Medium, tools: ToolsLayer): Promise<string> {
  await makeDirectory("/run/lifeboat");
  await medium.copyTo(`${MEDIUM_DIRECTORY}/${TOOLS_FILE}`, COPY_PATH);
  await checkDigest(COPY_PATH, tools);
  return COPY_PATH;
}

async function useInPlace(medium: Medium, tools: ToolsLayer): Promise<string> {
  const path = medium.localPath(`${MEDIUM_DIRECTORY}/${TOOLS_FILE}`);
  if (path === undefined) {
    const needed = tools.sizeBytes + RESERVE_BYTES;
    throw new LifeboatError(
      `Cannot take in ${TOOLS_FILE} as ${mebibytes(needed)} MiB of memory are needed: ${mebibytes(await freeBytes())} MiB are free`,
      { hint: "Give the machine more memory, or boot from CD or USB, where the file can stay on the medium" },
    );
  }
  await checkDigest(path, tools);
  return path;
}

async function checkDigest(path: string, tools: ToolsLayer): Promise<void> {
  const digest = await digestFile(path);
  if (digest === tools.digest) return;
  throw new LifeboatError(
    `Cannot take in ${TOOLS_FILE} as its digest must be ${tools.digest.slice(0, 16)}...: it is ${digest.slice(0, 16)}...`,
    { hint: "The medium is damaged or of another build; make it again" },
  );
}

/** Stacks the tools layer under /usr by an overlay; its few files of /etc are copied where the image has none. */
async function takeIn({ shell }: AgentContext, squashfsPath: string): Promise<void> {
  await makeDirectory(TOOLS_ROOT);
  const mounted = await shell.run(["busybox", "mount", "-t", "squashfs", "-o", "loop,ro", squashfsPath, TOOLS_ROOT]);
  if (mounted.exitCode !== 0) throw new LifeboatError(`Cannot mount ${TOOLS_FILE} as squashfs: ${mounted.output}`);
  const stacked = await shell.run(["busybox", "mount", "-t", "overlay", "-o", `lowerdir=${TOOLS_ROOT}/usr:/usr`, "overlay", "/usr"]);
  if (stacked.exitCode !== 0) {
    await shell.run(["busybox", "umount", "-d", TOOLS_ROOT]);
    throw new LifeboatError(`Cannot stack ${TOOLS_FILE} under /usr as an overlay: ${stacked.output}`);
  }
  if (await exists(`${TOOLS_ROOT}/etc`)) await shell.run(["busybox", "cp", "-a", `${TOOLS_ROOT}/etc/.`, "/etc/"]);
}

/** Memory that is free, as far as the file system that the copy goes to may have it. */
async function freeBytes(): Promise<number> {
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readSys("/proc/meminfo") ?? "")?.[1];
  // The first file system of a kernel without tmpfs knows no limit, and says that it has no room at all.
  const { totalBytes, freeBytes: room } = await spaceOn("/run");
  const available = Number(kibibytes ?? "0") * 1024;
  return totalBytes === 0 ? available : Math.min(available, room);
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
