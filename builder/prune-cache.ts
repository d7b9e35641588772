// Keeps the cache small: of each kind of piece the few that were used last.

import { fileInfo, listDirectory, removeFile, removeTree, touchFile } from "#os/files";

/** Of a kind: enough for a normal and a small image, each now and before. */
const KEPT = 4;
const PIECE = /^(?:(base|init|modules|tools|agent)-[0-9a-f]{32}\.(?:cpio|squashfs)|(modules)-[0-9a-f]{32}|(firmware)-[0-9a-f]{32}\.json)$/;
/** Where fetched packages are unpacked (package-cache.ts). */
const PACKAGES = "packages";
/** What a build left that was cut off; a day is longer than any build. */
const UNFINISHED = /\.part-[0-9a-f]+$/;
const DAY_NS = 86_400_000_000_000n;

/** Whether a build has made what has this name in a cache: its directory may hold other things too. */
export function isCacheName(name: string): boolean {
  return name === PACKAGES || PIECE.test(name.replace(/\.b2$/, "")) || UNFINISHED.test(name);
}

/** Marks pieces as used now, so that they are the last to go. */
export async function markUsed(paths: readonly string[]): Promise<void> {
  for (const path of paths) await touchFile(path);
}

/** Removes the pieces that were used longest ago. What other programs put into the directory stays. */
export async function pruneCache(cacheDirectory: string, nowMs = Date.now()): Promise<void> {
  for (const name of (await listDirectory(cacheDirectory)).filter((candidate) => UNFINISHED.test(candidate))) {
    const path = `${cacheDirectory}/${name}`;
    const changedNs = BigInt((await fileInfo(path))?.mtimeNs ?? "0");
    if (BigInt(nowMs) * 1_000_000n - changedNs > DAY_NS) await removeTree(path);
  }
  const pieces = (await listDirectory(cacheDirectory)).flatMap((name) => {
    const [whole, piece, directory, list] = PIECE.exec(name) ?? [];
    const kind = piece ?? (directory === undefined ? list : "modules-directory");
    return whole === undefined || kind === undefined ? [] : [{ kind, path: `${cacheDirectory}/${name}` }];
  });
  const stamped = await Promise.all(
    pieces.map(async (piece) => ({ ...piece, usedNs: BigInt((await fileInfo(piece.path))?.mtimeNs ?? "0") })),
  );
  for (const kind of new Set(stamped.map((piece) => piece.kind))) {
    const ofKind = stamped.filter((piece) => piece.kind === kind).sort((a, b) => (a.usedNs < b.usedNs ? 1 : -1));
    for (const { path } of ofKind.slice(KEPT)) {
      await removeTree(path);
      await removeFile(`${path}.b2`);
    }
  }
}
