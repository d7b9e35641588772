// Brings the network up: names in bus order, then DHCP or the address that the boot words give.

import { nowMs, sleep } from "#os/clock";
import { LifeboatError } from "#os/error";
import { readNetworkInterfaces, type NetworkInterface } from "../machine/network-interfaces.ts";
import { coldplug, loadModules } from "./coldplug.ts";
import type { AgentContext } from "./context.ts";
import { configureByDhcp } from "./dhcp.ts";
import { parseIpconf, type Ipconf } from "./ipconf.ts";
import { newNames } from "./network-names.ts";

/** How long a cable may take to come up: one that is in needs up to 4 s (gigabit negotiation). */
const LINK_WAIT_MS = 5000;
/** How long an interface on USB may take to show up. */
const INTERFACE_WAIT_MS = 15_000;
const POLL_MS = 200;

export interface NetworkOptions {
  /** When the stage must have ended, on the clock of `nowMs`. */
  readonly deadlineMs: number;
  /** Told what happens, a line at a time. */
  readonly tell: (line: string) => void;
}

/** Raises all interfaces under their names and waits for the links of those that are `needed`, as far as they come up. */
export async function listInterfaces(
  context: AgentContext,
  needed: (each: NetworkInterface) => boolean = () => true,
): Promise<readonly NetworkInterface[]> {
  await raiseInterfaces(context);
  const endMs = (context.state.interfacesRaisedMs ?? nowMs()) + LINK_WAIT_MS;
  let interfaces = readNetworkInterfaces();
  while (interfaces.some((each) => each.link !== true && needed(each)) && nowMs() < endMs) {
    await sleep(POLL_MS);
    interfaces = readNetworkInterfaces();
  }
  return interfaces;
}

/** Names the interfaces and switches them on, without waiting for their links. */
export async function raiseInterfaces({ state, shell }: AgentContext): Promise<void> {
  const moves = newNames(readNetworkInterfaces(), state.networkReady);
  // Two steps, since eth0 and eth1 may have to change places.
  const commands = [
    ...moves.map(({ from }, index) => `ip link set '${from}' down; ip link set '${from}' name lifeboat${index}`),
    ...moves.map(({ to }, index) => `ip link set lifeboat${index} name ${to}`),
  ];
  if (commands.length > 0) await shell.run(["sh", "-c", commands.join("\n")]);
  const idle = readNetworkInterfaces().filter(({ link }) => link === undefined);
  if (idle.length === 0) return;
  await shell.run(["sh", "-c", 'for name; do ip link set "$name" up; done', "sh", ...idle.map(({ name }) => name)]);
  state.interfacesRaisedMs = nowMs();
}

export function interfaceLine({ name, mac, driver, link }: NetworkInterface): string {
  return `lifeboat: network ${name} ${mac} ${driver ?? "no driver"} link ${link === true ? "up" : "down"}`;
}

/**
 * Gives an address to the interface that `hwaddr=`, `ipconf=` or BOOTIF= names, else to every one that DHCP answers.
 * Throws LifeboatError when none has an address then.
 */
export async function bringNetworkUp(context: AgentContext, options: NetworkOptions): Promise<void> {
  const { state, words } = context;
  if (state.networkReady) return;
  const given = words.values.get("ipconf");
  const ipconf = given === undefined ? undefined : parseIpconf(given);
  const wanted = wantedInterface(context, ipconf);
  await loadModules(context, ["af_packet"]);
  await waitForInterface(context, wanted, options.deadlineMs);
  // DHCP asks until a link is there; a fixed address would lead to "no route" before.
  const isStatic = ipconf?.kind === "static";
  const interfaces = await listInterfaces(context, (each) => isStatic && isWanted(each, wanted));
  const chosen = chooseInterfaces(interfaces, wanted);
  await context.shell.run(["busybox", "ip", "link", "set", "lo", "up"]);
  if (ipconf?.kind === "static") await configureStatic(context, chosen[0]!, { ipconf, tell: options.tell });
  else await configureByDhcp(context, chosen, options);
  state.networkReady = true;
}

