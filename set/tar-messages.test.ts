// What GNU tar says, in its own words, sorted into what changed, what could not be read, and failures of tar itself.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { run } from "#os/exec";
import { readTarMessages, type TarMessages } from "./tar-messages.ts";

const scratch = mkdtempSync(join(tmpdir(), "lifeboat-messages-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const changed = (path: string, what: string): TarMessages => ({ changed: [{ path, what }], unreadable: [], fatal: [] });
const unreadable = (path: string, what: string): TarMessages => ({ changed: [], unreadable: [{ path, what }], fatal: [] });
const fatal = (text: string): TarMessages => ({ changed: [], unreadable: [], fatal: [text] });
const NOTHING: TarMessages = { changed: [], unreadable: [], fatal: [] };
const REMOVED = "it was removed before it was read";

/** As GNU tar 1.34's sources have them, in the C locale with --quoting-style=escape. */
const LINES: readonly (readonly [line: string, expected: TarMessages])[] = [
  ["tar: a: file changed as we read it", changed("/a", "it changed while it was read")],
  ["tar: .: file changed as we read it", changed("/", "it changed while it was read")],
  ["tar: a: File shrank by 1 byte; padding with zeros", changed("/a", "it shrank while it was read; zeros stand for its end")],
  ["tar: a: File shrank by 4096 bytes; padding with zeros", changed("/a", "it shrank while it was read; zeros stand for its end")],
  ["tar: a: File removed before we read it", changed("/a", REMOVED)],
  ["tar: a: Cannot stat: No such file or directory", changed("/a", REMOVED)],
  ["tar: a: Cannot open: No such file or directory", changed("/a", REMOVED)],
  ["tar: a: Cannot readlink: No such file or directory", changed("/a", REMOVED)],
  ["tar: a: Warning: Cannot llistxattrat: No such file or directory", changed("/a", REMOVED)],
  ["tar: a: socket ignored", changed("/a", "it became a socket before it was read")],
  ["tar: a: Cannot open: Permission denied", unreadable("/a", "Cannot open: Permission denied")],
  ["tar: a: Cannot savedir: Input/output error", unreadable("/a", "Cannot savedir: Input/output error")],
  ["tar: a: Warning: Cannot flistxattr: Input/output error", unreadable("/a", "Cannot flistxattr: Input/output error")],
  [
    "tar: a: Read error at byte 0, while reading 512 bytes: Input/output error",
    unreadable("/a", "Read error at byte 0, while reading 512 bytes: Input/output error"),
  ],
  ["tar: a: Cannot stat: Not a directory", changed("/a", REMOVED)],
  [
    "tar: x: Cannot open: No such file or directory: Cannot open: Permission denied",
    unreadable("/x: Cannot open: No such file or directory", "Cannot open: Permission denied"),
  ],
  [
    "tar: M\\303\\274ller/\\377\\n\\\\n: file changed as we read it",
    changed("/M\\303\\274ller/\\377\\012\\134n", "it changed while it was read"),
  ],
  ["tar: M\\303\\274ller: file changed as we read it", changed("/Müller", "it changed while it was read")],
  ["tar: a: implausibly old time stamp 1900-01-01", NOTHING],
  ["tar: Exiting with failure status due to previous errors", NOTHING],
  ["tar: Error is not recoverable: exiting now", fatal("Error is not recoverable: exiting now")],
  ["tar: unrecognized option '--xattrs'", fatal("unrecognized option '--xattrs'")],
  ["Segmentation fault", fatal("Segmentation fault")],
  ["no such program on the path: tar", fatal("no such program on the path: tar")],
];

describe("readTarMessages()", () => {
  for (const [line, expected] of LINES) test(`knows ${line}`, () => assert.deepEqual(readTarMessages(`${line}\n`), expected));
});

test("readTarMessages() knows tar's own words for names of any kind", async () => {
  const odd = "ä \\101\t'\"*?[x]";
  writeFileSync(join(scratch, "names"), Buffer.from(["gone", odd, "new\nline", "-x"].join("\0")));
  const options = ["--create", "--file=-", "--quoting-style=escape", "--no-recursion", "--null", "--verbatim-files-from"];
  const { stderr } = await run(["tar", ...options, `--directory=${scratch}`, `--files-from=${join(scratch, "names")}`], { okCodes: [2] });
  const paths = ["/gone", "/ä \\\\101\\t'\"*?[x]", "/new\\nline", "/-x"];
  assert.deepEqual(readTarMessages(stderr), { ...NOTHING, changed: paths.map((path) => ({ path, what: REMOVED })) });
});
