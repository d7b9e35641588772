// Makes the restored machine's configuration right for other network cards; each file that is changed is kept beside, as it was.

import { linkInfo, listDirectory, makeDirectory } from "#os/files";
import { insideRoot, pathInMachine } from "../machine/inside-root.ts";
import type { Originals } from "./keep-original.ts";
import { writeLatin1 } from "./latin1-files.ts";
import { cardRules, withNewAddresses } from "./plan-network.ts";
import type { Step } from "./plan.ts";

type NetworkStep = Extract<Step, { readonly kind: "write-network" }>;

/** Files, and directories with files, of ifupdown, netplan, systemd-networkd, NetworkManager, Red Hat's and SUSE's scripts, udev, dhclient. */
const PLACES: readonly string[] = [
  "/etc/network/interfaces",
  "/etc/network/interfaces.d",
  "/etc/netplan",
  "/etc/systemd/network",
  "/etc/NetworkManager/NetworkManager.conf",
  "/etc/NetworkManager/conf.d",
  "/etc/NetworkManager/system-connections",
  "/etc/sysconfig/network-scripts",
  "/etc/sysconfig/network",
  "/etc/udev/rules.d",
  "/etc/dhcp/dhclient.conf",
];

const RULES_DIRECTORY = "/etc/udev/rules.d";
const RULES_NAME = "70-lifeboat-net.rules";

/** Returns the paths of what it has changed or made, by their own names in the machine. */
export async function writeNetwork({ changes }: NetworkStep, root: string, originals: Originals): Promise<readonly string[]> {
  const written: string[] = [];
  for (const place of await filesIn(root)) written.push(...(await originals.change(place, (text) => withNewAddresses(text, changes))));
  const directory = await insideRoot(root, RULES_DIRECTORY);
  await makeDirectory(directory);
  const rules = `${directory}/${RULES_NAME}`;
  await writeLatin1(rules, cardRules(changes));
  return [...written, rules].map((place) => pathInMachine(root, place));
}

async function filesIn(root: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of PLACES) {
    const place = await insideRoot(root, path);
    const type = (await linkInfo(place))?.type;
    if (type === "file") found.push(place);
    if (type !== "directory") continue;
    found.push(...(await filesBelow(place)));
  }
  return found;
}

/** Drop-ins too, such as those in `10-lan.link.d` (systemd.link(5)). */
async function filesBelow(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await listDirectory(directory)) {
    const place = `${directory}/${name}`;
    const type = name.startsWith(".") ? undefined : (await linkInfo(place))?.type;
    if (type === "file") found.push(place);
    if (type === "directory" && name.endsWith(".d")) found.push(...(await filesBelow(place)));
  }
  return found;
}
