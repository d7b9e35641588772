// Shares on the network as media: `nfs://`, `cifs://` and `ssh://` taken apart, and the commands that mount them. Pure.

import { LifeboatError } from "#os/error";

export interface ShareUrl {
  readonly scheme: "nfs" | "cifs" | "ssh";
  readonly user: string | undefined;
  readonly server: string;
  readonly port: string | undefined;
  /** Absolute: of an export, of a share with what is below it, or on the server. */
  readonly path: string;
  /** For the program that mounts it, as they were given. */
  readonly options: readonly string[];
}

export type ShareMode = "ro" | "rw";

const SHARE = /^(nfs|cifs|ssh):\/\/(?:([^@/?\s]*)@)?(\[[0-9A-Fa-f:.]+\]|[^@:/?\s[\]]+)(?::(\d{1,5}))?(\/[^?]*)?(?:\?options=(\S*))?$/s;

/** Undefined for what is none of these. Throws LifeboatError (2) for one that is not written as it should be. */
export function parseShareUrl(text: string): ShareUrl | undefined {
  if (!/^(?:nfs|cifs|ssh):/.test(text)) return undefined;
  const [, scheme, user, server, port, path = "/", options = ""] = SHARE.exec(text) ?? [];
  if (scheme === undefined || server === undefined) throw wrongShare(text, "it is not of that form");
  if (user?.includes(":") === true)
    throw wrongShare(text.replace(/:[^@:]*@/, ":…@"), "a password in it would be seen by everybody on this machine");
  if (scheme === "nfs" && user !== undefined) throw wrongShare(text, "NFS knows no users in it");
  const plain = path.replace(/\/+$/, "") || "/";
  if (scheme === "cifs" && plain === "/") throw wrongShare(text, "it names no share of the server");
  return {
    scheme: scheme as ShareUrl["scheme"],
    user: user === "" ? undefined : user,
    server,
    port,
    path: plain,
    options: options.split(",").filter((option) => option !== ""),
  };
}

const FORMS =
  "nfs://SERVER/EXPORT, cifs://USER@SERVER/SHARE/DIR?options=credentials=FILE or ssh://USER@HOST:PORT/DIR; what follows ?options= goes to the program that mounts it";

function wrongShare(text: string, state: string): LifeboatError {
  return new LifeboatError(`Cannot use the medium "${text}" as a share's URL has a server and a path: ${state}`, {
    exitCode: 2,
    hint: FORMS,
  });
}

/**
 * NFS is mounted hard, as is usual: a server that is away for a while is waited for. An SSH connection is given up when nothing has been
 * heard for two minutes. On CIFS files belong to root and are for root alone, whatever the server makes of them.
 */
export function mountShareCommand(
  { scheme, user, server, port, path, options }: ShareUrl,
  place: string,
  mode: ShareMode,
): readonly [string, ...string[]] {
  const joined = (own: readonly string[]) => [mode, ...own, ...options].join(",");
  switch (scheme) {
    case "nfs":
      return ["mount", "-t", "nfs", "-o", joined(port === undefined ? [] : [`port=${port}`]), `${server}:${path}`, place];
    case "cifs": {
      const login = user === undefined && !options.some((option) => /^(?:cred|user)/.test(option)) ? ["guest"] : [];
      const own = ["uid=0", "gid=0", "file_mode=0600", "dir_mode=0700", ...login];
      const named = [...(user === undefined ? [] : [`username=${user}`]), ...(port === undefined ? [] : [`port=${port}`])];
      return ["mount", "-t", "cifs", "-o", joined([...own, ...named]), `//${server}${path}`, place];
    }
    case "ssh": {
      const alive = ["ServerAliveInterval=15", "ServerAliveCountMax=8"];
      const where = `${user === undefined ? "" : `${user}@`}${server}:${path}`;
      return ["sshfs", ...(port === undefined ? [] : ["-p", port]), "-o", joined(alive), where, place];
    }
  }
}

/** Debian's names. */
export const SHARE_PACKAGES: Readonly<Record<ShareUrl["scheme"], string>> = { nfs: "nfs-common", cifs: "cifs-utils", ssh: "sshfs" };
