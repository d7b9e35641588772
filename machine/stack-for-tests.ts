// For tests: one of each thing that stands between partitions and file systems.

import type { LogicalVolume, LuksHeader, LuksVolume, OtherDevice, RaidArray, VolumeForm, VolumeGroup } from "./stacked-device.ts";

const MIB = 1 << 20;

/** RAID1 of two partitions. */
export const ARRAY: RaidArray = {
  kind: "array",
  id: "md0",
  uuid: "5c1d2bf4-8a6e-40f9-9a55-6c1a3c5d0e77",
  level: "raid1",
  members: ["sda3", "sdb3"],
  spares: [],
  sizeBytes: 900 * MIB,
  shape: {
    deviceCount: 2,
    metadata: "1.2",
    name: "web1:0",
    chunkBytes: undefined,
    layout: undefined,
    hasBitmap: false,
    memberBytes: 900 * MIB,
    dataOffsetBytes: MIB,
  },
};

/** On the array. */
export const GROUP: VolumeGroup = {
  kind: "volume-group",
  id: "vg0",
  uuid: "0eFtSJ-3ZNb-Zd4e-Ztd6-EYWL-XeVC-JqTr5V",
  extentBytes: 4 * MIB,
  physicalVolumes: [{ device: "md0", uuid: "b7rxqW-1n4F-Sl4f-3XIv-0bFd-vd3h-n2f9bQ", startBytes: MIB, extents: 224, allocatable: true }],
  tags: [],
  problem: undefined,
};

export const LINEAR: VolumeForm = { type: "segments", segments: [{ extents: 100, stripes: 1, stripeBytes: undefined, on: ["md0"] }] };

export const VOLUME: LogicalVolume = {
  kind: "logical-volume",
  id: "vg0/root",
  uuid: "TnuMwd-c1vE-eLkV-yw2a-TjdX-6Mlb-fyAi1K",
  volumeGroup: "vg0",
  sizeBytes: 400 * MIB,
  form: LINEAR,
  tags: [],
};

export const LUKS_HEADER: LuksHeader = {
  version: 2,
  cipher: "aes-xts-plain64",
  keyBits: 512,
  hash: "sha256",
  sectorBytes: 512,
  dataOffsetBytes: 16 * MIB,
  label: undefined,
  subsystem: undefined,
  derivation: "argon2id",
  keySlots: 1,
  tokens: 0,
};

/** On a partition. */
export const LUKS: LuksVolume = {
  kind: "luks",
  id: "safe",
  device: "sda3",
  uuid: "a652cb0d-66a5-4a0e-a09a-b106fdf49af7",
  sizeBytes: 400 * MIB,
  header: LUKS_HEADER,
  problem: undefined,
};

export const OTHER: OtherDevice = { kind: "other", id: "mpatha", type: "mpath", on: ["sda"], sizeBytes: MIB };
