// A TFTP server as a medium: it knows no other way than to fetch a file whole.

import { LifeboatError } from "#os/error";
import { readText, removeFile } from "#os/files";
import type { Medium, RunCommand } from "./medium.ts";
import type { MediumUrl } from "./medium-url.ts";

export interface TftpOptions {
  readonly run: RunCommand;
  /** A file that may be made and is removed again. */
  readonly scratchPath: string;
}

export function openTftpMedium(url: MediumUrl & { scheme: "tftp" }, { run, scratchPath }: TftpOptions): Medium {
  const text = `tftp://${url.server}${url.path}`;
  const fetch = async (name: string, path: string) => {
    const remote = `${url.path === "/" ? "" : url.path}/${name}`.replace(/^\//, "");
    const [host = "", port] = url.server.split(":");
    const result = await run([
      "busybox",
      "tftp",
      "-g",
      "-b",
      BLOCK_BYTES,
      "-l",
      path,
      "-r",
      remote,
      host,
      ...(port === undefined ? [] : [port]),
    ]);
    return { ...result, remote };
  };
  return {
    url: text,
    description: text,
    localPath: () => undefined,
    readSmall: async (name) => {
      const got = await fetch(name, scratchPath);
      if (got.exitCode !== 0 && isAbsent(got.output)) return undefined;
      if (got.exitCode !== 0) throw failure(got.remote, url.server, got.output);
      const content = await readText(scratchPath);
      await removeFile(scratchPath);
      return content;
    },
    copyTo: async (name, path) => {
      const got = await fetch(name, path);
      if (got.exitCode !== 0) throw failure(got.remote, url.server, got.output);
    },
    close: async () => undefined,
  };
}

/** What fits an Ethernet frame beside the headers of IP, UDP and TFTP, with room for a tunnel's. */
const BLOCK_BYTES = "1432";

/** Error 1 is "file not found", 2 "access violation" (RFC 1350, appendix); some servers say 0 and a sentence. */
function isAbsent(output: string): boolean {
  return /server error: \(([12])\)|not found|no such file/i.test(output);
}

function failure(remote: string, server: string, output: string): LifeboatError {
  const state = output.replace(/^tftp: /, "").trim();
  return new LifeboatError(
    `Cannot read "${remote}" from "${server}" as its TFTP server must give it: ${state === "" ? "no answer" : state}`,
    {
      hint: "Check that the server runs and that no firewall stands between",
    },
  );
}
