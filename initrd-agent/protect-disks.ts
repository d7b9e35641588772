// Every disk read-only from the moment it is seen, and its links below /dev/disk.

import { listDirectory, makeDirectory, makeSymlink, readRange, removeFile } from "#os/files";
import { listSys, readSys, sysLink } from "#os/sysfs";
import { readBlockDevices, type BlockDevice } from "../machine/block-devices.ts";
import { identifySuperblock, SUPERBLOCK_BYTES, type Superblock } from "../machine/superblock.ts";
import { RELEASED_DIRECTORY } from "../restore/release-disk.ts";
import type { AgentContext } from "./context.ts";
import { diskLinks, type LinkedDevice } from "./disk-links.ts";

/**
 * Sets each disk and each partition read-only the first time that it is seen (DESIGN section 8, rule 2), partitions
 * that appear later too; what the operator makes writable afterwards stays so. Keeps the links up to date.
 */
export async function protectDisks(context: AgentContext): Promise<void> {
  const { state } = context;
  state.disks = readBlockDevices();
  const devices = state.disks.flatMap((disk) => devicesOf(disk));
  const fresh = devices.filter(({ key }) => !state.protectedDevices.has(key));
  const gone = [...state.superblocks.keys()].filter((key) => !devices.some((device) => device.key === key));
  for (const { key } of fresh) state.protectedDevices.add(key);
  for (const key of gone) state.superblocks.delete(key);
  const released = new Set(await listDirectory(RELEASED_DIRECTORY));
  const isOurs = ({ disk }: Device) => disk.kind === "disk" && !released.has(disk.name);
  await Promise.all(fresh.filter(isOurs).map((device) => protect(context, device.name)));
  if (fresh.length === 0 && gone.length === 0) return;
  // One after the other, and nobody waits for them: a dying disk takes minutes to answer.
  state.linking = state.linking
    .then(() => linkDevices(context, devices))
    .catch((error: Error) => context.console.note(`/dev/disk: ${error.message}`));
}

interface Device {
  readonly name: string;
  readonly partition: number | undefined;
  /** Place in sysfs and size: a device that is plugged in again, or a card that is changed, is another one. */
  readonly key: string;
  readonly place: string;
  readonly disk: BlockDevice;
}

function devicesOf(disk: BlockDevice): readonly Device[] {
  const place = (sysLink(`/sys/block/${disk.name}`) ?? disk.name).replace(/^.*?devices\//, "");
  const all = [{ name: disk.name, number: undefined, sizeBytes: disk.sizeBytes }, ...disk.partitions];
  return all.map(({ name, number, sizeBytes }) => ({ name, partition: number, key: `${place} ${name} ${sizeBytes}`, place, disk }));
}

async function protect({ shell, console }: AgentContext, name: string): Promise<void> {
  if (readSys(`/sys/class/block/${name}/ro`) === "1") return;
  const result = await shell.run(["busybox", "blockdev", "--setro", `/dev/${name}`]);
  if (result.exitCode !== 0) console.say(`lifeboat: disk ${name} could not be set read-only: ${result.output}`);
}

async function linkDevices({ state }: AgentContext, devices: readonly Device[]): Promise<void> {
  for (const device of devices) {
    // An empty drive takes its time to say so, and the media stage reads discs anyway.
    if (state.superblocks.has(device.key) || device.disk.kind !== "disk") continue;
    state.superblocks.set(device.key, await readSuperblock(device.name));
  }
  const wanted = diskLinks(devices.map((device) => linkedDevice(device, state.superblocks.get(device.key))));
  for (const [path, name] of state.diskLinks) if (wanted.get(path) !== name) await removeFile(`/dev/disk/${path}`);
  for (const [path, name] of wanted) {
    if (state.diskLinks.get(path) === name) continue;
    await makeDirectory(`/dev/disk/${path.slice(0, path.indexOf("/"))}`);
    await makeSymlink(`../../${name}`, `/dev/disk/${path}`);
  }
  state.diskLinks = wanted;
}

async function readSuperblock(name: string): Promise<Superblock | undefined> {
  const head = await readRange(`/dev/${name}`, 0, SUPERBLOCK_BYTES).catch(() => undefined);
  return head === undefined ? undefined : identifySuperblock(head);
}

function linkedDevice({ name, partition, place, disk }: Device, superblock: Superblock | undefined): LinkedDevice {
  const ata = /^.*\/(ata\d+)\//.exec(place)?.[1];
  const host = /^(.*)\/host(\d+)\//.exec(place);
  const hosts = host === null ? [] : listSys(`/sys/devices/${host[1]}`).flatMap((entry) => /^host(\d+)$/.exec(entry)?.[1] ?? []);
  return {
    name,
    partition,
    place,
    vendor: readSys(`/sys/block/${disk.name}/device/vendor`),
    model: disk.model,
    serial: disk.serial,
    wwid: readSys(`/sys/block/${disk.name}/wwid`) ?? readSys(`/sys/block/${disk.name}/device/wwid`),
    usbSerial: usbSerialOf(place),
    ataPort: ata === undefined ? undefined : readSys(`/sys/class/ata_port/${ata}/port_no`),
    hostIndex: host === null ? 0 : Number(host[2]) - Math.min(...hosts.map(Number)),
    label: superblock?.label,
    uuid: superblock?.uuid,
  };
}

/** The USB device is the directory above its interface, e.g. `…/2-1/2-1:1.0/host4/…`. */
function usbSerialOf(place: string): string | undefined {
  const device = /^(.*\/\d+-[\d.]+)\/\d+-[\d.]+:\d+\.\d+\//.exec(place)?.[1];
  return device === undefined ? undefined : readSys(`/sys/devices/${device}/serial`);
}
