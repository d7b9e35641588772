// Reads `lsblk --json --bytes --output-all` (util-linux 2.27 and later): the tree of block devices.
import * as v from "valibot";
import { LifeboatError } from "#os/error";

/** One block device. A device on several parents (md, multipath) stands below each of them. */
export interface LsblkDevice {
  /** As the kernel names it below /dev, such as `sda1`, `md0`, `dm-3`. */
  readonly kernelName: string;
  /** The node to use, such as `/dev/sda1` or `/dev/mapper/vg-root`. */
  readonly path: string;
  /** lsblk's word: `disk`, `part`, `lvm`, `crypt`, `raid1`, `mpath`, `rom`, `loop`, … */
  readonly type: string;
  readonly majorMinor: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly removable: boolean;
  readonly rotational: boolean;
  readonly logicalSectorBytes: number | undefined;
  /** What is on it, as libblkid names it: `ext4`, `swap`, `LVM2_member`, `linux_raid_member`, `crypto_LUKS`, … */
  readonly fsType: string | undefined;
  readonly label: string | undefined;
  readonly uuid: string | undefined;
  readonly partitionType: string | undefined;
  readonly partitionLabel: string | undefined;
  readonly partitionUuid: string | undefined;
  /** `gpt` or `dos`, for a disk and for its partitions. */
  readonly tableType: string | undefined;
  readonly transport: string | undefined;
  readonly model: string | undefined;
  readonly serial: string | undefined;
  readonly wwn: string | undefined;
  /** `[SWAP]` stands for swap in use. */
  readonly mountpoints: readonly string[];
  readonly children: readonly LsblkDevice[];
}

// Before util-linux 2.33 every value is a string, sizes and flags too.
const Text = v.optional(v.nullable(v.pipe(v.string(), v.trim())));
const Size = v.optional(v.nullable(v.pipe(v.union([v.number(), v.pipe(v.string(), v.trim())]), v.transform(Number), v.number())));
const Flag = v.optional(
  v.nullable(
    v.pipe(
      v.union([v.boolean(), v.number(), v.string()]),
      v.transform((flag) => ["true", "1"].includes(String(flag).trim())),
    ),
  ),
);

const DeviceFields = v.object({
  name: v.string(),
  kname: Text,
  path: Text,
  type: v.string(),
  "maj:min": Text,
  size: Size,
  ro: Flag,
  rm: Flag,
  rota: Flag,
  "log-sec": Size,
  fstype: Text,
  label: Text,
  uuid: Text,
  parttype: Text,
  partlabel: Text,
  partuuid: Text,
  pttype: Text,
  tran: Text,
  model: Text,
  serial: Text,
  wwn: Text,
  mountpoint: Text,
  mountpoints: v.optional(v.array(v.nullable(v.string()))),
});

type Fields = v.InferOutput<typeof DeviceFields>;
interface DeviceTree extends Fields {
  readonly children?: readonly DeviceTree[] | undefined;
}

const Device: v.GenericSchema<unknown, DeviceTree> = v.object({
  ...DeviceFields.entries,
  children: v.optional(v.array(v.lazy(() => Device))),
});

const Output = v.object({ blockdevices: v.array(Device) });

/** The devices that stand on no other, with all that stands on them. */
export function parseLsblk(json: string): readonly LsblkDevice[] {
  const parsed = v.safeParse(Output, parseJson(json));
  if (!parsed.success) throw unreadable(issueText(parsed.issues[0]));
  return parsed.output.blockdevices.map(toDevice);
}

/** Every device of the forest once, parents first. */
export function flattenDevices(devices: readonly LsblkDevice[]): readonly LsblkDevice[] {
  const byPath = new Map<string, LsblkDevice>();
  const add = (device: LsblkDevice): void => {
    if (!byPath.has(device.path)) byPath.set(device.path, device);
    for (const child of device.children) add(child);
  };
  for (const device of devices) add(device);
  return [...byPath.values()];
}

function toDevice(fields: DeviceTree): LsblkDevice {
  const kernelName = text(fields.kname) ?? fields.name;
  const mountpoints = fields.mountpoints ?? [fields.mountpoint ?? null];
  return {
    kernelName,
    path:
      text(fields.path) ??
      (/^(lvm|crypt|mpath|dm)$/.test(fields.type) || /^dm-\d+$/.test(kernelName) ? `/dev/mapper/${fields.name}` : `/dev/${fields.name}`),
    type: fields.type,
    majorMinor: text(fields["maj:min"]) ?? "",
    sizeBytes: fields.size ?? 0,
    readOnly: fields.ro ?? false,
    removable: fields.rm ?? false,
    rotational: fields.rota ?? false,
    logicalSectorBytes: fields["log-sec"] ?? undefined,
    fsType: text(fields.fstype),
    label: text(fields.label),
    uuid: text(fields.uuid),
    partitionType: text(fields.parttype),
    partitionLabel: text(fields.partlabel),
    partitionUuid: text(fields.partuuid),
    tableType: text(fields.pttype),
    transport: text(fields.tran),
    model: text(fields.model),
    serial: text(fields.serial),
    wwn: text(fields.wwn),
    mountpoints: mountpoints.filter((mountpoint) => mountpoint !== null && mountpoint !== "") as readonly string[],
    children: (fields.children ?? []).map(toDevice),
  };
}

function text(value: string | null | undefined): string | undefined {
  return value === null || value === "" ? undefined : value;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : "no JSON");
  }
}

function issueText(issue: v.BaseIssue<unknown>): string {
  return `${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`;
}

function unreadable(state: string): LifeboatError {
  return new LifeboatError(`Cannot read lsblk's output as a JSON tree of block devices: ${state}`, {
    hint: "Lifeboat needs util-linux 2.27 or later",
  });
}
