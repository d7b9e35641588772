// The links below /dev/disk that udev would make, as far as sysfs and superblocks tell: by-id, by-label, by-path, by-uuid.

/** A disk or partition, and what its links are made from. */
export interface LinkedDevice {
  /** Kernel name, e.g. `sda1`. */
  readonly name: string;
  /** Undefined for a whole disk. */
  readonly partition: number | undefined;
  /** The place of the whole disk below /sys/devices, e.g. `pci0000:00/0000:00:01.1/ata1/host0/target0:0:0/0:0:0:0/block/sda`. */
  readonly place: string;
  readonly vendor: string | undefined;
  readonly model: string | undefined;
  readonly serial: string | undefined;
  /** sysfs's `wwid`: `naa.…`, `eui.…`, `t10.…`, `nvme.…`. */
  readonly wwid: string | undefined;
  /** Of the USB device that the disk is on. */
  readonly usbSerial: string | undefined;
  /** Number of the ATA port on its controller, counted from 1. */
  readonly ataPort: string | undefined;
  /** Which of the SCSI hosts of its controller, counted from 0. */
  readonly hostIndex: number;
  readonly label: string | undefined;
  readonly uuid: string | undefined;
}

/** Path below /dev/disk to kernel name. Of two devices that claim one link the first one has it. */
export function diskLinks(devices: readonly LinkedDevice[]): ReadonlyMap<string, string> {
  const links = new Map<string, string>();
  for (const device of devices) {
    const part = device.partition === undefined ? "" : `-part${device.partition}`;
    const paths = [
      ...idsOf(device).map((id) => `by-id/${id}${part}`),
      ...placesOf(device).map((place) => `by-path/${place}${part}`),
      ...(device.label === undefined ? [] : [`by-label/${encodeLabel(device.label)}`]),
      ...(device.uuid === undefined ? [] : [`by-uuid/${device.uuid}`]),
    ];
    for (const path of paths) if (!links.has(path)) links.set(path, device.name);
  }
  return links;
}

/** As udev's 60-persistent-storage.rules name them. */
function idsOf(device: LinkedDevice): readonly string[] {
  const { name, place, vendor, model, serial, wwid, usbSerial } = device;
  const ids: string[] = [];
  const naa = /^naa\.([0-9a-f]+)$/.exec(wwid ?? "")?.[1];
  // ATA's designator: vendor in 8 characters, model in 40, serial number in 20 (SAT, "LU identifiers").
  const [, ataModel, ataSerial] = /^t10\.ATA {5}(.{40})(.*)$/.exec(wwid ?? "") ?? [];
  if (ataModel !== undefined && ataSerial !== undefined) ids.push(`ata-${joined(ataModel, ataSerial)}`);
  if (naa !== undefined) ids.push(`wwn-0x${naa}`, `scsi-3${naa}`);
  if (name.startsWith("vd") && serial !== undefined) ids.push(`virtio-${joined(serial)}`);
  if (name.startsWith("nvme")) {
    if (wwid !== undefined) ids.push(`nvme-${joined(wwid)}`);
    if (model !== undefined && serial !== undefined) ids.push(`nvme-${joined(model, serial)}`);
  }
  if (name.startsWith("mmcblk") && model !== undefined && serial !== undefined) ids.push(`mmc-${joined(model, serial)}`);
  const lun = /\/\d+:(\d+):\d+:(\d+)\/block\//.exec(place);
  if (usbSerial !== undefined && lun !== null) ids.push(`usb-${joined(vendor ?? "", model ?? "", usbSerial)}-${lun[1]}:${lun[2]}`);
  return ids;
}

/** As udev's path_id names them; none for buses that it goes about differently. */
function placesOf({ place, ataPort, hostIndex }: LinkedDevice): readonly string[] {
  const parts = place.split("/");
  const pci = [...parts].reverse().find((part) => /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(part));
  if (pci === undefined || parts.some((part) => /^(?:end_device|rport|session|mmc)/.test(part))) return [];
  const base = `pci-${pci}`;
  const [, channel, target, lun] = parts.map((part) => /^\d+:(\d+):(\d+):(\d+)$/.exec(part)).find((match) => match !== null) ?? [];
  const usb = parts.map((part) => /^\d+-([\d.]+:\d+\.\d+)$/.exec(part)?.[1]).find((port) => port !== undefined);
  const namespace = /\/nvme\d+n(\d+)$/.exec(place)?.[1];
  if (namespace !== undefined) return [`${base}-nvme-${namespace}`];
  if (lun === undefined) return [base];
  // A port without a multiplier was named without its device number by older versions of udev.
  if (ataPort !== undefined) return [`${base}-ata-${ataPort}.${target}`, ...(target === "0" ? [`${base}-ata-${ataPort}`] : [])];
  const scsi = `scsi-${hostIndex}:${channel}:${target}:${lun}`;
  return [usb === undefined ? `${base}-${scsi}` : `${base}-usb-0:${usb}-${scsi}`];
}

/** Blanks become one underscore, what is not safe in a file name too. */
function joined(...parts: readonly string[]): string {
  return parts
    .map((part) => part.trim().replace(/\s+/g, "_"))
    .filter((part) => part !== "")
    .join("_")
    .replace(/[^\w#+\-.:=@]/g, "_");
}

/** udev's encoding: unsafe characters as `\xNN`. */
function encodeLabel(label: string): string {
  return label.replace(/[^\w#+\-.:=@]/g, (character) => `\\x${(character.charCodeAt(0) & 0xff).toString(16).padStart(2, "0")}`);
}
