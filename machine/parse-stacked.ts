// Reads from machine.json what stands between partitions and file systems.

import * as v from "valibot";
import { maybe, Name, Positive, type Schema, Text, Whole, Word } from "./parse-words.ts";
import type { LuksHeader, StackedDevice, VolumeForm } from "./stacked-device.ts";

const FormSchema: Schema<VolumeForm> = v.variant("type", [
  v.object({
    type: v.literal("segments"),
    segments: v.array(v.object({ extents: Positive, stripes: Positive, stripeBytes: maybe(Positive), on: v.array(Text) })),
  }),
  v.object({
    type: v.literal("raid"),
    level: Name,
    dataStripes: Positive,
    copies: Positive,
    stripeBytes: maybe(Positive),
    regionBytes: maybe(Positive),
    on: v.array(Text),
  }),
  v.object({
    type: v.literal("thin-pool"),
    chunkBytes: Whole,
    metadataBytes: Whole,
    zero: v.boolean(),
    discards: v.picklist(["ignore", "nopassdown", "passdown"]),
    on: v.array(Text),
  }),
  v.object({ type: v.literal("thin"), pool: Name, origin: maybe(Name) }),
  v.object({ type: v.literal("other"), word: Text }),
]);

const LuksHeaderSchema: Schema<LuksHeader> = v.object({
  version: v.picklist([1, 2]),
  cipher: Name,
  keyBits: Positive,
  hash: Name,
  sectorBytes: Positive,
  dataOffsetBytes: Positive,
  label: maybe(Text),
  subsystem: maybe(Text),
  derivation: Name,
  keySlots: Whole,
  tokens: Whole,
});

export const StackedSchema: Schema<StackedDevice> = v.variant("kind", [
  v.object({
    kind: v.literal("array"),
    id: Name,
    uuid: maybe(Name),
    level: Name,
    members: v.array(Text),
    spares: v.array(Text),
    sizeBytes: Whole,
    shape: maybe(
      v.object({
        deviceCount: Positive,
        metadata: Name,
        name: maybe(Word),
        chunkBytes: maybe(Positive),
        layout: maybe(Name),
        hasBitmap: v.boolean(),
        memberBytes: Whole,
        dataOffsetBytes: Whole,
      }),
    ),
    writeMostly: v.optional(v.array(Text)),
    hasPpl: v.optional(v.literal(true)),
    unkept: v.optional(v.array(Text)),
  }),
  v.object({
    kind: v.literal("volume-group"),
    id: Name,
    uuid: maybe(Name),
    extentBytes: Whole,
    physicalVolumes: v.array(v.object({ device: Text, uuid: maybe(Name), startBytes: Whole, extents: Whole, allocatable: v.boolean() })),
    tags: v.array(Name),
    problem: maybe(Text),
  }),
  v.object({
    kind: v.literal("logical-volume"),
    id: Name,
    uuid: maybe(Name),
    volumeGroup: Name,
    sizeBytes: Whole,
    form: FormSchema,
    tags: v.array(Name),
  }),
  v.object({
    kind: v.literal("luks"),
    id: Name,
    device: Text,
    uuid: maybe(Name),
    sizeBytes: Whole,
    header: maybe(LuksHeaderSchema),
    problem: maybe(Text),
  }),
  v.object({ kind: v.literal("other"), id: Text, type: Text, on: v.array(Text), sizeBytes: Whole }),
]);
