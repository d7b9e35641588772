// An NFS server for guests: nfs-ganesha in user space, since test machines' kernels have none; on loopback, on ports of its own.

import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { start, type RunningProcess } from "#os/exec";
import { makeDirectory, readTextIfThere, writeFile } from "#os/files";
import { freePort } from "./free-port.ts";

export interface NfsServer extends AsyncDisposable {
  readonly port: number;
  /** For version 3, where the kernel asks where the export may be mounted. */
  readonly mountPort: number;
}

export interface NfsServerOptions {
  /** On a file system that knows file handles, such as ext4. */
  readonly directory: string;
  /** Where configuration and log are kept. */
  readonly workDirectory: string;
  readonly version: 3 | 4;
  /** What clients mount; /export unless given. */
  readonly name?: string;
  /** NFS's own, 2049, where the client is not told any other; a free one unless given. */
  readonly port?: number;
}

const START_LIMIT_MS = 30_000;
const RPCBIND_SOCKET = "/run/rpcbind.sock";

/** Exports `directory` read-only under its name in version 4, under both paths in version 3. */
export async function serveNfs(options: NfsServerOptions): Promise<NfsServer> {
  await using setUp = new AsyncDisposableStack();
  for (const path of ["/var/run/ganesha", "/var/lib/nfs/ganesha", options.workDirectory]) await makeDirectory(path);
  const ports = { port: options.port ?? (await freePort()), mountPort: await freePort() };
  // Version 3 is registered with rpcbind or not served at all; one that runs already will do. Ours has a network of its own,
  // so that it is no server to anybody: registrations come through its socket, and guests are told the ports.
  if (options.version === 3 && !(await answers(RPCBIND_SOCKET))) {
    setUp.use(gently(start(["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "rpcbind", "-f"])));
    await waitFor("rpcbind", () => answers(RPCBIND_SOCKET));
  }
  const path = (name: string) => join(options.workDirectory, name);
  await writeFile(path("ganesha.conf"), configuration(options, ports));
  const words = ["ganesha.nfsd", "-F", "-L", path("ganesha.log"), "-f", path("ganesha.conf"), "-p", path("ganesha.pid"), "-N", "NIV_EVENT"];
  setUp.use(gently(start(["setpriv", "--pdeathsig", "KILL", ...words])));
  await waitFor(`nfs-ganesha, see ${path("ganesha.log")},`, async () => {
    return /NFS SERVER INITIALIZED/.test((await readTextIfThere(path("ganesha.log"))) ?? "") && (await answers(ports.port));
  });
  const resources = setUp.move();
  return { ...ports, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

function configuration(
  { directory, version, name = "/export" }: NfsServerOptions,
  { port, mountPort }: { readonly port: number; readonly mountPort: number },
) {
  // Dir_Chunk: listings are stale otherwise when files change behind the server's back.
  return `NFS_CORE_PARAM { Protocols = ${version}; NFS_Port = ${port}; MNT_Port = ${mountPort}; Bind_addr = 127.0.0.1;
  Enable_NLM = false; Enable_RQUOTA = false; mount_path_pseudo = true; }
NFSV4 { Graceless = true; RecoveryBackend = fs; Minor_Versions = 0,1,2; Only_Numeric_Owners = true; }
MDCACHE { Dir_Chunk = 0; }
EXPORT { Export_Id = 1; Path = ${directory}; Pseudo = ${name}; Access_Type = RO; Squash = No_Root_Squash; SecType = sys;
  Protocols = ${version}; Transports = TCP; FSAL { Name = VFS; } }
`;
}

/** Asked to end, so that it takes its registration back; killed when it does not. */
function gently(process: RunningProcess): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await Promise.race([process.exited, sleep(5000, undefined, { ref: false })]);
      await process[Symbol.asyncDispose]();
    },
  };
}

async function waitFor(name: string, condition: () => Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + START_LIMIT_MS; Date.now() < endMs; await sleep(100)) if (await condition()) return;
  throw new Error(`${name} does not answer after ${START_LIMIT_MS / 1000} s`);
}

/** A port on 127.0.0.1, or the path of a socket. */
function answers(place: number | string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = typeof place === "number" ? connect(place, "127.0.0.1") : connect(place);
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => settle(true)).once("error", () => settle(false));
  });
}
