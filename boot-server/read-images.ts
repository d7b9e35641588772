// Which machines a directory can bring back over the network: the newest set of each, with the rescue image in it.

import { LifeboatError } from "#os/error";
import { exists, fileInfo } from "#os/files";
import { parseJson } from "../formats/json.ts";
import { utf8Decode } from "../formats/text.ts";
import type { Machine } from "../machine/model.ts";
import { parseMachine } from "../machine/parse-machine.ts";
import { directorySource, inOrder, listStore } from "../media/directory-store.ts";
import { setsAt } from "../media/find-set.ts";
import { nameOfSet } from "../media/named-set.ts";
import type { StoredSet } from "../media/stored-set.ts";
import { BUILD_ID_FILE, TOOLS_FILE } from "../set/image-manifest.ts";
import { MACHINE_FILE, MANIFEST_FILE, RESCUE_ISO_FILE } from "../set/set-manifest.ts";
import { INITRAMFS_NAME, KERNEL_NAME } from "../bootloaders/rescue-files.ts";
import { imageOnIso } from "./image-on-iso.ts";
import { contentOf, type ServedImage } from "./served-image.ts";

/** `note` is told of each set that is not served, and why. Throws LifeboatError when there is none at all. */
export async function readImages(directory: string, note: (line: string) => void): Promise<readonly ServedImage[]> {
  const newestFirst = [...(await setsIn(directory))].reverse();
  const images: Unlabelled[] = [];
  for (const set of newestFirst) {
    const image = await readImage(set).catch((error: unknown) => {
      if (!(error instanceof LifeboatError)) throw error;
      return error.message;
    });
    if (typeof image === "string") note(`not served: ${set.id}: ${image}`);
    else if (!images.some((newer) => isSameMachine(newer, image))) images.push(image);
  }
  if (images.length > 0) return withLabels(images.sort((a, b) => (a.id < b.id ? -1 : 1)));
  throw new LifeboatError(`Cannot serve "${directory}" as machines boot from a set or a PXE tree: it holds neither`, {
    exitCode: 2,
    hint: "Name the directory that lifeboat archive was given, or one that lifeboat build --format pxe has made",
  });
}

/** The store's, or the one that the directory itself is. */
async function setsIn(directory: string): Promise<readonly StoredSet[]> {
  if (!(await exists(`${directory}/${MANIFEST_FILE}`))) return setsAt(directory);
  const [parent, name] = [directory.replace(/\/[^/]+\/*$/, "") || "/", directory.replace(/^.*\//, "")];
  return inOrder((await listStore(parent)).filter(({ path }) => path.endsWith(`/${name}`)));
}

type Unlabelled = Omit<ServedImage, "label">;

/** Or why it is not served, in words that follow a colon. */
async function readImage({ id, path, kind, manifest, problem }: StoredSet): Promise<Unlabelled | string> {
  if (manifest === undefined) return problem ?? "it is not whole";
  if (kind === "iso") return "it is an ISO image, and boots by itself";
  if (manifest.kind === "files") return "it holds files alone, no machine";
  const iso = `${path}/${RESCUE_ISO_FILE}`;
  if ((await fileInfo(iso))?.type !== "file") return `it has no ${RESCUE_ISO_FILE}`;
  const files = await imageOnIso(iso);
  const missing = [KERNEL_NAME, INITRAMFS_NAME, TOOLS_FILE, BUILD_ID_FILE].find((name) => !files.has(name));
  if (missing !== undefined) return `its ${RESCUE_ISO_FILE} has no ${missing}`;
  return {
    id,
    machineName: manifest.hostName,
    dateText: manifest.createdAt.slice(0, 16).replace("T", " "),
    buildId: await textOf(files.get(BUILD_ID_FILE)!),
    macs: (await readMachine(path)).network.flatMap(({ mac }) => (mac === undefined ? [] : [mac.toLowerCase()])),
    files,
    setDirectory: path,
  };
}

async function readMachine(setPath: string): Promise<Machine> {
  const source = directorySource(setPath);
  const bytes = await source.read(MACHINE_FILE, 0, (await source.sizeOf(MACHINE_FILE)) ?? 0);
  return parseMachine(parseJson(utf8Decode(bytes)), `"${setPath}/${MACHINE_FILE}"`);
}

async function textOf(file: Parameters<typeof contentOf>[0]): Promise<string> {
  let text = "";
  for await (const bytes of contentOf(file)) text += utf8Decode(bytes);
  return text.trim();
}

/** Machines of one name are two when each has cards and none is both's. */
function isSameMachine(a: Unlabelled, b: Unlabelled): boolean {
  if (nameOfSet(a.id) !== nameOfSet(b.id)) return false;
  return a.macs.length === 0 || b.macs.length === 0 || a.macs.some((mac) => b.macs.includes(mac));
}

function withLabels(images: readonly Unlabelled[]): readonly ServedImage[] {
  const isTaken = (image: Unlabelled) => images.some((other) => other !== image && nameOfSet(other.id) === nameOfSet(image.id));
  return images.map((image) => ({ ...image, label: isTaken(image) ? image.id : nameOfSet(image.id) }));
}
