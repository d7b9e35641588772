// A small web server for guests: the files of one directory, on a port of its own on 127.0.0.1.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { join, normalize } from "node:path";

export interface HttpServer extends AsyncDisposable {
  readonly port: number;
  /** Paths that were asked for, in order. */
  readonly requests: readonly string[];
}

/** `replaced` stands for files of the directory: path without the first slash, content. Guests reach it at 10.0.2.2. */
export async function serveDirectory(directory: string, replaced: Readonly<Record<string, string>> = {}): Promise<HttpServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(request.url ?? "/")).replace(/^\/+/, "");
    requests.push(path);
    const instead = replaced[path];
    if (instead !== undefined) return response.end(instead);
    const file = join(directory, path);
    stat(file).then(
      (info) => {
        if (!info.isFile()) return response.writeHead(404).end();
        response.writeHead(200, { "content-length": info.size });
        return request.method === "HEAD" ? response.end() : createReadStream(file).pipe(response);
      },
      () => response.writeHead(404).end(),
    );
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
