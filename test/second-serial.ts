// A second serial port of a virtual machine, behind a Unix socket, to wait for text on and to type on.

import { join } from "node:path";
import { makeTemporaryDirectory } from "#os/files";
import { connectUnixSocket } from "#os/unix-socket";
import { createSerialConsole, type SerialConsole } from "../qemu/serial-console.ts";

export interface SecondSerial extends AsyncDisposable {
  /** For `extraArguments` of the machine. */
  readonly arguments: readonly string[];
  /** To be called when the machine runs. */
  connect(): Promise<void>;
  readonly console: SerialConsole;
  send(text: string): void;
}

/** The guest's ttyS1. */
export async function secondSerial(): Promise<SecondSerial> {
  const directory = await makeTemporaryDirectory("lifeboat-serial-");
  const path = join(directory.path, "ttyS1");
  const console = createSerialConsole("ttyS1");
  let write: (text: string) => void = () => undefined;
  let close: () => void = () => undefined;
  return {
    arguments: ["-chardev", `socket,id=second,path=${path},server=on,wait=off`, "-serial", "chardev:second"],
    connect: async () => {
      const socket = await connectUnixSocket(path);
      socket.onData((bytes) => console.push(bytes));
      write = socket.write;
      close = socket.close;
    },
    console,
    send: (text) => write(text),
    async [Symbol.asyncDispose]() {
      console.end("the scenario is over");
      close();
      await directory[Symbol.asyncDispose]();
    },
  };
}
