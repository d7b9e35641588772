// An NFS export as a medium, mounted read-only.

import { LifeboatError } from "#os/error";
import { makeDirectory } from "#os/files";
import { mountedMedium, type Medium, type RunCommand } from "./medium.ts";
import type { MediumUrl } from "./medium-url.ts";

export interface NfsOptions {
  readonly run: RunCommand;
  readonly mountPoint: string;
  readonly needFileSystem: (kernelName: string) => Promise<void>;
  /** MondoRescue's `nfsopt=`. */
  readonly nfsOptions?: string | undefined;
}

export interface NfsVersion {
  readonly name: string;
  /** The module that speaks it. */
  readonly fileSystem: string;
  readonly options: string;
}

/** Mounts an export: version 4.2 first, then what older servers know. */
export async function openNfsMedium(url: MediumUrl & { scheme: "nfs" }, options: NfsOptions): Promise<Medium> {
  const { run, mountPoint, nfsOptions } = options;
  await makeDirectory(mountPoint);
  const address = await addressOf(url.server, run);
  await knock(address, { port: portOf(nfsOptions), run });
  const source = `${url.server}:${url.path}`;
  const name = `nfs://${url.server}${url.path}`;
  const failures: { readonly version: string; readonly reason: string }[] = [];
  for (const version of nfsVersions(address, nfsOptions)) {
    // A server that knew a version 4 and refused says the same to the others of its kind.
    if (version.name !== "3" && failures.some(({ reason }) => !UNKNOWN_VERSION.test(reason))) continue;
    await options.needFileSystem(version.fileSystem);
    const mounted = await run(["busybox", "mount", "-t", "nfs", "-o", version.options, source, mountPoint]);
    if (mounted.exitCode === 0) return mountedMedium({ url: name, description: name }, mountPoint, run);
    failures.push({ version: version.name, reason: mounted.output.replace(/^.* failed: /, "") });
  }
  const state = failures.map(({ version, reason }) => `version ${version}: ${reason}`).join("; ");
  throw new LifeboatError(`Cannot mount "${source}" as the NFS server must export it: ${state}`, {
    hint: "Check the path, and that the export is permitted for this machine's address",
  });
}

const UNKNOWN_VERSION = /not supported|Invalid argument/;

/**
 * What to try, in this order. Busybox has no mount.nfs, so the kernel gets its options whole: the address, and for version 3
 * no lock daemon. Options given by the user come last, where they win.
 */
export function nfsVersions(address: string, extra: string | undefined): readonly NfsVersion[] {
  const given = (extra ?? "").split(",").filter((word) => word !== "");
  const common = ["ro", `addr=${address}`, "proto=tcp", "soft", "timeo=100"];
  const version = (name: string, fileSystem: string, own: readonly string[]): NfsVersion => ({
    name,
    fileSystem,
    options: [`vers=${name}`, ...own, ...common, ...given.filter((word) => !VERSION_WORD.test(word))].join(","),
  });
  const all = [
    version("4.2", "nfsv4", []),
    version("4.1", "nfsv4", []),
    version("4.0", "nfsv4", []),
    version("3", "nfsv3", ["nolock", "mountproto=tcp"]),
  ];
  const named = given.map((word) => VERSION_WORD.exec(word)?.[1]).find((word) => word !== undefined);
  const wanted = all.filter(({ name }) => named === undefined || name === named || name.startsWith(`${named}.`));
  return wanted.length === 0 ? all : wanted;
}

const VERSION_WORD = /^(?:(?:nfs)?vers=|v)([\d.]+)$/;

function portOf(extra: string | undefined): string {
  return /(?:^|,)port=(\d+)/.exec(extra ?? "")?.[1] ?? "2049";
}

/** The kernel tries a server that is not there for minutes; a plain connection tells in seconds. */
async function knock(address: string, { port, run }: { readonly port: string; readonly run: RunCommand }): Promise<void> {
  const result = await run(["busybox", "nc", "-w", "10", address, port, "-e", "true"]);
  if (result.exitCode === 0) return;
  const state = result.output.replace(/^nc: /, "").trim();
  throw new LifeboatError(
    `Cannot reach the NFS server "${address}" as it must answer on port ${port}: ${state === "" ? "no answer" : state}`,
    {
      hint: "Check that the server runs, the cable, and the address given by ipconf= or DHCP",
    },
  );
}

/** The kernel knows no names. */
async function addressOf(server: string, run: RunCommand): Promise<string> {
  if (/^[\d.]+$/.test(server)) return server;
  const result = await run(["busybox", "nslookup", server]);
  const address = addressInAnswer(result.output);
  if (address !== undefined) return address;
  throw new LifeboatError(
    `Cannot reach the NFS server "${server}" as its name must have an address: ${result.output.split("\n").pop() ?? ""}`,
    {
      hint: "Give the server's address instead of its name",
    },
  );
}

/** The first IPv4 address after the answer's name; what stands before is the name server's own. */
export function addressInAnswer(text: string): string | undefined {
  const at = text.search(/^Name:/m);
  return at < 0 ? undefined : /^Address(?: \d+)?:\s*(\d+\.\d+\.\d+\.\d+)(?:\s|$)/m.exec(text.slice(at))?.[1];
}
