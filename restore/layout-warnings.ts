// What of a machine's layout a restore would not bring back, or do worse than it could. Pure.

import { isImaged } from "../machine/device-image.ts";
import type { DeviceId, Layout, Machine } from "../machine/model.ts";
import { partitionsOf, standsOn, usedDevices } from "../machine/own-layout.ts";
import { filesOnly } from "./files-only.ts";
import { isSmallXfs } from "./mkfs-command.ts";
import { BARE_TYPES } from "./partition-types.ts";
import { biosBoot } from "./plan-bios-boot.ts";
import { mountPoint } from "./plan-fstab.ts";
import { canMark } from "./stack-commands.ts";
import { stackedReason } from "./stacked-reason.ts";
import { unmadeDevices } from "./unmade.ts";

/** What a restore would not bring back, or do worse than it could. Nothing here stands in a restore's way. */
export function layoutWarnings(machine: Machine): readonly string[] {
  return [
    ...filesOnly(machine.layout).warnings,
    ...unmountedWarnings(machine.layout),
    ...unknownContentWarnings(machine.layout),
    ...unmadeWarnings(machine.layout),
    ...smallXfsWarnings(machine.layout),
    ...arrayWarnings(machine.layout),
    ...fstabWarnings(machine.layout),
    ...identityWarnings(machine.layout),
    ...nvramWarnings(machine),
    ...unifiedKernelWarnings(machine),
    ...biosBoot(machine).notes,
  ];
}

function unmountedWarnings(layout: Layout): readonly string[] {
  const mounted = new Set(layout.mounts.map(({ device }) => device));
  // Which disks a pool is on is not told: where one is mounted, they are taken for that.
  const hasPool = layout.mounts.some(({ type }) => type === "zfs");
  return layout.fileSystems
    .filter(({ device, type }) => !mounted.has(device) && !isImaged(layout, device) && !(hasPool && type === "zfs_member"))
    .map(({ device, type, label }) => {
      const name = label === undefined ? "" : ` "${label}"`;
      return `"${device}" holds ${type}${name}, which is not mounted: what is in it is not archived${wayOut(device)}`;
    });
}

function wayOut(device: DeviceId): string {
  return `; archive --images /dev/${device} takes an image of it`;
}

function unknownContentWarnings(layout: Layout): readonly string[] {
  const known = new Set([
    ...layout.fileSystems.map(({ device }) => device),
    ...layout.swaps.map(({ place }) => place),
    ...layout.stack.flatMap(({ id }) => standsOn(layout, id)),
    ...layout.images.map(({ device }) => device),
  ]);
  const unmade = unmadeDevices(layout);
  const unknown = ({ id }: { readonly id: DeviceId }) => !known.has(id);
  const partitions = partitionsOf(layout).filter(({ role, type }) => role !== "extended" && !BARE_TYPES.has(type));
  const stacked = layout.stack.filter(({ id, kind }) => kind !== "volume-group" && !unmade.has(id));
  return [
    ...partitions
      .filter(unknown)
      .map(
        ({ id }) => `"${id}" holds nothing that Lifeboat knows: the partition is made again, what is in it is not archived${wayOut(id)}`,
      ),
    ...stacked
      .filter(unknown)
      .map(({ id }) => `"${id}" holds nothing that Lifeboat knows, or is not active: it is made again, what is in it is not archived`),
  ];
}

/** Snapshots, caches and the like that nothing is mounted from. */
function unmadeWarnings(layout: Layout): readonly string[] {
  const used = usedDevices(layout);
  return layout.stack.flatMap((stacked) => {
    const reason = used.has(stacked.id) ? undefined : stackedReason(stacked);
    return reason === undefined ? [] : [`not made again, and not archived: ${reason}`];
  });
}

function arrayWarnings({ stack }: Layout): readonly string[] {
  return stack.flatMap((stacked) => {
    if (stacked.kind !== "array") return [];
    const marks = canMark(stacked) ? [] : [`that ${stacked.writeMostly?.join(", ")} is write-mostly`];
    return [...(stacked.unkept ?? []), ...marks].map((what) => `array "${stacked.id}" is made again without this: ${what}`);
  });
}

function smallXfsWarnings({ fileSystems }: Layout): readonly string[] {
  return fileSystems
    .filter(isSmallXfs)
    .map(({ device }) => `"${device}" holds an XFS below 300 MiB, a size that xfsprogs no longer supports: it is made again all the same`);
}

/** Types of fstab that are no local file system, or none that could be mounted. */
const NOT_LOCAL =
  /^(?:swap|none|proc|sysfs|tmpfs|devpts|devtmpfs|debugfs|cgroup2?|efivarfs|overlay|nfs4?|cifs|smb3|ceph|glusterfs|fuse\..*|9p|virtiofs)$/;

function fstabWarnings({ fstab, mounts }: Layout): readonly string[] {
  const mounted = new Set(mounts.map(({ path }) => path));
  return fstab
    .filter(({ spec, path, type, options }) => {
      const isDevice = /^(?:(?:PART)?(?:UUID|LABEL)=|\/dev\/)/.test(spec) && !/^\/dev\/(?:sr|cdrom|fd|loop)/.test(spec);
      return isDevice && path.startsWith("/") && !NOT_LOCAL.test(type) && !options.includes("noauto") && !mounted.has(mountPoint(path));
    })
    .map(({ spec, path }) => `"${path}" stands in /etc/fstab (${spec}) and is not mounted: what is in it is not archived`);
}

function identityWarnings({ disks }: Layout): readonly string[] {
  return disks.flatMap(({ id, identity }): readonly string[] => {
    const name = identity.wwid ?? identity.serial;
    if (name === undefined) return [`disk "${id}" has neither a wwid nor a serial number: a restore knows it by its size only`];
    const twin = disks.find((other) => other.id !== id && (other.identity.wwid ?? other.identity.serial) === name);
    // Each pair once.
    return twin !== undefined && id < twin.id
      ? [`disks "${id}" and "${twin.id}" both call themselves ${name}: a restore knows them by size only`]
      : [];
  });
}

/** Nothing of the machine's makes one that is signed, and it holds all that a restore would change in an initramfs or on a command line. */
function unifiedKernelWarnings({ bootLoader }: Machine): readonly string[] {
  const efi = bootLoader.kind === "grub" || bootLoader.kind === "systemd-boot" ? bootLoader.efi : undefined;
  return (efi?.unifiedKernels ?? []).map(
    (file) =>
      `"${efi!.mountPoint}/${file}" is a kernel with its initramfs in one program: it comes back as it is, so that on other hardware, or where UUIDs change, it may not start`,
  );
}

function nvramWarnings({ firmware }: Machine): readonly string[] {
  if (firmware.kind === "bios" || firmware.entries.length > 0) return [];
  return ["no boot entries could be read from the firmware (efibootmgr tells them: package efibootmgr)"];
}
