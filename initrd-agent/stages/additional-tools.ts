// Stage 3: takes in tools.squashfs, so that its programs, modules and firmware stand beside those of the initramfs.

import { digestFile } from "#os/digest";
import { LifeboatError } from "#os/error";
import { exists, makeDirectory, removeFile } from "#os/files";
import { readSys } from "#os/sysfs";
import { MEDIUM_DIRECTORY, TOOLS_FILE, type ToolsLayer } from "../../set/image-manifest.ts";
import type { AgentContext } from "../context.ts";
import type { Outcome } from "../stage.ts";

const COPY_PATH = "/run/lifeboat/tools.squashfs";
const TOOLS_ROOT = "/run/lifeboat/tools";
/** What must stay free after the copy, for the restore engine to work in. */
const RESERVE_BYTES = 96 * 1024 * 1024;

export async function additionalTools(context: AgentContext): Promise<Outcome> {
  const { image, state } = context;
  if (image.tools === undefined) return { kind: "fallback", text: "this image has no tools layer" };
  if (state.medium === undefined) return { kind: "fallback", text: "no medium: the programs of the initramfs must do" };
  await makeDirectory("/run/lifeboat");
  const inMemory = image.tools.sizeBytes + RESERVE_BYTES < availableBytes();
  const path = inMemory ? await copyToMemory(context, image.tools) : await useInPlace(context, image.tools);
  await takeIn(context, path);
  state.toolsTakenIn = true;
  if (!inMemory) return { kind: "fallback", text: "too little memory for a copy: the medium must stay in" };
  await state.medium.close();
  return { kind: "ok" };
}

async function copyToMemory({ state }: AgentContext, tools: ToolsLayer): Promise<string> {
  try {
    await state.medium!.copyTo(`${MEDIUM_DIRECTORY}/${TOOLS_FILE}`, COPY_PATH);
    await checkDigest(COPY_PATH, tools);
  } catch (error) {
    await removeFile(COPY_PATH);
    throw error;
  }
  return COPY_PATH;
}

async function useInPlace({ state }: AgentContext, tools: ToolsLayer): Promise<string> {
  const path = state.medium!.localPath(`${MEDIUM_DIRECTORY}/${TOOLS_FILE}`);
  if (path === undefined) {
    throw new LifeboatError(
      `Cannot take in ${TOOLS_FILE} as ${mebibytes(tools.sizeBytes)} MiB of memory are needed: ${mebibytes(availableBytes())} MiB are free`,
      {
        hint: "Give the machine more memory, or boot from CD or USB, where the file can stay on the medium",
      },
    );
  }
  await checkDigest(path, tools);
  return path;
}

async function checkDigest(path: string, tools: ToolsLayer): Promise<void> {
  const digest = await digestFile(path);
  if (digest === tools.digest) return;
  throw new LifeboatError(
    `Cannot take in ${TOOLS_FILE} as its digest must be ${tools.digest.slice(0, 16)}…: it is ${digest.slice(0, 16)}…`,
    {
      hint: "The medium is damaged or of another build; make it again",
    },
  );
}

/** Stacks the tools layer under /usr by an overlay; its few files of /etc are copied where the image has none. */
async function takeIn({ shell }: AgentContext, squashfsPath: string): Promise<void> {
  await makeDirectory(TOOLS_ROOT);
  const mounted = await shell.run(["busybox", "mount", "-t", "squashfs", "-o", "loop,ro", squashfsPath, TOOLS_ROOT]);
  if (mounted.exitCode !== 0) throw new LifeboatError(`Cannot mount ${TOOLS_FILE} as squashfs: ${mounted.output}`);
  const stacked = await shell.run(["busybox", "mount", "-t", "overlay", "-o", `lowerdir=${TOOLS_ROOT}/usr:/usr`, "overlay", "/usr"]);
  if (stacked.exitCode !== 0) throw new LifeboatError(`Cannot stack ${TOOLS_FILE} under /usr as an overlay: ${stacked.output}`);
  if (await exists(`${TOOLS_ROOT}/etc`)) await shell.run(["busybox", "cp", "-a", `${TOOLS_ROOT}/etc/.`, "/etc/"]);
}

function availableBytes(): number {
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readSys("/proc/meminfo") ?? "")?.[1];
  return Number(kibibytes ?? "0") * 1024;
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
