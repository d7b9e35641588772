// Fills the model from the running system. What cannot be found out stays undefined; restore/restorable.ts says what that means.
import { readTextIfThere } from "#os/files";
import { listSys, readSys } from "#os/sysfs";
import { askTool, orUnknown } from "./ask-tool.ts";
import { distributionFamily } from "./distributions.ts";
import { inspectBootLoader, inspectFirmware } from "./inspect-firmware.ts";
import { inspectLayout } from "./inspect-layout.ts";
import { inspectLvmSettings } from "./inspect-lvm-settings.ts";
import type { Hardware, Machine, NetworkCard, OperatingSystem } from "./model.ts";
import { readNetworkInterfaces } from "./network-interfaces.ts";
import { parseIpAddresses, parseIpRoutes } from "./parse-ip.ts";
import { parseOsRelease } from "./parse-os-release.ts";

export interface InspectOptions {
  readonly now: Date;
  /** Where the machine's root is mounted; `/` unless a rescue system looks at it. */
  readonly root?: string;
}

/** Run it as root: others can read neither partition tables nor file systems. */
export async function inspectMachine({ now, root = "/" }: InspectOptions): Promise<Machine> {
  const prefix = root === "/" ? "" : root.replace(/\/+$/, "");
  const [system, layout, { firmware, current }, network, machineId] = await Promise.all([
    inspectSystem(prefix),
    inspectLayout(prefix === "" ? "/" : prefix),
    inspectFirmware("/sys"),
    inspectNetwork(),
    readFirstLine(`${prefix}/etc/machine-id`),
  ]);
  const bootLoader = await inspectBootLoader({ layout, firmware, currentEntry: current, systemId: system.id, prefix });
  const configuredName = prefix === "" ? undefined : await readFirstLine(`${prefix}/etc/hostname`);
  const hostName = configuredName ?? readSys("/proc/sys/kernel/hostname") ?? "localhost";
  const hardware = readHardware();
  const lvm = layout.stack.some(({ kind }) => kind === "volume-group") ? await inspectLvmSettings(prefix) : undefined;
  const inspectedAt = now.toISOString();
  return { formatVersion: 1, hostName, machineId, inspectedAt, system, firmware, hardware, layout, bootLoader, network, lvm };
}

async function inspectSystem(prefix: string): Promise<OperatingSystem> {
  const texts = [`${prefix}/etc/os-release`, `${prefix}/usr/lib/os-release`].map((path) => orUnknown(() => readTextIfThere(path)));
  const release = parseOsRelease((await Promise.all(texts)).find((text) => text !== undefined) ?? "");
  return {
    id: release.id,
    versionId: release.versionId,
    prettyName: release.prettyName,
    family: distributionFamily(release).name,
    architecture: (await askTool(["uname", "-m"]))?.trim() ?? "unknown",
    kernelRelease: readSys("/proc/sys/kernel/osrelease") ?? "unknown",
    kernelCommandLine: readSys("/proc/cmdline")?.trim() ?? "",
  };
}

function readHardware(): Hardware {
  const dmi = (name: string): string | undefined => nonEmpty(readSys(`/sys/class/dmi/id/${name}`));
  const memoryKiB = /^MemTotal:\s+(\d+) kB/m.exec(readSys("/proc/meminfo") ?? "")?.[1] ?? "0";
  return {
    vendor: dmi("sys_vendor"),
    product: dmi("product_name"),
    serial: dmi("product_serial"),
    memoryBytes: Number(memoryKiB) * 1024,
    processors: listSys("/sys/devices/system/cpu").filter((name) => /^cpu\d+$/.test(name)).length,
  };
}

/** Network cards, and what is not a card (a bridge, a bond) where the way out goes through it. */
async function inspectNetwork(): Promise<readonly NetworkCard[]> {
  const [addressJson, ...routeJsons] = await Promise.all([
    askTool(["ip", "-json", "addr"]),
    askTool(["ip", "-json", "route"]),
    askTool(["ip", "-6", "-json", "route"]),
  ]);
  const links = (await orUnknown(async () => parseIpAddresses(addressJson ?? ""))) ?? [];
  const routes = await Promise.all(routeJsons.map((json) => orUnknown(async () => parseIpRoutes(json ?? ""))));
  const gateways = routes.flatMap((found) => found ?? []);
  const cards = readNetworkInterfaces();
  const isCard = new Set(cards.map(({ name }) => name));
  const others = links.filter(({ name }) => !isCard.has(name) && gateways.some(({ interfaceName }) => interfaceName === name));
  return [...cards, ...others.map(({ name, mac = "" }) => ({ name, mac, driver: undefined }))].map(({ name, mac, driver }) => ({
    name,
    mac: nonEmpty(mac),
    driver,
    addresses: links.find((link) => link.name === name)?.addresses ?? [],
    gateway: gateways.find(({ interfaceName }) => interfaceName === name)?.gateway,
  }));
}

async function readFirstLine(path: string): Promise<string | undefined> {
  const text = await orUnknown(() => readTextIfThere(path));
  return nonEmpty(text?.split("\n")[0]);
}

function nonEmpty(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === "" ? undefined : trimmed;
}
