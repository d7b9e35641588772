// HTTP, NFS and TFTP as media.

import { LifeboatError } from "#os/error";
import { makeDirectory, writeChunks } from "#os/files";
import { httpGet } from "#os/http";
import { mountedMedium, type Medium, type RunCommand } from "./medium.ts";
import type { MediumUrl } from "./medium-url.ts";

export interface NfsOptions {
  readonly run: RunCommand;
  readonly mountPoint: string;
  readonly needFileSystem: (kernelName: string) => Promise<void>;
  /** MondoRescue's `nfsopt=`. */
  readonly nfsOptions?: string | undefined;
}

export function openHttpMedium(url: string): Medium {
  return {
    url,
    description: url,
    localPath: () => undefined,
    copyTo: (name, path) => writeChunks(path, httpGet(`${url}/${name}`)),
    close: async () => undefined,
  };
}

/** Mounts an export read-only: version 4.2 first, then what older servers know. */
export async function openNfsMedium(url: MediumUrl & { scheme: "nfs" }, options: NfsOptions): Promise<Medium> {
  await makeDirectory(options.mountPoint);
  const source = `${url.server}:${url.path}`;
  const name = { url: `nfs://${url.server}${url.path}`, description: `nfs://${url.server}${url.path}` };
  const failures: string[] = [];
  for (const version of nfsVersions(url.server, options.nfsOptions)) {
    await options.needFileSystem(version.fileSystem);
    const mounted = await options.run(["busybox", "mount", "-t", "nfs", "-o", version.options, source, options.mountPoint]);
    if (mounted.exitCode === 0) return mountedMedium(name, options.mountPoint, options.run);
    failures.push(mounted.output.replace(/^mount: /, ""));
  }
  throw new LifeboatError(`Cannot mount "${source}" as the NFS server must export it: ${failures.join("; ")}`, {
    hint: "Check the export, its permissions for this address, and the network cable",
  });
}

/** Busybox has no mount.nfs, so the kernel gets its options whole: the address, and for version 3 no lock daemon. */
function nfsVersions(server: string, extra: string | undefined): readonly { fileSystem: string; options: string }[] {
  const common = ["ro", `addr=${server}`, "proto=tcp", "soft", "timeo=100", ...(extra === undefined || extra === "" ? [] : [extra])];
  const named = /(?:^|,)(?:nfs)?vers=(\d)/.exec(extra ?? "")?.[1];
  const version4 = { fileSystem: "nfsv4", options: ["vers=4.2", ...common].join(",") };
  const version40 = { fileSystem: "nfsv4", options: ["vers=4.0", ...common].join(",") };
  const version3 = { fileSystem: "nfsv3", options: ["vers=3", "nolock", "mountproto=tcp", ...common].join(",") };
  if (named === "3") return [version3];
  return named === "4" ? [version4, version40] : [version4, version40, version3];
}

/** TFTP knows no other way than to fetch a file whole. */
export function openTftpMedium(url: MediumUrl & { scheme: "tftp" }, run: RunCommand): Medium {
  const text = `tftp://${url.server}${url.path}`;
  return {
    url: text,
    description: text,
    localPath: () => undefined,
    copyTo: async (name, path) => {
      const remote = `${url.path === "/" ? "" : url.path}/${name}`.replace(/^\//, "");
      const got = await run(["busybox", "tftp", "-g", "-b", "1432", "-l", path, "-r", remote, url.server]);
      if (got.exitCode !== 0) {
        throw new LifeboatError(`Cannot read "${remote}" from "${url.server}" as its TFTP server must give it: ${got.output}`);
      }
    },
    close: async () => undefined,
  };
}
