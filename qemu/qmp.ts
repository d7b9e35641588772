// QEMU's control protocol (QMP, docs/interop/qmp-spec): one JSON object a line; requests, replies and events.
import { LifeboatError } from "#os/error";
import type { UnixSocket } from "#os/unix-socket";
import * as v from "valibot";

export type QmpArguments = Readonly<Record<string, unknown>>;

export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface QmpClient {
  /** The reply's `return` value. Throws LifeboatError with QEMU's own words when it refuses. */
  execute(command: string, args?: QmpArguments): Promise<unknown>;
  onEvent(listener: (event: QmpEvent) => void): void;
  close(): void;
  readonly closed: Promise<void>;
}

export type QmpMessage =
  | { readonly kind: "greeting" }
  | { readonly kind: "reply"; readonly id: number; readonly value: unknown }
  | { readonly kind: "error"; readonly id: number | undefined; readonly description: string }
  | ({ readonly kind: "event" } & QmpEvent);

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: LifeboatError) => void;
  readonly command: string;
}

/** Waits for the greeting and leaves the negotiation mode; events come from then on. */
export async function openQmp(socket: UnixSocket): Promise<QmpClient> {
  const listeners: ((event: QmpEvent) => void)[] = [];
  const requests = createRequests((text) => socket.write(text));
  const greeted = new Promise<void>((resolve, reject) => {
    const receive = (message: QmpMessage) => {
      if (message.kind === "greeting") resolve();
      else if (message.kind === "event") for (const listener of listeners) listener(message);
      else requests.settle(message);
    };
    const end = (state: string) => {
      requests.end(state);
      reject(refusal("qmp_capabilities", state));
      socket.close();
    };
    socket.onData(
      splitLines((line) => {
        const message = parseQmpMessage(line);
        if (message === undefined) end(`it said "${line.slice(0, 200)}"`);
        else receive(message);
      }),
    );
    void socket.closed.then(() => end("the machine has ended"));
  });
  await greeted;
  await requests.send("qmp_capabilities");
  return {
    execute: (command, args) => requests.send(command, args),
    onEvent: (listener) => void listeners.push(listener),
    close: () => socket.close(),
    closed: socket.closed,
  };
}

interface Requests {
  send(command: string, args?: QmpArguments): Promise<unknown>;
  settle(message: Extract<QmpMessage, { kind: "reply" | "error" }>): void;
  end(state: string): void;
}

function createRequests(write: (text: string) => void): Requests {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let ended: string | undefined;
  return {
    send: (command, args) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) return reject(refusal(command, ended));
        const id = ++lastId;
        pending.set(id, { resolve, reject, command });
        write(`${JSON.stringify({ execute: command, ...(args === undefined ? {} : { arguments: args }), id })}\r\n`);
      }),
    settle(message) {
      const request = message.id === undefined ? undefined : pending.get(message.id);
      if (request === undefined || message.id === undefined) return;
      pending.delete(message.id);
      if (message.kind === "reply") request.resolve(message.value);
      else request.reject(refusal(request.command, message.description));
    },
    end(state) {
      ended ??= state;
      for (const { command, reject } of pending.values()) reject(refusal(command, ended));
      pending.clear();
    },
  };
}

const Line = v.union([
  v.object({ QMP: v.unknown() }),
  v.object({ event: v.string(), data: v.optional(v.record(v.string(), v.unknown()), {}) }),
  v.object({ error: v.object({ desc: v.string() }), id: v.optional(v.number()) }),
  v.object({ return: v.unknown(), id: v.number() }),
]);

/** One line of the protocol; undefined when it is none. */
export function parseQmpMessage(line: string): QmpMessage | undefined {
  const parsed = v.safeParse(Line, parseJson(line));
  if (!parsed.success) return undefined;
  const message = parsed.output;
  if ("QMP" in message) return { kind: "greeting" };
  if ("event" in message) return { kind: "event", event: message.event, data: message.data };
  if ("error" in message) return { kind: "error", id: message.id, description: message.error.desc };
  return { kind: "reply", id: message.id, value: message.return };
}

/** Hands on whole lines of UTF-8, however the bytes are cut. */
export function splitLines(onLine: (line: string) => void): (bytes: Uint8Array) => void {
  const decoder = new TextDecoder();
  let unfinished = "";
  return (bytes) => {
    const lines = (unfinished + decoder.decode(bytes, { stream: true })).split("\n");
    unfinished = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") onLine(line.trim());
  };
}

function refusal(command: string, state: string): LifeboatError {
  return new LifeboatError(`Cannot run the QMP command "${command}" as QEMU must accept it: ${state}`);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
