// Which disks nothing may be written to: what is in use, what holds the set, and what either shares a file system with.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseLsblk } from "../machine/parse-lsblk.ts";
import { diskLocks } from "./disk-locks.ts";

type Device = Readonly<Record<string, unknown>>;

const part = (name: string, facts: Device = {}): Device => ({ name, type: "part", ...facts });
const disk = (name: string, children: readonly Device[] = [], facts: Device = {}): Device => ({ name, type: "disk", children, ...facts });
const pool = (uuid: string) => ({ fstype: "btrfs", uuid });

describe("diskLocks()", () => {
  const cases: readonly (readonly [
    what: string,
    devices: readonly Device[],
    locks: Readonly<Record<string, string>>,
    expected: Readonly<Record<string, string>>,
  ])[] = [
    ["locks nothing by itself", [disk("sda", [part("sda1", { fstype: "ext4", uuid: "a" })])], {}, {}],
    ["locks what is mounted", [disk("sda", [part("sda1", { mountpoints: ["/x", null] })])], {}, { sda: 'it is in use at "/x"' }],
    [
      "locks a disk for its partition, and for itself",
      [disk("sda", [part("sda1")]), disk("sdb"), disk("sdc")],
      { sda1: "why", sdb: "how" },
      { sda: "why", sdb: "how" },
    ],
    [
      "locks what an array is active on",
      [disk("sda", [part("sda1", { children: [{ name: "md0", type: "raid1" }] })])],
      {},
      { sda: "md0 (raid1) is active on it" },
    ],
    [
      "locks all members of a btrfs that is mounted, though lsblk shows that of one",
      [
        disk("sda", [part("sda1", pool("a"))]),
        disk("sdb", [part("sdb1", { ...pool("a"), mountpoints: ["/set"] })]),
        disk("sdc", [], pool("a")),
        disk("sdd", [], pool("b")),
      ],
      {},
      {
        sda: 'its btrfs is on sdb1 too: it is in use at "/set"',
        sdb: 'it is in use at "/set"',
        sdc: 'its btrfs is on sdb1 too: it is in use at "/set"',
      },
    ],
    [
      "locks all members of a btrfs of which one is locked, by itself or with its disk",
      [
        disk("sda", [], pool("a")),
        disk("sdb", [part("sdb1", pool("a"))]),
        disk("sdc", [], pool("b")),
        disk("sdd", [part("sdd1", pool("b"))]),
      ],
      { sda: "it holds the set", sdd: "it is the medium" },
      {
        sda: "it holds the set",
        sdb: "its btrfs is on sda too: it holds the set",
        sdc: "its btrfs is on sdd1 too: it is the medium",
        sdd: "it is the medium",
      },
    ],
  ];
  for (const [what, devices, locks, expected] of cases) {
    test(what, () => {
      const parsed = parseLsblk(JSON.stringify({ blockdevices: devices }));
      assert.deepEqual(Object.fromEntries(diskLocks(parsed, new Map(Object.entries(locks)))), expected);
    });
  }
});
