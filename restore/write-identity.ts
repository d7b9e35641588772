// Makes a restored machine another one: its own machine-id, SSH host keys and name, so that it can live beside the one it is a copy of.

import { LifeboatError } from "#os/error";
import { exists, linkInfo, listDirectory, removeFile } from "#os/files";
import { insideRoot, pathInMachine } from "../machine/inside-root.ts";
import type { Chroot } from "./chroot.ts";
import { readLatin1, writeLatin1 } from "./latin1-files.ts";
import type { Step } from "./plan.ts";

type IdentityStep = Extract<Step, { readonly kind: "write-identity" }>;

export interface IdentityPlace {
  readonly root: string;
  readonly chroot: Chroot;
  say(line: string): void;
}

/** Returns the paths of what it has changed, made or taken away, by their own names in the machine. */
export async function writeIdentity(step: IdentityStep, place: IdentityPlace): Promise<readonly string[]> {
  const changed = [...(await forgetMachineId(place.root)), ...(await newHostKeys(place))];
  if (step.hostName !== step.oldHostName) changed.push(...(await renameHost(step, place.root)));
  return changed.map((path) => pathInMachine(place.root, path));
}

/** An empty file is filled at the next boot (machine-id(5)); D-Bus has a copy of its own where it is no link. */
async function forgetMachineId(root: string): Promise<readonly string[]> {
  const own = await insideRoot(root, "/etc/machine-id");
  const changed: string[] = [];
  if ((await linkInfo(own))?.type === "file") {
    await writeLatin1(own, "");
    changed.push(own);
  }
  const bus = `${await insideRoot(root, "/var/lib/dbus")}/machine-id`;
  if ((await linkInfo(bus))?.type !== "file") return changed;
  await removeFile(bus);
  return [...changed, bus];
}

const HOST_KEY = /^ssh_host_\w+_key(?:\.pub)?$/;

async function newHostKeys({ root, chroot, say }: IdentityPlace): Promise<readonly string[]> {
  const directory = await insideRoot(root, "/etc/ssh");
  const names = (await exists(directory)) ? (await listDirectory(directory)).filter((name) => HOST_KEY.test(name)) : [];
  if (names.length === 0) return [];
  for (const name of names) await removeFile(`${directory}/${name}`);
  try {
    await chroot.run(["ssh-keygen", "-A"]);
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    say(`lifeboat: the SSH host keys were taken away, and no new ones could be made: ${error.message}`);
  }
  const now = (await listDirectory(directory)).filter((name) => HOST_KEY.test(name));
  return [...new Set([...names, ...now])].map((name) => `${directory}/${name}`);
}

/** In /etc/hostname, and in /etc/hosts where it is a name of its own or the first part of one. */
async function renameHost({ hostName, oldHostName }: IdentityStep, root: string): Promise<readonly string[]> {
  const own = await insideRoot(root, "/etc/hostname");
  await writeLatin1(own, `${hostName}\n`);
  const hosts = await insideRoot(root, "/etc/hosts");
  if (!(await exists(hosts))) return [own];
  const text = await readLatin1(hosts);
  const name = oldHostName.replace(/[^\w-]/g, "\\$&");
  const now = text.replace(new RegExp(`(^|\\s)${name}(?=[.\\s]|$)`, "gm"), `$1${hostName}`);
  if (now === text) return [own];
  await writeLatin1(hosts, now);
  return [own, hosts];
}
