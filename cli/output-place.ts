// What is wrong with an output's place is said before the work, not after it.

import { LifeboatError } from "#os/error";
import { fileInfo, listDirectory, makeTemporaryDirectory } from "#os/files";
import { removeStaleTemporaries } from "#os/temporaries";
import { checkNoLink, checkSpace, parentOf } from "../bootloaders/output.ts";

interface OutputPlace {
  readonly path: string;
  readonly kind: "file" | "directory";
  readonly force: boolean;
  /** What the output will take at least; the exact size is checked when it is known. */
  readonly leastBytes: number;
}

/** Throws LifeboatError, exit code 3, when nothing can be written there. Whoever writes checks again: things change meanwhile. */
export async function checkOutputPlace({ path, kind, force, leastBytes }: OutputPlace): Promise<void> {
  // What a build that was killed has left there, for a PXE tree in it, would need room and count as content.
  for (const place of [parentOf(path), path]) removeStaleTemporaries(place);
  const info = await fileInfo(path);
  if (info !== undefined && info.type !== kind) {
    throw new LifeboatError(`Cannot write "${path}" as the output is a ${kind}: it is a ${info.type.replace("-", " ")}`, {
      hint: kind === "file" ? "Write to a file first, then copy it to the device" : "Name a directory with -o",
    });
  }
  // A link to a directory is as good as the directory: what is in it is replaced, not the link.
  if (info?.type !== "directory") await checkNoLink(path, kind);
  const isEmptyDirectory = info?.type === "directory" && (await listDirectory(path)).length === 0;
  if (info !== undefined && !force && !isEmptyDirectory) {
    throw new LifeboatError(`Cannot write "${path}" as nothing is overwritten without being told: it exists`, {
      hint: "Give --force to replace it, or choose another place",
    });
  }
  await checkParent(parentOf(path), path);
  await checkSpace(parentOf(path), leastBytes);
}

async function checkParent(parent: string, path: string): Promise<void> {
  const type = (await fileInfo(parent))?.type;
  if (type !== "directory") {
    const state = type === undefined ? "is not there" : `is a ${type.replace("-", " ")}`;
    throw new LifeboatError(`Cannot write "${path}" as its directory must be there: "${parent}" ${state}`, {
      hint: "Make the directory, or choose another place",
    });
  }
  // Whether it can be written is known when something was: permissions, read-only mounts and quotas are many.
  await (await makeTemporaryDirectory(".lifeboat-", parent))[Symbol.asyncDispose]();
}
