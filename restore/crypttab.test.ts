// /etc/crypttab names volumes by what a new disk keeps.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import type { Machine } from "../machine/model.ts";
import { LUKS, VOLUME } from "../machine/stack-for-tests.ts";
import { changedCrypttab, planCrypttab } from "./crypttab.ts";
import type { DiskMatch, MatchReason } from "./plan.ts";

const MACHINE: Machine = { ...BIOS_MACHINE, layout: { ...BIOS_MACHINE.layout, stack: [LUKS, { ...LUKS, id: "inner", device: "safe" }] } };

function planned(disk: string, reason: MatchReason) {
  const { identity, sizeBytes, logicalSectorBytes } = MACHINE.layout.disks[0]!;
  const match: DiskMatch = { from: "sda", disk: { ...identity, name: disk, path: `/dev/${disk}`, sizeBytes, logicalSectorBytes }, reason };
  const devices = new Map([["sda3", `/dev/${disk}3`]]);
  return planCrypttab(MACHINE, { devices, matches: [match], replaced: new Map() });
}

test("planCrypttab() looks at volumes on partitions that have moved", () => {
  assert.deepEqual(planned("sda", "same serial"), []);
  const step = { kind: "write-crypttab", volumes: [{ name: "safe", uuid: LUKS.uuid }], unmade: [] };
  assert.deepEqual([planned("sdb", "same serial"), planned("sda", "same size")], [[step], [step]]);
});

test("planCrypttab() looks at volumes on what took the place of something, by all of its names", () => {
  const inner = { ...LUKS, id: "inner", device: "system/safe" };
  const layout = { ...MACHINE.layout, stack: [{ ...VOLUME, id: "system/safe", volumeGroup: "system" }, inner] };
  const replaced = new Map([
    ["data/safe", "system/safe"],
    ["mapper/data-safe", "system/safe"],
    ["data/x", "system/x"],
  ]);
  const [step] = planCrypttab({ ...MACHINE, layout }, { devices: new Map(), matches: [], replaced });
  const gone = ["/dev/mapper/data-safe"];
  assert.deepEqual(step, { kind: "write-crypttab", volumes: [{ name: "inner", uuid: LUKS.uuid, gone }], unmade: [] });
  const text = (device: string) => `inner ${device} none\n`;
  for (const name of ["/dev/data/safe", ...gone])
    assert.equal(changedCrypttab(text(name), { volumes: [{ name: "inner", uuid: "1-2", gone }], unmade: [] }), text("UUID=1-2"));
  const other = text("/dev/mapper/data-other");
  assert.equal(changedCrypttab(other, { volumes: [{ name: "inner", uuid: "1-2", gone }], unmade: [] }), other);
});

test("changedCrypttab() changes those devices and nothing else", () => {
  const before = [
    "# /dev/sda3 is the \xe9 safe",
    "safe /dev/sda3 none luks,initramfs",
    "  safe\t/dev/disk/by-id/ata-X-part3",
    "safe /dev/mapper/vg-lv none",
    "safe /dev/disk/by-uuid/a652 none",
    "safe UUID=a652 none",
    "other /dev/sda3 none",
    "",
  ];
  const after = [...before];
  after[1] = "safe UUID=1-2 none luks,initramfs";
  after[2] = "  safe\tUUID=1-2";
  assert.equal(changedCrypttab(before.join("\n"), { volumes: [{ name: "safe", uuid: "1-2" }], unmade: [] }), after.join("\n"));
});

test("volumes that are not made again become comments, and no other that is called nearly so", () => {
  const text = "safe UUID=a652 none\n  vault\tUUID=7 none luks\nvault2 UUID=8 none\n#vault UUID=9\n";
  const [step] = planCrypttab(
    MACHINE,
    { devices: new Map([["sda3", "/dev/sda3"]]), matches: [], replaced: new Map() },
    {
      stack: [...MACHINE.layout.stack, { ...LUKS, id: "vault", device: "pool/x" }],
    },
  );
  assert.ok(step?.kind === "write-crypttab");
  assert.deepEqual(step.unmade, ["vault"]);
  assert.equal(
    changedCrypttab(text, { volumes: [], unmade: step.unmade }),
    "safe UUID=a652 none\n# not made again by Lifeboat:   vault\tUUID=7 none luks\nvault2 UUID=8 none\n#vault UUID=9\n",
  );
});