interface WantedInterface {
  /** The boot word that names it. */
  readonly word: string;
  /** A name or a MAC address. */
  readonly device: string;
  /** Whether another one may do. */
  readonly isHint: boolean;
}

function wantedInterface({ words }: AgentContext, ipconf: Ipconf | undefined): WantedInterface | undefined {
  const hwaddr = words.values.get("hwaddr");
  if (hwaddr !== undefined && hwaddr !== "") return { word: "hwaddr", device: macOf(hwaddr), isHint: false };
  if (ipconf !== undefined) return { word: "ipconf", device: macOf(ipconf.device), isHint: false };
  const bootInterface = words.values.get("BOOTIF");
  return bootInterface === undefined ? undefined : { word: "BOOTIF", device: macOf(bootInterface), isHint: true };
}

/** Colons and small letters; PXELINUX writes dashes, and the hardware type before the address: 01-52-54-00-…. */
function macOf(text: string): string {
  return /^(?:01-)?(?:[0-9a-f]{2}[-:]){5}[0-9a-f]{2}$/i.test(text) ? text.slice(-17).replace(/-/g, ":").toLowerCase() : text;
}

function isWanted({ name, mac }: NetworkInterface, wanted: WantedInterface | undefined): boolean {
  return wanted === undefined || name === wanted.device || mac.toLowerCase() === wanted.device;
}

async function waitForInterface(context: AgentContext, wanted: WantedInterface | undefined, deadlineMs: number): Promise<void> {
  const endMs = Math.min(deadlineMs, nowMs() + INTERFACE_WAIT_MS);
  const isThere = (each: NetworkInterface) => isWanted(each, wanted);
  await raiseInterfaces(context);
  while (!readNetworkInterfaces().some(isThere) && nowMs() < endMs) {
    await sleep(POLL_MS);
    await coldplug(context);
    await raiseInterfaces(context);
  }
}

function chooseInterfaces(interfaces: readonly NetworkInterface[], wanted: WantedInterface | undefined): readonly NetworkInterface[] {
  if (interfaces.length === 0) {
    throw new LifeboatError("Cannot bring the network up as an interface is needed: this machine shows none", {
      hint: "See the devices without a driver",
    });
  }
  const found = interfaces.filter((each) => isWanted(each, wanted));
  if (wanted !== undefined && found.length === 0 && !wanted.isHint) {
    const list = interfaces.map(({ name, mac }) => `${name} (${mac})`).join(", ");
    throw new LifeboatError(
      `Cannot configure "${wanted.device}" as ${wanted.word}= must name an interface of this machine: there are ${list}`,
    );
  }
  return found.length > 0 ? found : interfaces;
}

interface StaticOptions {
  readonly ipconf: Ipconf & { readonly kind: "static" };
  readonly tell: (line: string) => void;
}

async function configureStatic({ shell }: AgentContext, { name }: NetworkInterface, { ipconf, tell }: StaticOptions): Promise<void> {
  const { address, prefixLength, broadcast, gateway } = ipconf;
  const commands = [
    `ip addr flush dev ${name}`,
    `ip addr add ${address}/${prefixLength}${broadcast === undefined ? "" : ` broadcast ${broadcast}`} dev ${name}`,
    ...(gateway === undefined ? [] : [`ip route add default via ${gateway} dev ${name}`]),
  ];
  const result = await shell.run(["sh", "-ec", commands.join("\n")]);
  if (result.exitCode !== 0) {
    throw new LifeboatError(`Cannot configure "${name}" as ipconf= says: ${result.output.replace(/\s*\n\s*/g, "; ")}`, {
      hint: "The gateway must be in the network that address and netmask make",
    });
  }
  tell(`lifeboat: network ${name} has ${address}/${prefixLength} as ipconf= says`);
}
