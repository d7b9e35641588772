// Where a set goes: whether it may, and how a rescue system finds it again.

import { LifeboatError } from "#os/error";
import { fileInfo, realPath } from "#os/files";
import type { ByteText } from "../formats/tar-read.ts";
import type { MountedSystem } from "../machine/inspect-mounts.ts";
import { isOnTape, type ArchiveMedium } from "../media/archive-medium.ts";
import { isoFilesIn, isoSetsIn } from "../media/iso-sets.ts";
import { bytesOfText } from "../set/catalogue.ts";
import type { ImageSet } from "../set/image-manifest.ts";
import type { ArchiveRequest } from "./archive-to.ts";
import { below, joined, mountOf } from "./choose-mounts.ts";

export interface Store {
  /** The directory as the user named it, links resolved. */
  readonly path: string;
  /** Names of ISO images in it that hold sets. */
  readonly images: ReadonlySet<ByteText>;
}

/** A tape's is where volumes are kept until they are written. */
export async function checkedStore(medium: ArchiveMedium, request: Pick<ArchiveRequest, "include" | "image">): Promise<Store> {
  checkBootable(medium, request);
  const path = isOnTape(medium) ? medium.spool : medium.path;
  if ((await fileInfo(path))?.type !== "directory") {
    const what = isOnTape(medium) ? "spool volumes in" : "archive to";
    throw new LifeboatError(`Cannot ${what} "${path}" as the medium must be a directory that is there: it is not`, {
      hint: isOnTape(medium) ? "Make it, or name another with ?spool=" : "Make it, or mount the disk or share first",
    });
  }
  const real = await realPath(path);
  if (real === "/")
    throw new LifeboatError('Cannot archive to "/" as a store is a directory of its own: it is the whole machine', { exitCode: 2 });
  return { path: real, images: await setImagesIn(real) };
}

async function setImagesIn(store: string): Promise<ReadonlySet<ByteText>> {
  const sets = await isoSetsIn(await isoFilesIn(store));
  return new Set(sets.flatMap(({ discs }) => discs.map(({ iso }) => bytesOfText(iso.path.slice(store.length + 1)))));
}

/** What starts a machine needs one, and what starts it. */
function checkBootable({ kind }: ArchiveMedium, { include, image }: Pick<ArchiveRequest, "include" | "image">): void {
  if (kind !== "iso" && kind !== "obdr") return;
  const [what, other] = kind === "iso" ? ["an ISO", "into a directory"] : ["an OBDR tape", "to tape:/dev/nst0"];
  if (image === undefined) {
    throw new LifeboatError(`Cannot make ${what} as it needs a rescue image: none can be made in the rescue system`, {
      exitCode: 2,
      hint: `Archive ${other}; the medium of this rescue system brings the set back, with lifeboat.set=ID`,
    });
  }
  if (!include.includes("/")) {
    throw new LifeboatError(`Cannot make ${what} as it boots and rebuilds a machine: a set without / does neither`, {
      exitCode: 2,
      hint: `Archive files alone ${other}`,
    });
  }
}

/** Where a rescue system finds the set; undefined for one on its own medium. */
export function placeOfSet(medium: ArchiveMedium, store: Store, mounts: MountedSystem["mounts"]): ImageSet["store"] {
  if (medium.kind === "iso") return undefined;
  return isOnTape(medium) ? { uuid: undefined, path: "/", nfs: undefined, tape: medium.path } : storePlace(store, mounts);
}

/** Where a rescue system finds the store: the file system that holds it, and the way there. */
function storePlace(store: Store, mounts: MountedSystem["mounts"]): NonNullable<ImageSet["store"]> {
  const holding = mountOf(store.path, mounts);
  if (holding === undefined) return { uuid: undefined, path: store.path, nfs: undefined };
  const nfs = /^nfs4?$/.test(holding.fsType) ? holding.source : undefined;
  // What is mounted of a share is its root there.
  const way = below(store.path, holding.target);
  return { uuid: holding.uuid, path: nfs === undefined ? joined(holding.fsRoot, way) : way || "/", nfs };
}

/** What the agent brings up by itself are disks and NFS. */
export function unreachable(store: Store, mounts: MountedSystem["mounts"]): readonly string[] {
  const { fsType = "", source = "" } = mountOf(store.path, mounts) ?? {};
  if (!/^(?:cifs|smb3|fuse\.sshfs)$/.test(fsType)) return [];
  return [
    `boot/rescue.iso does not find a set on "${source}" by itself: start it with the words expert net, and there lifeboat restore with the URL of this medium`,
  ];
}
