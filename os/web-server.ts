// A web server for files, read only, whole or in parts (RFC 9110, section 14): what may be had is said by who starts it, path by path.
import { createReadStream } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { LifeboatError } from "#os/error";

/** A part of a file on disk; an ISO image holds files in such pieces. */
export interface FilePiece {
  readonly path: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface WebFile {
  readonly sizeBytes: number;
  /** In order, together `sizeBytes`. */
  readonly pieces: readonly FilePiece[];
}

/** An answer that has been given, to its end or up to where the client let go. */
export interface WebAnswer {
  readonly client: string;
  readonly path: string;
  readonly status: number;
  readonly sentBytes: number;
  readonly tookMs: number;
  /** The client took all that was meant for it. */
  readonly isWhole: boolean;
}

export interface WebServerOptions {
  readonly address: string;
  readonly port: number;
  /** `path` is decoded and begins with a slash. Undefined for what is not there. */
  find(path: string): Promise<WebFile | undefined>;
  answered(answer: WebAnswer): void;
}

export interface WebServer extends AsyncDisposable {
  readonly port: number;
}

const PIECE_BYTES = 1 << 20;

/** Port 0 takes a free one. Throws LifeboatError when the port is taken, or the address is none of this machine's. */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const server = createServer((request, response) => void answer(request, response, options));
  await listen(server, options);
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : options.port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server, { address, port }: WebServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error & { readonly code?: string }) => {
      const state = LISTEN_STATES[error.code ?? ""] ?? error.message;
      const hint = error.code === "EADDRINUSE" ? "Give another one with --port, or end what listens there: ss -ltnp" : undefined;
      reject(
        new LifeboatError(`Cannot serve over HTTP as port ${port} of ${address} must be free: ${state}`, {
          cause: error,
          ...(hint === undefined ? {} : { hint }),
        }),
      );
    };
    server.once("error", refuse);
    server.listen(port, address, () => {
      server.off("error", refuse);
      resolve();
    });
  });
}

const LISTEN_STATES: Readonly<Record<string, string>> = {
  EADDRINUSE: "something listens there already",
  EADDRNOTAVAIL: "no interface has that address",
  EACCES: "permission denied",
};

async function answer(request: IncomingMessage, response: ServerResponse, { find, answered }: WebServerOptions): Promise<void> {
  const startedMs = performance.now();
  const path = pathOf(request.url ?? "/");
  const client = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  let sentBytes = 0;
  let isWhole = false;
  try {
    const file = path === undefined || !isReading(request) ? undefined : await find(path);
    sentBytes = await send(request, response, file);
    isWhole = true;
  } catch {
    // The client has let go, or the disk has failed: a connection that ends early is what it can be told.
    response.destroy();
  }
  answered({ client, path: path ?? "", status: response.statusCode, sentBytes, tookMs: performance.now() - startedMs, isWhole });
}

function isReading({ method }: IncomingMessage): boolean {
  return method === "GET" || method === "HEAD";
}

/** Undefined for what is no path. Dots that lead upwards are taken out, as far as the root (RFC 3986, section 5.2.4). */
function pathOf(url: string): string | undefined {
  try {
    const kept: string[] = [];
    for (const segment of decodeURIComponent(url.replace(/[?#].*$/, "")).split("/")) {
      if (segment === "..") kept.pop();
      else if (segment !== "" && segment !== ".") kept.push(segment);
    }
    return `/${kept.join("/")}`;
  } catch {
    return undefined;
  }
}

/** Returns how many bytes of content were sent. */
async function send(request: IncomingMessage, response: ServerResponse, file: WebFile | undefined): Promise<number> {
  if (!isReading(request)) return finish(response, 405, { allow: "GET, HEAD" });
  if (file === undefined) return finish(response, 404);
  const range = rangeOf(request.headers.range, file.sizeBytes);
  if (range === "beyond") return finish(response, 416, { "content-range": `bytes */${file.sizeBytes}` });
  const { start, sizeBytes } = range ?? { start: 0, sizeBytes: file.sizeBytes };
  const part = range === undefined ? {} : { "content-range": `bytes ${start}-${start + sizeBytes - 1}/${file.sizeBytes}` };
  response.writeHead(range === undefined ? 200 : 206, {
    "accept-ranges": "bytes",
    "content-length": sizeBytes,
    "content-type": "application/octet-stream",
    ...part,
  });
  if (request.method === "HEAD") return finish(response, response.statusCode);
  for (const { path, offset, sizeBytes: length } of piecesOf(file, start, sizeBytes)) {
    const source = createReadStream(path, { start: offset, end: offset + length - 1, highWaterMark: PIECE_BYTES });
    for await (const bytes of source) await write(response, bytes as Uint8Array);
  }
  response.end();
  return sizeBytes;
}

/** As fast as the client takes it. Throws when it has let go; one that has all it was promised may, and nothing is written then. */
function write(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (response.destroyed) return reject(new Error("the client has let go"));
    if (response.write(bytes)) return resolve();
    const settle = () => {
      response.off("drain", settle).off("close", settle);
      resolve();
    };
    response.on("drain", settle).on("close", settle);
  });
}

function finish(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): number {
  if (!response.headersSent) response.writeHead(status, { "content-length": 0, ...headers });
  response.end();
  return 0;
}

/** Undefined for all of it: no range, or several, which a server may pass over. */
function rangeOf(header: string | undefined, sizeBytes: number): { start: number; sizeBytes: number } | "beyond" | undefined {
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (from === "" && to === "") return undefined;
  const start = from === "" ? Math.max(0, sizeBytes - Number(to)) : Number(from);
  const end = from === "" || to === "" ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (start >= sizeBytes) return "beyond";
  return start > end ? undefined : { start, sizeBytes: end - start + 1 };
}

/** What of the pieces lies in that part of the file. */
function piecesOf({ pieces }: WebFile, start: number, sizeBytes: number): readonly FilePiece[] {
  let at = 0;
  return pieces.flatMap(({ path, offset, sizeBytes: length }) => {
    const from = Math.max(start, at);
    const to = Math.min(start + sizeBytes, at + length);
    const piece = { path, offset: offset + from - at, sizeBytes: to - from };
    at += length;
    return to > from ? [piece] : [];
  });
}
