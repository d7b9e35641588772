// Sets inode flags as the catalogue has them; the last thing that is done to a file, as some forbid all that follows.

import { bytesOf } from "#os/byte-paths";
import { startPiped } from "#os/exec";
import type { ByteText } from "../formats/tar-read.ts";
import { bytesOfText, type CatalogueEntry } from "../set/catalogue.ts";

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
  const prefix = root === "/" ? "" : bytesOfText(root);
  for (const [flags, names] of byFlags) {
    await using chattr = startPiped(["xargs", "-0", "chattr", "-f", `+${flags}`]);
    const drained = drain(chattr.output);
    await chattr.write(bytesOf(names.map((name) => `${prefix}${name}\0`).join("")));
    chattr.endInput();
    await drained;
    await chattr.ended;
  }
}

async function drain(output: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of output) continue;
}
