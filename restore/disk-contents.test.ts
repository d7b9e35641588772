// What is found on a disk, data that nothing here can read among it: it would be lost unasked if it were taken for nothing.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BIOS_MACHINE } from "../machine/machine-for-tests.ts";
import type { Disk, Partition } from "../machine/model.ts";
import { parseLsblk } from "../machine/parse-lsblk.ts";
import { diskContents } from "./disk-contents.ts";
import { foreignContents } from "./foreign-data.ts";

const [own] = BIOS_MACHINE.layout.disks;
const DATA = Uint8Array.of(0, 0, 7);
const ZEROS = new Uint8Array(3);

interface Found {
  /** File system by partition; a partition without one is `undefined`. */
  readonly parts?: Readonly<Record<string, string | undefined>>;
  /** Changes the partition of that name in the table. */
  readonly table?: Readonly<Record<string, Partial<Partition>>> | "none";
  readonly heads?: Readonly<Record<string, Uint8Array | undefined>>;
}

/** Devices with unknown data; those whose start was looked at. */
async function unknownOn({ parts = {}, table = {}, heads = {} }: Found) {
  const children = Object.entries(parts).map(([name, fstype]) => ({ name, type: "part", fstype, ...(fstype && { uuid: "u" }) }));
  const [device] = parseLsblk(JSON.stringify({ blockdevices: [{ name: "sda", type: "disk", children }] }));
  const partitions = own!.table!.partitions.map((one) => ({ ...one, ...(table === "none" ? {} : table[one.id]) }));
  const disk: Disk = { ...own!, id: "sda", table: table === "none" ? undefined : { ...own!.table!, partitions } };
  const looked: string[] = [];
  const contents = await diskContents(device, disk, async (name) => {
    looked.push(name);
    return name in heads ? heads[name] : ZEROS;
  });
  const unknown = contents.filter(({ type }) => type === "data of an unknown kind");
  const foreign = foreignContents({ disk, contents: unknown, lockedBecause: undefined }, BIOS_MACHINE);
  assert.equal(foreign.length, unknown.length, "it counts as foreign");
  return { unknown: unknown.map(({ device: name }) => name), looked };
}

describe("diskContents() finds data of an unknown kind", () => {
  const parts = { sda1: "vfat", sda2: undefined, sda3: "xfs", sda4: undefined };
  const cases: Readonly<Record<string, Found & { readonly expected: readonly string[]; readonly looked: readonly string[] }>> = {
    "in a partition of an own disk that has no signature": {
      parts,
      heads: { sda2: DATA },
      expected: ["sda2"],
      looked: ["sda2", "sda4"],
    },
    "in one that cannot be read": { parts, heads: { sda4: undefined }, expected: ["sda4"], looked: ["sda2", "sda4"] },
    "nowhere where all is zeros": { parts, expected: [], looked: ["sda2", "sda4"] },
    "not where no file system is by nature, nor in an extended partition": {
      parts,
      table: { sda2: { type: "41" }, sda4: { type: "f", role: "extended" } },
      heads: { sda2: DATA, sda4: DATA },
      expected: [],
      looked: [],
    },
    "in partitions of a table that is not known": {
      parts,
      table: "none",
      heads: { sda2: DATA },
      expected: ["sda2"],
      looked: ["sda2", "sda4"],
    },
    "on a whole disk without any content": { table: "none", heads: { sda: DATA }, expected: ["sda"], looked: ["sda"] },
  };
  for (const [what, { expected, looked, ...found }] of Object.entries(cases)) {
    test(what, async () => assert.deepEqual(await unknownOn(found), { unknown: expected, looked }));
  }
});
