// File systems that a person wants made as another type: with what mkfs takes for usual, the same identity, and no option that the type does not know. Pure.

import type { FileSystemParameters } from "../../machine/file-system-parameters.ts";
import type { DeviceId, FileSystem, FstabEntry, Layout, MountPoint } from "../../machine/model.ts";
import { bytesOfText } from "../../set/catalogue.ts";
import { mountPoint } from "../plan-fstab.ts";

export type Retyped =
  | { readonly isRetyped: true; readonly layout: Layout; readonly changes: readonly string[] }
  /** One sentence each, which follow a colon. */
  | { readonly isRetyped: false; readonly problems: readonly string[] };

/** Those that keep all that a Linux file system has: owners, modes, attributes, links. */
const TYPES = ["ext4", "xfs", "btrfs"] as const;
type OtherType = (typeof TYPES)[number];

/** What starts the machine reads them: the boot loader and the initramfs know the type that they had. */
const STARTED_FROM: ReadonlySet<string> = new Set(["/", "/usr", "/boot", "/boot/efi", "/efi"]);
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** xfs(5), ext4(5): how long a label may be. */
const LABEL_LIMITS: Readonly<Record<OtherType, number>> = { ext4: 16, xfs: 12, btrfs: 255 };

/** `types`: by mount point. `kept`: file systems that are not formatted. */
export function withOtherTypes(layout: Layout, types: ReadonlyMap<string, string>, kept: ReadonlySet<DeviceId>): Retyped {
  const problems: string[] = [];
  const changes: string[] = [];
  let result = layout;
  for (const [word, type] of types) {
    const path = mountPoint(word);
    const found = fileSystemAt(result, path);
    const problem = problemWith(result, { path, type, found, kept });
    if (problem !== undefined) problems.push(problem);
    if (problem !== undefined || found === undefined || !isOtherType(type) || found.type === type) continue;
    changes.push(`${path} was ${found.type}, and becomes ${type}`);
    result = retyped(result, { path, type, found });
  }
  return problems.length > 0 ? { isRetyped: false, problems } : { isRetyped: true, layout: result, changes };
}

function isOtherType(type: string): type is OtherType {
  return TYPES.some((one) => one === type);
}

function fileSystemAt({ mounts, fileSystems }: Layout, path: string): FileSystem | undefined {
  const device = mounts.find((mount) => mount.path === path)?.device;
  return fileSystems.find((fileSystem) => fileSystem.device === device);
}

interface Wish {
  readonly path: string;
  readonly type: string;
  readonly found: FileSystem | undefined;
  readonly kept: ReadonlySet<DeviceId>;
}

function problemWith({ mounts }: Layout, { path, type, found, kept }: Wish): string | undefined {
  if (found === undefined) return `the machine has no file system at "${path}"`;
  if (!isOtherType(type)) return `"${path}" cannot become ${type === "" ? "nothing" : type}, but ${TYPES.join(", ")}`;
  if (STARTED_FROM.has(path)) return `"${path}" stays ${found.type}, as what starts the machine reads it`;
  if (kept.has(found.device)) return `"${path}" is kept as it is`;
  const own = mounts.filter(({ device }) => device === found.device);
  if (own.length > 1 || own.some(({ fsRoot }) => fsRoot !== "/")) {
    return `"${path}" stays ${found.type}, as it is one of several places that show the same file system`;
  }
  if (found.parameters.kind === "btrfs" && found.parameters.devices.length > 1) return `"${path}" stays btrfs, as it is on several devices`;
  if (found.uuid !== undefined && !UUID.test(found.uuid)) return `"${path}" stays ${found.type}, whose identity ${type} cannot have`;
  const label = found.label ?? "";
  if (bytesOfText(label).length > LABEL_LIMITS[type]) return `"${path}" cannot become ${type}, whose labels are shorter than "${label}"`;
  return undefined;
}

interface Change {
  readonly path: string;
  readonly type: OtherType;
  readonly found: FileSystem;
}

function retyped(layout: Layout, { path, type, found }: Change): Layout {
  const sectorBytes = Math.max(...layout.disks.map(({ logicalSectorBytes }) => logicalSectorBytes));
  const fileSystem: FileSystem = { ...found, type, parameters: usualParameters(type, found, sectorBytes) };
  const onMount = (mount: MountPoint): MountPoint =>
    mount.path === path ? { ...mount, type, options: commonOptions(mount.options) } : mount;
  const inFstab = (entry: FstabEntry): FstabEntry =>
    mountPoint(entry.path) === path && entry.type !== "swap" ? { ...entry, type, options: commonOptions(entry.options) } : entry;
  return {
    ...layout,
    fileSystems: layout.fileSystems.map((one) => (one === found ? fileSystem : one)),
    mounts: layout.mounts.map(onMount),
    fstab: layout.fstab.map(inFstab),
  };
}

/** mount(8), "FILESYSTEM-INDEPENDENT MOUNT OPTIONS", and what systemd reads (systemd.mount(5)). */
const COMMON_OPTIONS =
  /^(?:defaults|(?:no)?(?:auto|user|users|owner|group|exec|suid|dev|atime|diratime|relatime|strictatime|lazytime)|nofail|_netdev|r[ow]|sync|async|x-.*|comment=.*)$/;

function commonOptions(options: readonly string[]): readonly string[] {
  const common = options.filter((option) => COMMON_OPTIONS.test(option));
  return common.length === 0 ? ["defaults"] : common;
}

/** mke2fs.conf's of today. */
const EXT_FEATURES: readonly string[] =
  "has_journal ext_attr resize_inode dir_index filetype extent 64bit flex_bg sparse_super large_file huge_file dir_nlink extra_isize metadata_csum".split(
    " ",
  );
const EXT_BYTES_AN_INODE = 16_384;
const EXT_RESERVED_SHARE = 0.05;

function usualParameters(type: OtherType, { device, sizeBytes }: FileSystem, sectorBytes: number): FileSystemParameters {
  switch (type) {
    case "ext4":
      return {
        kind: "ext",
        blockBytes: 4096,
        clusterBytes: undefined,
        inodeBytes: 256,
        inodeCount: Math.ceil(sizeBytes / EXT_BYTES_AN_INODE),
        features: EXT_FEATURES,
        reservedBlocks: Math.floor((sizeBytes / 4096) * EXT_RESERVED_SHARE),
        maximumMountCount: -1,
        checkIntervalSeconds: 0,
        defaultMountOptions: ["user_xattr", "acl"],
        onErrors: "continue",
      };
    case "xfs":
      return { kind: "xfs", blockBytes: 4096, sectorBytes, inodeBytes: 512, features: { crc: true, ftype: true }, naming: "version 2" };
    case "btrfs":
      return {
        kind: "btrfs",
        devices: [device],
        nodeBytes: 16_384,
        sectorBytes: 4096,
        checksum: "crc32c",
        isMixed: false,
        dataProfile: "single",
        metadataProfile: "dup",
        subvolumes: [],
        defaultSubvolume: "",
      };
  }
}
