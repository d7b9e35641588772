// Addresses by DHCP, asked for on several interfaces at once with busybox's udhcpc.

import { nowMs, sleep } from "#os/clock";
import { LifeboatError } from "#os/error";
import { readTextIfThere, removeFile, writeFile } from "#os/files";
import type { NetworkInterface } from "../machine/network-interfaces.ts";
import type { AgentContext } from "./context.ts";

export interface Lease {
  /** With the length of its prefix, e.g. `10.0.2.15/24`. */
  readonly address: string;
  /** Where to boot from, as the server says; else the server itself. */
  readonly bootServer: string | undefined;
}

type Named = Pick<NetworkInterface, "name">;

export interface DhcpOptions {
  readonly deadlineMs: number;
  readonly tell: (line: string) => void;
}

/** Questions for 30 s: a switch may take that long before its port lets anything through (spanning tree). */
const QUESTIONS = ["-t", "15", "-T", "2"];
/** How long the others may still be answered when one has been: their links may need that long to come up. */
const GRACE_MS = 3000;

/** udhcpc calls this with the lease in its environment. The first gateway and name server stay first. */
const SCRIPT = `#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
[ "$1" = renew ] && ip -o addr show dev $interface | grep -qF " $ip/" && exit 0
ip addr flush dev $interface
ip addr add $ip/\${mask:-24} dev $interface
for gateway in $router; do ip route add default via $gateway dev $interface 2>/dev/null; break; done
touch /etc/resolv.conf
for server in $dns; do grep -qx "nameserver $server" /etc/resolv.conf || echo "nameserver $server" >> /etc/resolv.conf; done
echo "$ip/\${mask:-24} \${siaddr:-$serverid}" > /run/dhcp-$interface.part
mv /run/dhcp-$interface.part /run/dhcp-$interface
`;
const SCRIPT_PATH = "/run/dhcp-script";

/**
 * Once it has a lease, udhcpc goes to the background and renews it: a restore may outlast the lease. What it prints goes
 * to a file, as whoever reads a pipe would wait for the daemon to close it. One that asked here before is ended first.
 */
const ASK_AND_STAY = `
name=$1; shift
pid=/run/udhcpc-$name.pid
[ -f $pid ] && kill $(cat $pid) 2>/dev/null
busybox udhcpc -i $name -n -p $pid "$@" > /run/udhcpc-$name.log 2>&1
code=$?
cat /run/udhcpc-$name.log
exit $code
`;

/** Asks on all of them, and goes on soon after the first answer. Throws LifeboatError when none comes. */
export async function configureByDhcp(context: AgentContext, interfaces: readonly Named[], options: DhcpOptions): Promise<void> {
  await writeFile(SCRIPT_PATH, SCRIPT, 0o755);
  const waiting = new Set(interfaces.map(({ name }) => name));
  let firstMs: number | undefined;
  const ask = async (name: string) => {
    const lease = await askOn(context, name);
    waiting.delete(name);
    if (lease === undefined) return;
    firstMs ??= nowMs();
    options.tell(`lifeboat: network ${name} has ${lease.address} by DHCP`);
  };
  for (const { name } of interfaces) void ask(name);
  const isPointless = () => waiting.size === 0 || (firstMs !== undefined && nowMs() > firstMs + GRACE_MS);
  while (!isPointless() && nowMs() < options.deadlineMs) await sleep(50);
  if (firstMs !== undefined) return;
  throw new LifeboatError(`Cannot get an address as DHCP must give one: no answer on ${interfaces.map(({ name }) => name).join(", ")}`, {
    hint: "Check the cable, or give an address with ipconf=NAME:ADDRESS:NETMASK:BROADCAST:GATEWAY",
  });
}

async function askOn({ shell, console }: AgentContext, name: string): Promise<Lease | undefined> {
  await removeFile(leasePath(name));
  const result = await shell.run(["sh", "-c", ASK_AND_STAY, "sh", name, ...QUESTIONS, "-s", SCRIPT_PATH]);
  const lease = result.exitCode === 0 ? await readLease(name) : undefined;
  if (lease === undefined) console.note(`no answer by DHCP on ${name}: ${result.output.split("\n").pop() ?? ""}`);
  return lease;
}

/** The server that DHCP names to boot from, on the first of these interfaces that has a lease. */
export async function dhcpBootServer(names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const server = (await readLease(name))?.bootServer;
    if (server !== undefined) return server;
  }
  return undefined;
}

async function readLease(name: string): Promise<Lease | undefined> {
  const text = await readTextIfThere(leasePath(name));
  return text === undefined ? undefined : parseLease(text);
}

/** `ADDRESS/LENGTH SERVER`; some servers say 0.0.0.0 for no server. */
export function parseLease(text: string): Lease | undefined {
  const [address = "", server = ""] = text.trim().split(" ");
  if (!/^[\d.]+\/\d+$/.test(address)) return undefined;
  return { address, bootServer: server === "" || server === "0.0.0.0" ? undefined : server };
}

function leasePath(name: string): string {
  return `/run/dhcp-${name}`;
}
