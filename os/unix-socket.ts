// A connection to a Unix socket as the rest of the house sees it: bytes in, text out, an end.
import { createConnection } from "node:net";
import { LifeboatError } from "#os/error";

export interface UnixSocket {
  write(text: string): void;
  /** One listener; bytes that come before it is set are kept for it. */
  onData(listener: (bytes: Uint8Array) => void): void;
  close(): void;
  /** Settles when either side has closed; never rejects, since a connection that breaks is closed too. */
  readonly closed: Promise<void>;
}

/** Throws LifeboatError when nobody listens at `path`. */
export function connectUnixSocket(path: string): Promise<UnixSocket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    const closed = new Promise<void>((settle) => socket.on("close", () => settle()));
    socket.on("error", (cause) => {
      // Settled already when the connection breaks later; `closed` tells then.
      const state = "code" in cause && typeof cause.code === "string" ? (STATES[cause.code] ?? cause.message) : cause.message;
      reject(new LifeboatError(`Cannot connect to "${path}" as a program must listen there: ${state}`, { cause }));
    });
    socket.on("connect", () => {
      resolve({
        write: (text) => void socket.write(text),
        onData: (listener) => void socket.on("data", (bytes: Uint8Array) => listener(bytes)),
        close: () => void socket.destroy(),
        closed,
      });
    });
  });
}

const STATES: Readonly<Record<string, string>> = {
  ENOENT: "no such socket",
  ECONNREFUSED: "nobody listens",
  EACCES: "permission denied",
  ENOTSOCK: "it is no socket",
};
