// The Debian guests of the round-trip tests: made when first asked for, kept under a digest of their recipe.

import { join } from "node:path";
import { digestOf } from "#os/digest";
import { exists, fileInfo, listDirectory, makeDirectory, makeTemporaryDirectory, moveIntoPlace, readText, removeTree } from "#os/files";
import { basePackages, makeBaseTree } from "./base-tree.ts";
import { finishInFirstBoot, firstBootCommands } from "./first-boot.ts";
import { makeGuestDisk } from "./guest-disk.ts";
import {
  BOOT_PACKAGES,
  DISKS,
  firmwareOf,
  fstab,
  LEFT_OUT,
  LOGIN,
  oddDirectories,
  PACKAGES,
  partitionScript,
  type GuestDisk,
  type GuestKind,
} from "./recipe.ts";

/** To be raised when the code here makes another guest from the same recipe. */
const VERSION = 1;

export interface Guest {
  readonly kind: GuestKind;
  readonly hostname: string;
  /** Raw and sparse; all scenarios share it, so machines get a copy or an overlay. */
  readonly image: string;
  /** What the firmware keeps once the boot loader is installed; machines get a copy. */
  readonly uefiVariables: string | undefined;
  readonly login: { readonly user: string; readonly password: string };
  readonly kernelRelease: string;
  readonly disk: GuestDisk;
}

/** `directory` is the cache; it holds the latest two versions of each guest. */
export function guestMaker(directory: string): (kind: GuestKind) => Promise<Guest> {
  const made = new Map<GuestKind, Promise<Guest>>();
  return (kind) => {
    const guest = made.get(kind) ?? makeGuest(kind, directory);
    made.set(kind, guest);
    return guest;
  };
}

export function hostnameOf(kind: GuestKind): string {
  return `boat-${kind}`;
}

async function makeGuest(kind: GuestKind, directory: string): Promise<Guest> {
  const base = await baseTree(directory);
  const place = await kept({ directory, name: kind, digest: await guestDigest(kind) }, async (into) => {
    const image = join(into, "disk.img");
    await makeGuestDisk({ kind, base, image, hostname: hostnameOf(kind), workDirectory: into });
    await finishInFirstBoot({ kind, base, image, hostname: hostnameOf(kind), workDirectory: into });
  });
  const variables = join(place, "uefi-variables.fd");
  return {
    kind,
    hostname: hostnameOf(kind),
    image: join(place, "disk.img"),
    uefiVariables: firmwareOf(kind) === "uefi" ? variables : undefined,
    login: LOGIN,
    kernelRelease: (await readText(join(base, "release"))).trim(),
    disk: DISKS[kind],
  };
}

async function baseTree(directory: string): Promise<string> {
  return kept({ directory, name: "base", digest: await baseDigest() }, makeBaseTree);
}

async function baseDigest(): Promise<string> {
  const recipe = [VERSION, PACKAGES, await basePackages(), LEFT_OUT, BOOT_PACKAGES, LOGIN];
  return digestOf(JSON.stringify(recipe), await ownFile("prepare-root.sh"));
}

async function guestDigest(kind: GuestKind): Promise<string> {
  const recipe = [
    VERSION,
    await baseDigest(),
    DISKS[kind],
    partitionScript(DISKS[kind]),
    fstab(kind),
    oddDirectories(kind),
    firstBootCommands(kind),
  ];
  return digestOf(JSON.stringify(recipe), await ownFile("populate.sh"), await ownFile("odd-files.pl"));
}

function ownFile(name: string): Promise<string> {
  return readText(join(import.meta.dirname, name));
}

interface Kept {
  readonly directory: string;
  readonly name: string;
  readonly digest: string;
}

/** The directory that `make` filled, now or earlier; it appears whole or not at all. */
export async function kept({ directory, name, digest }: Kept, make: (into: string) => Promise<void>): Promise<string> {
  const place = join(directory, `${name}-${digest.slice(0, 16)}`);
  if (await exists(place)) return place;
  await makeDirectory(directory);
  await using work = await makeTemporaryDirectory(`unfinished-${name}-`, directory);
  const tree = join(work.path, "tree");
  await makeDirectory(tree);
  const startedMs = performance.now();
  await make(tree);
  // Another run may have been quicker; its work is as good.
  if (await exists(place)) return place;
  await removeOld(directory, name);
  await moveIntoPlace(tree, place);
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(`  made the guests' ${name} in ${seconds} s${await sizeNote(place)}`);
  return place;
}

/** The latest version stays: another run may be using it. */
async function removeOld(directory: string, name: string): Promise<void> {
  const versions = (await listDirectory(directory)).filter((other) => other.startsWith(`${name}-`)).map((other) => join(directory, other));
  const ages = await Promise.all(versions.map(async (path) => ({ path, changed: BigInt((await fileInfo(path))?.mtimeNs ?? 0) })));
  const old = ages.sort((a, b) => (a.changed < b.changed ? 1 : -1)).slice(1);
  for (const { path } of old) await removeTree(path);
}

async function sizeNote(place: string): Promise<string> {
  const tar = await fileInfo(join(place, "root.tar"));
  return tar === undefined ? "" : `, ${Math.round(tar.sizeBytes / (1 << 20))} MiB of files`;
}
