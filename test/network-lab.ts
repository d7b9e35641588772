// A network of its own, of namespaces of the kernel: a server, machines that read from it, and room for a virtual machine's card. Needs root.

import { run, type Command } from "#os/exec";

export interface NetworkLab extends AsyncDisposable {
  /** The server's namespace, in which `bridge` has `address`/24. */
  readonly server: string;
  readonly bridge: string;
  readonly address: string;
  /** Namespaces, each with an address of the same network. */
  readonly readers: readonly string[];
  /** A card for QEMU, which must run in the server's namespace. */
  addTap(name: string): Promise<void>;
}

export interface LabOptions {
  readonly readers: number;
}

const ADDRESS = "10.77.0.1";
const BRIDGE = "br0";

export async function makeNetworkLab({ readers: count }: LabOptions): Promise<NetworkLab> {
  await using setUp = new AsyncDisposableStack();
  const addNamespace = async (name: string) => {
    await run(["ip", "netns", "add", name]);
    setUp.defer(() => run(["ip", "netns", "del", name]).then(() => undefined));
    await run(inNamespace(name, ["ip", "link", "set", "lo", "up"]));
  };
  const server = `lifeboat-${process.pid}`;
  await addNamespace(server);
  const inServer = (command: Command) => run(inNamespace(server, command));
  await inServer(["ip", "link", "add", BRIDGE, "type", "bridge"]);
  await inServer(["ip", "addr", "add", `${ADDRESS}/24`, "broadcast", "10.77.0.255", "dev", BRIDGE]);
  await inServer(["ip", "link", "set", BRIDGE, "up"]);
  const readers: string[] = [];
  for (let index = 1; index <= count; index += 1) {
    const reader = `${server}-${index}`;
    await addNamespace(reader);
    await inServer(["ip", "link", "add", `v${index}`, "type", "veth", "peer", "name", "eth0", "netns", reader]);
    await inServer(["ip", "link", "set", `v${index}`, "master", BRIDGE, "up"]);
    await run(inNamespace(reader, ["ip", "addr", "add", `10.77.0.${100 + index}/24`, "dev", "eth0"]));
    await run(inNamespace(reader, ["ip", "link", "set", "eth0", "up"]));
    readers.push(reader);
  }
  const resources = setUp.move();
  return {
    server,
    bridge: BRIDGE,
    address: ADDRESS,
    readers,
    async addTap(name) {
      await inServer(["ip", "tuntap", "add", "dev", name, "mode", "tap"]);
      await inServer(["ip", "link", "set", name, "master", BRIDGE, "up"]);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

export function inNamespace(name: string, command: Command): Command {
  return ["ip", "netns", "exec", name, ...command];
}
