// Files that btrfs writes in place (chattr(1), "C"): only an empty file can be made one, so what has come otherwise is written once more.

import { bytesOf, infoRaw } from "#os/byte-paths";
import { startPiped } from "#os/exec";
import type { ByteText } from "../formats/tar-read.ts";
import { prefixOf, type CatalogueEntry } from "../set/catalogue.ts";
import { directoryOf } from "./link-nodes.ts";
import { realPlaces } from "./real-places.ts";

/**
 * For each name: where the file system knows the flag, the content goes aside, which costs no room as blocks are shared, the emptied file gets the
 * flag, and the content comes back into the same inode, with its times and capabilities. If it cannot, the copy takes its name.
 * What has become of it, the check that follows tells. A shell that is busybox would run its own cp, which keeps less, whatever the search path says.
 */
const SCRIPT = `
program() {
  (IFS=:; for directory in $PATH; do if [ -x "$directory/$1" ]; then echo "$directory/$1"; break; fi; done)
}
cp=$(program cp) chattr=$(program chattr) lsattr=$(program lsattr)
for file; do
  case "$("$lsattr" -d -- "$file" 2>/dev/null | cut -c 1-22)" in *C*) continue ;; esac
  aside=$(mktemp -d "$\{file%/*}/.lifeboat-XXXXXX") || continue
  if : >"$aside/new" && "$chattr" +C "$aside/new" 2>/dev/null && "$cp" -a --reflink=auto "$file" "$aside/copy"; then
    { : >"$file" && "$chattr" +C "$file" && "$cp" --reflink=never --preserve=mode,ownership,timestamps,xattr "$aside/copy" "$file"; } ||
      mv -f "$aside/copy" "$file"
  fi
  rm -rf "$aside"
done
`;

/** Returns the directories in which it has made and removed names: their times have changed. */
export async function writeInPlace(
  root: string,
  entries: AsyncIterable<CatalogueEntry> | Iterable<CatalogueEntry>,
): Promise<ReadonlySet<ByteText>> {
  const prefix = prefixOf(root);
  const isReal = realPlaces(root);
  const files: ByteText[] = [];
  for await (const { path, type, flags, sizeBytes } of entries) {
    if (type !== "file" || !flags.includes("C") || sizeBytes === 0) continue;
    if (isReal(path) && infoRaw(prefix + path)?.type === "file") files.push(path);
  }
  if (files.length > 0) await runScript(files.map((path) => prefix + path));
  return new Set(files.map(directoryOf));
}

async function runScript(paths: readonly ByteText[]): Promise<void> {
  await using shell = startPiped(["xargs", "-0", "sh", "-c", SCRIPT, "sh"]);
  const drained = (async () => {
    for await (const _ of shell.output) continue;
  })();
  await shell.write(bytesOf(paths.map((path) => `${path}\0`).join("")));
  shell.endInput();
  await drained;
  await shell.ended;
}
