import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run, start, type RunningProcess } from "#os/exec";
import { startWorkerShell } from "#os/worker-shell";
import { requireImage } from "./image-medium.ts";
import { openTftpMedium } from "./tftp-medium.ts";

/** The port of TFTP is fixed, so the server has an address of its own. */
const SERVER = "127.0.69.1";

const root = mkdtempSync(join(tmpdir(), "lifeboat-tftp-"));
const shell = startWorkerShell();
let server: RunningProcess | undefined;
const skip = process.getuid?.() === 0 ? false : "port 69 needs root";

before(async () => {
  if (skip !== false) return;
  mkdirSync(join(root, "tree/lifeboat"), { recursive: true });
  writeFileSync(join(root, "tree/lifeboat/build-id"), "abc\n");
  writeFileSync(join(root, "tree/lifeboat/tools.squashfs"), new Uint8Array(100_000).fill(7));
  await run(["chmod", "-R", "a+rX", root]);
  const words = ["--port=0", "--enable-tftp", `--tftp-root=${root}/tree`, `--listen-address=${SERVER}`, "--bind-interfaces"];
  server = start(["setpriv", "--pdeathsig", "KILL", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", ...words]);
  await new Promise((resolve) => setTimeout(resolve, 500));
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await shell[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

const mediumAt = (address: string, path = "/") =>
  openTftpMedium({ scheme: "tftp", server: address, path }, { run: shell.run, scratchPath: join(root, "scratch") });

test("a TFTP server is a medium, by the directory above lifeboat/ and by lifeboat/ itself", { skip }, async () => {
  for (const path of ["/", "/lifeboat"]) {
    const medium = await requireImage(mediumAt(SERVER, path), "abc");
    const copy = join(root, "copy");
    await medium.copyTo("lifeboat/tools.squashfs", copy);
    assert.deepEqual(await readFile(copy), await readFile(join(root, "tree/lifeboat/tools.squashfs")));
    await assert.rejects(medium.copyTo("lifeboat/missing", copy), /Cannot read "lifeboat\/missing|Cannot read "missing/);
  }
});

test("readSmall() knows a missing file from a server that is not there", { skip }, async () => {
  assert.equal(await mediumAt(SERVER).readSmall("missing"), undefined);
  await assert.rejects(mediumAt("127.0.69.2").readSmall("missing"), {
    message: /^Cannot read "missing" from "127\.0\.69\.2" as its TFTP server must give it: \S/,
  });
});
