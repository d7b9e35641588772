// Firmware that drivers asked the kernel for in vain, read from the kernel's log.

import { exists, readTextIfThere, removeFile } from "#os/files";
import type { WorkerShell } from "#os/worker-shell";

export interface FirmwareFailure {
  /** Driver and device as the kernel names them, e.g. `e100 0000:00:03.0`. */
  readonly device: string;
  /** Below the firmware directory, e.g. `e100/d101s_ucode.bin`. */
  readonly name: string;
}

const COPY_PATH = "/run/lifeboat/kernel-log";
/** The suffixes that a kernel can unpack by itself (CONFIG_FW_LOADER_COMPRESS). */
const SUFFIXES = ["", ".xz", ".zst"];

/** What is not in the image by now; a file that came with the tools layer no longer counts. */
export async function readFirmwareFailures(shell: WorkerShell): Promise<readonly FirmwareFailure[]> {
  // Through a file: an answer of the worker shell is to be short.
  await shell.run(["sh", "-c", `busybox dmesg > ${COPY_PATH}`]);
  const failures = parseFirmwareFailures((await readTextIfThere(COPY_PATH)) ?? "");
  await removeFile(COPY_PATH);
  const there = await Promise.all(failures.map(({ name }) => isThere(name)));
  return failures.filter((_, index) => !there[index]);
}

/**
 * Reads a kernel log: the messages of drivers/base/firmware_loader/main.c, and the ones that Debian's kernel has
 * instead. A device that was given another file afterwards lacks nothing.
 */
export function parseFirmwareFailures(kernelLog: string): readonly FirmwareFailure[] {
  const byDevice = new Map<string, Set<string>>();
  for (const line of kernelLog.split("\n")) {
    const [, device, direct, debian, loaded] = LINE.exec(line) ?? [];
    if (device === undefined) continue;
    const name = direct ?? debian;
    if (loaded !== undefined) byDevice.delete(device);
    else if (name !== undefined) byDevice.set(device, (byDevice.get(device) ?? new Set()).add(name));
  }
  return [...byDevice].flatMap(([device, names]) => [...names].map((name) => ({ device, name })));
}

const LINE =
  /^(?:<\d+>)?(?:\[[^\]]*\] )?(\S+ [^\s:]\S*): (?:Direct firmware load for (\S+) failed|firmware: failed to load (\S+)|firmware: direct-loading firmware (\S+))/;

async function isThere(name: string): Promise<boolean> {
  if (name.includes("..")) return false;
  const found = await Promise.all(SUFFIXES.map((suffix) => exists(`/lib/firmware/${name}${suffix}`)));
  return found.includes(true);
}
