// The first walk: the list of names for tar, and how much there is, counted as tar will read it.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "#os/exec";
import { scanTree } from "./scan-tree.ts";
import { walkTree } from "./walk-tree.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-scan-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

test("scanTree() writes every name once, and counts no holes and no further names", async () => {
  const tree = join(scratch, "tree");
  mkdirSync(tree);
  const script = `head -c 10000 /dev/urandom > a; ln a b; truncate -s 1G hole; printf x > small; ln -s a link; touch "$(printf '\\377\\nx')"; mkfifo pipe; ln pipe pipe2; mkfifo single
    mkdir many; cd many; seq -f %0100.0f 3000 | xargs touch`;
  await run(["sh", "-c", script], { cwd: tree });
  const walk = { root: tree, include: ["/"], exclude: () => false, closedMounts: new Set<string>(), skipped: assert.fail };
  const namesPath = join(scratch, "names");
  const { paths, contentBytes, sameNodes } = await scanTree(walkTree(walk), { namesPath, root: tree });
  assert.deepEqual([paths, contentBytes, sameNodes], [3011, 10_001, new Map([["/pipe2", "/pipe"]])]);
  const names = readFileSync(namesPath, "latin1").split("\0");
  assert.deepEqual([names.length, names.at(-1)], [3012, ""]);
  assert.deepEqual(
    names.filter((name) => !name.startsWith("many/")),
    [".", "a", "b", "hole", "link", "many", "pipe", "pipe2", "single", "small", "\xff\nx", ""],
  );
});
