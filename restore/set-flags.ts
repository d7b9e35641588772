// Sets inode flags as the catalogue has them; the last thing that is done to a file, as some forbid all that follows.

import { bytesOf } from "#os/byte-paths";
import { startPiped } from "#os/exec";
import type { ByteText } from "../formats/tar-read.ts";
import { prefixOf, type CatalogueEntry } from "../set/catalogue.ts";
import { startFlagReader } from "../set/flag-reader.ts";
import { realPlaces } from "./real-places.ts";

/** What chattr refuses is found by the check that follows. */
export async function setFlags(
  root: string,
  entries: AsyncIterable<CatalogueEntry>,
  isLeftOut: (path: ByteText) => boolean,
): Promise<void> {
  const byFlags = new Map<string, ByteText[]>();
  for await (const { path, flags } of entries) {
    if (flags === "" || isLeftOut(path)) continue;
    const names = byFlags.get(flags) ?? [];
    names.push(path);
    byFlags.set(flags, names);
  }
  for (const [flags, names] of byFlags)
    await changeFlags(`+${flags}`, root, flags === COMPRESSED ? await uncompressed(root, names) : names);
}

const COMPRESSED = "c";

/**
 * On btrfs the attribute `btrfs.compression`, which tar has set, makes this flag and names the algorithm; to set the flag as well makes zlib
 * of each (btrfs_ioctl_setflags).
 */
async function uncompressed(root: string, names: readonly ByteText[]): Promise<readonly ByteText[]> {
  const prefix = prefixOf(root);
  await using reader = startFlagReader();
  for (const name of names) {
    reader.ask(prefix + name);
    await reader.room();
  }
  const flags = await reader.finish();
  return names.filter((name) => flags.get(prefix + name)?.includes(COMPRESSED) !== true);
}

/** Those that forbid all that follows: a restore that is gone on with may find them set. */
export async function clearLocks(root: string, entries: AsyncIterable<CatalogueEntry>): Promise<void> {
  const locked: ByteText[] = [];
  for await (const { path, flags } of entries) if (/[ia]/.test(flags)) locked.push(path);
  if (locked.length > 0) await changeFlags("-ia", root, locked);
}

async function changeFlags(change: string, root: string, names: readonly ByteText[]): Promise<void> {
  const prefix = prefixOf(root);
  const real = names.filter(realPlaces(root));
  await using chattr = startPiped(["xargs", "-0", "chattr", "-f", change]);
  const drained = drain(chattr.output);
  await chattr.write(bytesOf(real.map((name) => `${prefix}${name}\0`).join("")));
  chattr.endInput();
  await drained;
  await chattr.ended;
}

async function drain(output: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of output) continue;
}
