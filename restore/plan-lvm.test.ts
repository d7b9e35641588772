// When LVM's list of devices is written again, and which filters would hide a physical volume on another disk.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BIOS_MACHINE, withTable } from "../machine/machine-for-tests.ts";
import type { LvmSettings, Machine } from "../machine/model.ts";
import { GROUP, LUKS } from "../machine/stack-for-tests.ts";
import { lvmFilterProblems, planLvmDevices } from "./plan-lvm.ts";
import { planOfSteps } from "./plan-for-tests.ts";
import type { DiskMatch, MatchReason } from "./plan.ts";
import { refuseUnattended } from "./unattended.ts";

const UUID = "b7rxqW-1n4F-Sl4f-3XIv-0bFd-vd3h-n2f9bQ";
const ID = UUID.replace(/-/g, "");
const FILE = "/etc/lvm/devices/system.devices";
const group = { ...GROUP, physicalVolumes: GROUP.physicalVolumes.map((one) => ({ ...one, device: "sda3" })) };

function machineWith(lvm: Partial<LvmSettings>, stack: Machine["layout"]["stack"] = [group]): Machine {
  const machine = { ...BIOS_MACHINE, lvm: { devicesFile: undefined, usesDevicesFile: false, filters: [], ...lvm } };
  return { ...machine, layout: { ...machine.layout, stack } };
}

function movesTo(disk: string, reason: MatchReason) {
  const from = BIOS_MACHINE.layout.disks[0]!;
  const match: DiskMatch = { from: "sda", disk: { ...from, ...from.identity, name: disk, path: `/dev/${disk}` }, reason };
  return { devices: new Map([["sda3", `/dev/${disk}3`]]), matches: [match], replaced: new Map<string, string>() };
}

describe("planLvmDevices()", () => {
  const machine = machineWith({ devicesFile: FILE });
  const step = (stale: readonly string[]) => [
    { kind: "write-lvm-devices", file: FILE, stale, groups: [{ group, devices: ["/dev/vda3"] }] },
  ];

  test("writes the list again for groups on other disks, on whatever they stand", () => {
    assert.deepEqual(planLvmDevices(machine, movesTo("vda", "same size"), machine.layout), step([ID]));
    const inside = machineWith({ devicesFile: FILE }, [
      LUKS,
      { ...group, physicalVolumes: [{ ...group.physicalVolumes[0]!, device: "safe" }] },
    ]);
    assert.equal(planLvmDevices(inside, movesTo("sda", "same size"), inside.layout).length, 1);
  });

  test("takes out what is no longer made", () => {
    const more = { ...group.physicalVolumes[0]!, device: "sdb", uuid: "o-n-e" };
    const before = { ...machine.layout, stack: [{ ...group, physicalVolumes: [...group.physicalVolumes, more] }] };
    assert.deepEqual(planLvmDevices(machine, movesTo("vda", "same wwid"), before), step([ID, "one"]));
  });

  test("has nothing to write for the same disk, by whatever name, nor where there is no list", () => {
    assert.deepEqual(planLvmDevices(machine, movesTo("sdb", "same wwid"), machine.layout), []);
    const without = machineWith({ usesDevicesFile: true });
    assert.deepEqual(planLvmDevices(without, movesTo("vda", "same size"), without.layout), []);
  });
});

describe("lvmFilterProblems()", () => {
  const problems = (patterns: readonly string[], moves = movesTo("vda", "same size"), lvm: Partial<LvmSettings> = {}) => {
    const filters = [{ key: "filter" as const, file: "/etc/lvm/lvm.conf", line: 142, patterns }];
    const table = withTable(machineWith({ filters, ...lvm }), ({ partitions }) => ({
      partitions: partitions.map((one) => ({ ...one, label: `name${one.number}` })),
    }));
    return lvmFilterProblems(table, moves);
  };

  test("names the line, the disk, and what is to be put there", () => {
    assert.deepEqual(problems(["a|^/dev/sda3$|", "r|.*|"]), [
      'line 142 of /etc/lvm/lvm.conf, filter, names other disks and may hide /dev/vda3 from LVM, on which volume group vg0 is: put "a|^/dev/vda3$|" before its patterns by hand and make the initramfs again, or the machine may not start',
    ]);
  });

  test("is told before an unattended restore begins", () => {
    const filters = [{ key: "filter" as const, file: "/etc/lvm/lvm.conf", line: 142, patterns: ["a|^/dev/sda3$|", "r|.*|"] }];
    const machine = machineWith({ filters });
    const { matches } = movesTo("vda", "same size");
    const plan = { ...planOfSteps("set", []), layout: machine.layout, matches };
    assert.throws(() => refuseUnattended({ machine, plan }), { exitCode: 3, message: /line 142 of \/etc\/lvm\/lvm\.conf, filter, names/ });
    refuseUnattended({ machine: machineWith({}), plan });
  });

  const hiding: readonly (readonly [what: string, patterns: readonly string[], moves?: ReturnType<typeof movesTo>])[] = [
    ["takes a link of the old disk alone", ["a|/dev/disk/by-id/wwn-0x5000c500a1b2c3d4|", "r/.*/"]],
    ["refuses the name that the new disk has", ["r(/dev/vd)"]],
    ["refuses it between brackets, before others take it", ["r[/dev/]", "a|.*|"]],
    ["cannot be read", ["r|/dev/*vda(|"]],
    ["took the old name of the same disk", ["a|/dev/sda|", "r|.*|"], movesTo("sdb", "same wwid")],
  ];
  for (const [what, patterns, moves] of hiding) {
    test(`finds a filter that ${what}`, () => assert.equal(problems(patterns, moves).length, 1, patterns.join()));
  }

  const harmless: readonly (readonly [what: string, patterns: readonly string[], moves?: ReturnType<typeof movesTo>])[] = [
    ["takes all", ["a|.*|"]],
    ["refuses others", ["r|/dev/cdrom|", "r|^/dev/sd[b-z]|"]],
    ["takes the new name", ["r|/dev/sda|", "a|^/dev/vda|", "r|.*|"]],
    ["takes what a physical volume is always called", ["a|/dev/disk/by-id/lvm-pv-uuid|", "r|.*|"]],
    ["takes a partition by its UUID", ["a|/dev/disk/by-partuuid/1a2b3c4d-03$|", "r|.*|"]],
    ["takes a partition by its name", ["a|/dev/disk/by-partlabel/name3$|", "r|.*|"]],
    ["takes a link of the same disk", ["a|/dev/disk/by-id/wwn-0x5000c500a1b2c3d4|", "r|.*|"], movesTo("sdb", "same wwid")],
  ];
  for (const [what, patterns, moves] of harmless) {
    test(`leaves alone one that ${what}`, () => assert.deepEqual(problems(patterns, moves), []));
  }

  test("has nothing to say where LVM goes by a list of devices, or the group is on what has a name of its own", () => {
    const filters = [{ key: "global_filter" as const, file: "/etc/lvm/lvmlocal.conf", line: 1, patterns: ["r|.*|"] }];
    assert.deepEqual(problems(["r|.*|"], undefined, { devicesFile: FILE, usesDevicesFile: true }), []);
    assert.equal(problems(["r|.*|"], undefined, { devicesFile: FILE }).length, 1, "a list that LVM does not go by");
    const mapped = machineWith({ filters }, [LUKS, { ...group, physicalVolumes: [{ ...group.physicalVolumes[0]!, device: "safe" }] }]);
    assert.deepEqual(lvmFilterProblems(mapped, movesTo("vda", "same size")), []);
  });
});
