// Brings the network up: names in bus order, then DHCP or the address that the boot words give.

import { readTextIfThere, writeFile } from "#os/files";
import { nowMs, sleep } from "#os/clock";
import { readNetworkInterfaces, type NetworkInterface } from "../machine/network-interfaces.ts";
import { LifeboatError } from "#os/error";
import { loadModules } from "./coldplug.ts";
import type { AgentContext } from "./context.ts";
import { parseIpconf, type Ipconf } from "./ipconf.ts";

/** How long a cable may take to come up. */
const LINK_WAIT_MS = 5000;

/** Renames the interfaces to eth0…N in the order of their places on the buses, and says what each is. */
export async function nameInterfaces(context: AgentContext): Promise<readonly NetworkInterface[]> {
  const found = readNetworkInterfaces();
  const moves = found.map(({ name }, index) => ({ from: name, to: `eth${index}` })).filter(({ from, to }) => from !== to);
  // Two steps, since eth0 and eth1 may have to change places.
  const commands = [
    ...moves.map(({ from }, index) => `ip link set '${from}' down; ip link set '${from}' name lifeboat${index}`),
    ...moves.map(({ to }, index) => `ip link set lifeboat${index} name ${to}`),
  ];
  if (commands.length > 0) await context.shell.run(["sh", "-c", commands.join("; ")]);
  return readNetworkInterfaces();
}

/** Raises all interfaces, waits for links, and lists them on the consoles. */
export async function listInterfaces(context: AgentContext): Promise<readonly NetworkInterface[]> {
  const names = (await nameInterfaces(context)).map(({ name }) => name);
  if (names.length === 0) return [];
  await context.shell.run(["sh", "-c", "for name; do ip link set $name up; done", "sh", ...names]);
  const deadlineMs = nowMs() + LINK_WAIT_MS;
  let interfaces = readNetworkInterfaces();
  while (interfaces.every(({ link }) => link !== true) && nowMs() < deadlineMs) {
    await sleep(100);
    interfaces = readNetworkInterfaces();
  }
  return interfaces;
}

export function interfaceLine({ name, mac, driver, link }: NetworkInterface): string {
  return `lifeboat: network ${name} ${mac} ${driver ?? "no driver"} link ${link === true ? "up" : "down"}`;
}

/** Gives an address to the interface that `ipconf=`, `hwaddr=` or BOOTIF= names, else to the first that DHCP answers. */
export async function bringNetworkUp(context: AgentContext): Promise<void> {
  if (context.state.networkReady) return;
  await loadModules(context, ["af_packet"]);
  const interfaces = await listInterfaces(context);
  if (interfaces.length === 0) {
    throw new LifeboatError("Cannot bring the network up as an interface is needed: this machine shows none", {
      hint: "See the devices without a driver",
    });
  }
  await context.shell.run(["busybox", "ip", "link", "set", "lo", "up"]);
  const given = context.words.values.get("ipconf");
  const ipconf = given === undefined ? undefined : parseIpconf(given);
  const chosen = chooseInterfaces(interfaces, context, ipconf);
  if (ipconf?.kind === "static") await configureStatic(context, chosen[0]!, ipconf);
  else await configureByDhcp(context, chosen);
  context.state.networkReady = true;
}

function chooseInterfaces(
  interfaces: readonly NetworkInterface[],
  context: AgentContext,
  ipconf: Ipconf | undefined,
): readonly NetworkInterface[] {
  const { values } = context.words;
  // pxelinux writes the hardware type before the address: 01-52-54-00-….
  const bootInterface = values.get("BOOTIF")?.replace(/^01-/, "").replace(/-/g, ":");
  const wanted = ipconf?.device ?? values.get("hwaddr") ?? undefined;
  if (wanted !== undefined && wanted !== "") {
    const found = interfaces.filter(({ name, mac }) => name === wanted || mac.toLowerCase() === wanted.toLowerCase());
    if (found.length > 0) return found;
    const list = interfaces.map(({ name, mac }) => `${name} (${mac})`).join(", ");
    throw new LifeboatError(`Cannot configure "${wanted}" as it must be an interface of this machine: there are ${list}`);
  }
  const rank = ({ mac, link }: NetworkInterface) => (mac === bootInterface ? 0 : link === true ? 1 : 2);
  return [...interfaces].sort((a, b) => rank(a) - rank(b));
}

async function configureStatic(context: AgentContext, { name }: NetworkInterface, ipconf: Ipconf & { kind: "static" }): Promise<void> {
  const { address, prefixLength, broadcast, gateway } = ipconf;
  const commands = [`ip addr add ${address}/${prefixLength}${broadcast === undefined ? "" : ` broadcast ${broadcast}`} dev ${name}`];
  if (gateway !== undefined) commands.push(`ip route add default via ${gateway} dev ${name}`);
  const result = await context.shell.run(["sh", "-ec", commands.join("\n")]);
  if (result.exitCode !== 0) throw new LifeboatError(`Cannot configure "${name}" as ipconf= says: ${result.output}`);
  context.console.say(`lifeboat: network ${name} has ${address}/${prefixLength}`);
}

/** busybox udhcpc calls this with the lease in its environment; it configures the interface and leaves a note for us. */
const DHCP_SCRIPT = `#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr flush dev $interface
ip addr add $ip/\${mask:-24} dev $interface
for gateway in $router; do ip route add default via $gateway dev $interface; break; done
: > /etc/resolv.conf
for server in $dns; do echo "nameserver $server" >> /etc/resolv.conf; done
echo "$ip/\${mask:-24} \${siaddr:-$serverid}" > /run/dhcp-$interface
`;

async function configureByDhcp(context: AgentContext, interfaces: readonly NetworkInterface[]): Promise<void> {
  const script = "/run/dhcp-script";
  await writeFile(script, DHCP_SCRIPT, 0o755);
  const failures: string[] = [];
  for (const { name } of interfaces) {
    const result = await context.shell.run(["busybox", "udhcpc", "-i", name, "-n", "-q", "-f", "-t", "5", "-T", "2", "-s", script]);
    const lease = result.exitCode === 0 ? await readTextIfThere(`/run/dhcp-${name}`) : undefined;
    if (lease !== undefined) {
      context.console.say(`lifeboat: network ${name} has ${lease.split(" ")[0]} by DHCP`);
      return;
    }
    failures.push(name);
  }
  throw new LifeboatError(`Cannot get an address as DHCP must give one: no answer on ${failures.join(", ")}`, {
    hint: "Give one with ipconf=NAME:ADDRESS:NETMASK:BROADCAST:GATEWAY",
  });
}

/** The server that DHCP named to boot from, for media that are derived from it. */
export async function dhcpServerOf(name: string): Promise<string | undefined> {
  return (await readTextIfThere(`/run/dhcp-${name}`))?.trim().split(" ")[1];
}
