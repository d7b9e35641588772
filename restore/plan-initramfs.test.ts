// Why an initramfs may have to be made again: drivers of other disks, and copies of what the restore changes.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BIOS_MACHINE, withLayout } from "../machine/machine-for-tests.ts";
import type { Machine } from "../machine/model.ts";
import { GROUP, LUKS } from "../machine/stack-for-tests.ts";
import { describeStep } from "./describe-step.ts";
import { NOTHING_GONE } from "./plan-gone-words.ts";
import { planInitramfs } from "./plan-initramfs.ts";
import type { DiskMatch, Step } from "./plan.ts";

const [SDA] = BIOS_MACHINE.layout.disks;
const SWAP = BIOS_MACHINE.layout.swaps[0]!.uuid!;

function match(drivers: readonly string[]): DiskMatch {
  const disk = { ...SDA!, ...SDA!.identity, name: "vda", path: "/dev/vda", driver: drivers[drivers.length - 1], drivers };
  return { from: "sda", disk, reason: "same size" };
}

const SAME = match(["sd", "ahci"]);

function planned(steps: readonly Step[], machine: Machine = BIOS_MACHINE, matches = [SAME]): readonly string[] {
  const { layout: before } = machine;
  return planInitramfs(machine, { devices: new Map(), matches, replaced: new Map() }, { before, steps }).map(describeStep);
}

const commandLine = (to: string): Step => {
  const changes = [{ from: "/dev/sda4", now: "/dev/vda4", to, withoutInitramfs: to }];
  return { kind: "write-command-line", directories: [], changes, gone: NOTHING_GONE, arrays: [] };
};
const fstab = (path: string): Step => ({ kind: "write-fstab", changes: [{ path, from: "/dev/sda2", to: "UUID=x" }] });
const crypttab = (name: string): Step => ({ kind: "write-crypttab", volumes: [{ name, uuid: "1" }], unmade: [] });
/** The root is on a volume of a group on `safe`, and there is `other`. */
const ENCRYPTED = withLayout(BIOS_MACHINE, {
  stack: [
    { ...LUKS, device: "sda2" },
    { ...GROUP, physicalVolumes: [{ ...GROUP.physicalVolumes[0]!, device: "safe" }] },
  ],
  mounts: BIOS_MACHINE.layout.mounts.map((mount) => (mount.path === "/" ? { ...mount, device: "vg0" } : mount)),
});

test("planInitramfs() plans nothing for the same drivers and no changes, and says what drivers are new", () => {
  assert.deepEqual(planned([]), []);
  assert.deepEqual(planned([{ kind: "write-network", changes: [] }]), []);
  assert.deepEqual(planned([], BIOS_MACHINE, [match(["sd", "mpt3sas"])]), [
    "see that the initramfs can start from sd, mpt3sas, and make it again when it cannot",
  ]);
});

describe("planInitramfs() says what the initramfs has a copy of, which the restore may change:", () => {
  const mdadm: Step = { kind: "write-mdadm-conf", gone: [], moved: [] };
  const devices: Step = { kind: "write-lvm-devices", file: "/etc/lvm/devices/system.devices", stale: [], groups: [] };
  const cases: readonly (readonly [what: string, step: Step, machine?: Machine])[] = [
    ["mdadm.conf", mdadm],
    ["LVM's list of devices", devices],
    ["/etc/fstab", fstab("/usr")],
    ["/etc/crypttab", crypttab("safe"), ENCRYPTED],
    ["/etc/initramfs-tools/conf.d/resume", commandLine(`UUID=${SWAP}`)],
  ];
  for (const [what, step, machine] of cases) {
    test(what, () => assert.deepEqual(planned([step], machine), [`make the initramfs again when its copy of ${what} is out of date`]));
  }

  test("several, and new drivers", () => {
    assert.deepEqual(planned([mdadm, devices], BIOS_MACHINE, [match(["nvme"])]), [
      "see that the initramfs can start from nvme, and make it again when it cannot, or when its copy of mdadm.conf, LVM's list of devices is out of date",
    ]);
  });

  test("several paths to a disk that has one now", () => {
    const [disk, ...others] = BIOS_MACHINE.layout.disks;
    const machine = withLayout(BIOS_MACHINE, { disks: [{ ...disk!, multipath: { wwid: "3600", paths: ["sda", "sdb"] } }, ...others] });
    assert.deepEqual(planned([], machine), ["make the initramfs again when its copy of the multipath settings is out of date"]);
  });
});

test("planInitramfs() leaves alone what no initramfs mounts or opens", () => {
  assert.deepEqual(planned([fstab("/srv"), commandLine("UUID=7a61ccf8-d4dc-4a28-aa1e-bd1c6a57709c")]), []);
  assert.deepEqual(planned([crypttab("other")], ENCRYPTED), []);
  const dracut = { ...BIOS_MACHINE, system: { ...BIOS_MACHINE.system, family: "redhat" } };
  assert.deepEqual(planned([commandLine(`UUID=${SWAP}`)], dracut), []);
});
