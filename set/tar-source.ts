// GNU tar as the reader of trees: names go in, a pax stream comes out (DESIGN section 5).

import { startBulk, type Command } from "#os/exec";
import { LifeboatError } from "#os/error";
import { isRoot } from "#os/user";
import { readTarMessages, type TarMessages } from "./tar-messages.ts";

/**
 * Extended attributes carry ACLs (as `system.posix_acl_*`, with numbers for users) and SELinux labels, so tar's options
 * for these are not needed. Times of access are kept as they are, and not stored; only root may open any file so (open(2), O_NOATIME).
 */
function tarCommand(namesPath: string, root: string, links: LinkMode): Command {
  const format = ["--format=posix", "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime"];
  const metadata = ["--xattrs", "--xattrs-include=*", "--numeric-owner", "--sparse"];
  const access = isRoot() ? ["--atime-preserve=system"] : [];
  const names = ["--no-recursion", "--null", "--verbatim-files-from", `--directory=${root}`, `--files-from=${namesPath}`];
  const output = ["--file=-", "--blocking-factor=128", "--quoting-style=escape", "--warning=no-timestamp"];
  const dereference = links === "each by itself" ? ["--hard-dereference"] : [];
  return ["tar", "--create", ...dereference, ...format, ...metadata, ...access, ...output, ...names];
}

export interface TarSource extends AsyncDisposable {
  /** Each piece is valid until the next one is asked for. */
  readonly output: AsyncIterable<Uint8Array>;
  /** To be called when `output` has ended. Throws LifeboatError when tar failed as a whole. */
  finish(): Promise<TarMessages>;
}

/** Names of one file are links of each other, or each a file. */
export type LinkMode = "linked" | "each by itself";

/** Reads the files named in the file `namesPath` (see names-file.ts), in that order. */
export async function startTarSource(namesPath: string, root = "/", links: LinkMode = "linked"): Promise<TarSource> {
  const tar = await startBulk(tarCommand(namesPath, root, links));
  return {
    output: tar.output,
    async finish() {
      const { exitCode, stderr } = await tar.ended;
      const messages = readTarMessages(stderr);
      // 1: files changed. 2: some could not be read, or tar failed as a whole; then it says something else too.
      const isKnown = exitCode === 0 || exitCode === 1 || (exitCode === 2 && messages.unreadable.length + messages.changed.length > 0);
      if (isKnown && messages.fatal.length === 0) return messages;
      const state = messages.fatal.slice(-3).join(" | ") || `exit code ${exitCode ?? "none"}`;
      throw new LifeboatError(`Cannot read the files as GNU tar must give them: ${state}`, {
        hint: "Lifeboat needs GNU tar 1.29 or later",
      });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(tar[Symbol.asyncDispose]()),
  };
}
