// For tests: a piece of /sys as a list of files and links, made in a directory of its own.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Path to content; a link is written `-> TARGET`. */
export type SysTree = Readonly<Record<string, string | Uint8Array>>;

/** A directory that stands for /sys while `look` looks at it. */
export function withSysTree<T>(tree: SysTree, look: (root: string) => T): T {
  const root = mkdtempSync(join(tmpdir(), "lifeboat-sysfs-"));
  try {
    for (const [path, content] of Object.entries(tree)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      const target = typeof content === "string" ? /^-> (.*)$/.exec(content)?.[1] : undefined;
      if (target === undefined) writeFileSync(join(root, path), content);
      else symlinkSync(target, join(root, path));
    }
    return look(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}
