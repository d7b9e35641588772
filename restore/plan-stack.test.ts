// The order in which what stands between partitions and file systems is built.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BIOS_MACHINE, withLayout } from "../machine/machine-for-tests.ts";
import { GROUP, LUKS, VOLUME } from "../machine/stack-for-tests.ts";
import type { LogicalVolume, StackedDevice, VolumeForm } from "../machine/stacked-device.ts";
import { describeStep } from "./describe-step.ts";
import { stackSteps } from "./plan-stack.ts";

const MIB = 2 ** 20;
const group = { ...GROUP, physicalVolumes: GROUP.physicalVolumes.map((one) => ({ ...one, device: "sda3" })) };
const volume = (name: string, form: VolumeForm): LogicalVolume => ({ ...VOLUME, id: `vg0/${name}`, form });
const on = ["sda3"];
const raid = volume("raid", {
  type: "raid",
  level: "raid1",
  dataStripes: 1,
  copies: 2,
  stripeBytes: undefined,
  regionBytes: undefined,
  on,
});
const pool = volume("pool", { type: "thin-pool", chunkBytes: 65536, metadataBytes: 4 * MIB, zero: true, discards: "passdown", on });
const thin = volume("thin", { type: "thin", pool: "vg0/pool", origin: undefined });
const segment = { extents: 10, stripes: 1, stripeBytes: undefined, on };
const tied = (name: string) => volume(name, { type: "segments", segments: [segment] });
const safe: StackedDevice = { ...LUKS, device: "vg0/b" };

function built(stack: readonly StackedDevice[], kept: readonly string[] = []): readonly string[] {
  const { layout } = withLayout(BIOS_MACHINE, { stack });
  const reuse = { devices: new Set(kept) } as unknown as Parameters<typeof stackSteps>[1]["reuse"];
  return stackSteps(layout, { path: (id) => `/dev/${id}`, reuse }).map((step) => {
    if (step.kind === "create-logical-volume") return step.volume.id;
    if (step.kind === "open-device") return `open ${step.device} on ${step.on.join()}`;
    if (step.kind === "keep-volume-ids") return `ids of ${step.volumes.length} volumes`;
    return step.kind === "wipe-device" ? `wipe ${step.device}` : step.kind;
  });
}

test("volumes whose pieces have places come first, then those that LVM places, then what is in pools and on volumes", () => {
  assert.deepEqual(built([group, raid, pool, thin, tied("a"), tied("b"), safe]), [
    "create-volume-group",
    "vg0/a",
    "vg0/b",
    "vg0/raid",
    "vg0/pool",
    "vg0/thin",
    "ids of 5 volumes",
    "create-luks",
  ]);
});

test("what is kept is opened where it is, and what is made on it needs it blank", () => {
  assert.deepEqual(built([group, tied("b"), safe], ["sda", "vg0", "vg0/b"]), [
    "open /dev/vg0 on /dev/sda3",
    "wipe /dev/vg0/b",
    "create-luks",
  ]);
});

test("a volume whose header is in the set gets it back, where it is made again", () => {
  const { layout } = withLayout(BIOS_MACHINE, { stack: [group, tied("b"), safe] });
  const steps = (kept: readonly string[]) => {
    const reuse = { devices: new Set(kept) } as unknown as Parameters<typeof stackSteps>[1]["reuse"];
    return stackSteps(layout, { path: (id) => `/dev/${id}`, reuse, luksHeaders: new Set(["safe"]) }).map(describeStep);
  };
  assert.equal(steps([]).at(-1), "put the LUKS header of safe from the set onto /dev/vg0/b, and open it with its old passphrase");
  assert.equal(steps(["sda", "vg0", "vg0/b", "safe"]).at(-1), "open LUKS volume safe, which stays");
});
