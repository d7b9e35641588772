// The key file that `lifeboat.luks=` names, on a medium of its own: read into memory, and the medium is let go.

import { LifeboatError } from "#os/error";
import { exists, fileInfo, readBytes, realPath } from "#os/files";
import { readBlockDevices, type BlockDevice } from "../machine/block-devices.ts";
import { openBlockMedium } from "../media/block-medium.ts";
import { loadModules } from "./coldplug.ts";
import type { AgentContext } from "./context.ts";

const MOUNT_POINT = "/run/lifeboat/keys";
/** cryptsetup's own limit for key files. */
const LIMIT_BYTES = 8 * 1024 * 1024;

export interface LuksKeyFile {
  readonly key: Uint8Array;
  /** Kernel name of what holds it. */
  readonly device: string;
}

/**
 * `DEVICE:/PATH`, the device as `LABEL=NAME`, `UUID=…` or a node. `apart`: kernel names of what must be on other disks: who finds the set
 * would find the key with it. Throws LifeboatError (3).
 */
export async function readLuksKey(context: AgentContext, word: string, apart: Iterable<string>): Promise<LuksKeyFile> {
  const [, spec, path] = /^(.+?):(\/.+)$/.exec(word) ?? [];
  if (spec === undefined || path === undefined || path.split("/").includes("..")) throw unusable(word, "it must be DEVICE:/PATH");
  const device = nodeOf(context, spec);
  if (device === undefined) throw unusable(word, `there is no ${spec}`);
  const name = await kernelName(device);
  const disks = readBlockDevices();
  const beside = [...apart].find((other) => areOnOneDisk(disks, name, other));
  if (beside !== undefined) throw unusable(word, `${spec} is on the disk of ${beside}, with the set or its medium`);
  const medium = await openBlockMedium({
    device,
    description: `key file on ${spec}`,
    mountPoint: MOUNT_POINT,
    run: context.shell.run,
    needFileSystem: async (name) => void (await loadModules(context, [name])),
  });
  if (medium === undefined) throw unusable(word, `no file system that can be read is on ${spec}`);
  try {
    const place = `${MOUNT_POINT}${path}`;
    const info = await fileInfo(place);
    if (info?.type !== "file") throw unusable(word, `there is no file ${path} on it`);
    if (info.sizeBytes === 0 || info.sizeBytes > LIMIT_BYTES) throw unusable(word, `it has ${info.sizeBytes} bytes`);
    return { key: await readBytes(place), device: name };
  } finally {
    await medium.close();
  }
}

async function kernelName(device: string): Promise<string> {
  return ((await exists(device)) ? await realPath(device) : device).replace(/^\/dev\//, "");
}

/** Kernel names of disks or partitions. */
export function areOnOneDisk(disks: readonly Pick<BlockDevice, "name" | "partitions">[], name: string, other: string): boolean {
  const diskOf = (wanted: string) =>
    disks.find((disk) => disk.name === wanted || disk.partitions.some((part) => part.name === wanted))?.name ?? wanted;
  return diskOf(name) === diskOf(other);
}

function nodeOf({ state }: AgentContext, spec: string): string | undefined {
  if (spec.startsWith("/dev/")) return spec;
  const [, tag, value] = /^(LABEL|UUID)=(.+)$/.exec(spec) ?? [];
  const name = tag === undefined ? undefined : state.diskLinks.get(`by-${tag.toLowerCase()}/${value}`);
  return name === undefined ? undefined : `/dev/${name}`;
}

function unusable(word: string, state: string): LifeboatError {
  return new LifeboatError(`Cannot take the passphrase from lifeboat.luks=${word} as it must be a file on a disk of its own: ${state}`, {
    hint: "Nothing has been written. Mend the word, or restore from the rescue shell, which asks",
  });
}
