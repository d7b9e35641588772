// The files of a medium as a list: where each goes, and the file or text that it is made of.
import { LifeboatError } from "#os/error";
import { fileInfo, writeFile } from "#os/files";
import {
  BUILD_ID_NAME,
  INITRAMFS_NAME,
  KERNEL_NAME,
  LIFEBOAT_DIRECTORY,
  type RescueFiles,
  TOOLS_NAME,
  markerPath,
} from "./rescue-files.ts";

/** `path` is relative to the medium's root, with "/" between names. */
export interface MediumFile {
  readonly path: string;
  readonly source: string;
}

/** A file that is still text. */
export interface MediumText {
  readonly path: string;
  readonly text: string;
}

/** Everything in /lifeboat: on every medium the same. */
export function rescueContents(files: RescueFiles): readonly (MediumFile | MediumText)[] {
  return [
    ...imageFiles(files),
    { path: `${LIFEBOAT_DIRECTORY}/${BUILD_ID_NAME}`, text: `${files.buildId}\n` },
    { path: markerPath(files.buildId), text: `${files.kernelRelease}\n` },
  ];
}

/** Those of them that are the rescue image itself. */
export function imageFiles({ kernelPath, initramfsPath, toolsPath }: RescueFiles): readonly MediumFile[] {
  return [
    { path: `${LIFEBOAT_DIRECTORY}/${KERNEL_NAME}`, source: kernelPath },
    { path: `${LIFEBOAT_DIRECTORY}/${INITRAMFS_NAME}`, source: initramfsPath },
    { path: `${LIFEBOAT_DIRECTORY}/${TOOLS_NAME}`, source: toolsPath },
  ];
}

/** Writes the texts into `workDirectory`, under names made of their paths, so that each entry is a file. Sorted by path. */
export async function writeTexts(entries: readonly (MediumFile | MediumText)[], workDirectory: string): Promise<readonly MediumFile[]> {
  const result: MediumFile[] = [];
  for (const entry of entries) {
    if ("source" in entry) {
      result.push(entry);
      continue;
    }
    const source = `${workDirectory}/${entry.path.replace(/\//g, "+")}`;
    await writeFile(source, entry.text);
    result.push({ path: entry.path, source });
  }
  return result.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Sizes in bytes, in the list's order. Throws LifeboatError for what is no readable file. */
export async function sizesOf(files: readonly MediumFile[]): Promise<readonly number[]> {
  const sizes: number[] = [];
  for (const { source } of files) {
    const info = await fileInfo(source);
    if (info?.type !== "file") {
      throw new LifeboatError(`Cannot put "${source}" on the medium as it must be a file: ${info?.type ?? "there is none"}`);
    }
    sizes.push(info.sizeBytes);
  }
  return sizes;
}

/** Every directory that the files need, parents first. */
export function directoriesOf(files: readonly { readonly path: string }[]): readonly string[] {
  const directories = new Set<string>();
  for (const { path } of files) {
    const names = path.split("/").slice(0, -1);
    for (const [index] of names.entries()) directories.add(names.slice(0, index + 1).join("/"));
  }
  return [...directories].sort();
}
