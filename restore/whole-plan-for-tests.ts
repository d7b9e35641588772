// For tests: a plan for a whole layout, and whether it is sound: all is made, in order, and everything has its room.

import assert from "node:assert/strict";
import { BIOS_MACHINE, UEFI_MACHINE } from "../machine/machine-for-tests.ts";
import type { Disk, Layout, Machine, Partition } from "../machine/model.ts";
import { deviceBytes, standsOn } from "../machine/own-layout.ts";
import type { StackedDevice } from "../machine/stacked-device.ts";
import { leastFileSystemBytes } from "./fit/file-system-size.ts";
import { devicePaths } from "./plan-stack.ts";
import { planRestore, type PlanOptions } from "./plan-restore.ts";
import type { Plan, Step } from "./plan.ts";

const MIB = 2 ** 20;
const TOTALS = { paths: 1, contentBytes: 1, frames: 1, volumes: 1, streamBytes: 1, storedBytes: 1 };

function machineOf(layout: Layout): Machine {
  const esp = layout.mounts.find(({ path }) => path === "/boot/efi");
  const { bootLoader } = UEFI_MACHINE;
  if (esp === undefined || bootLoader.kind !== "grub") {
    assert.ok(BIOS_MACHINE.bootLoader.kind === "grub");
    return { ...BIOS_MACHINE, layout, bootLoader: { ...BIOS_MACHINE.bootLoader, biosDisks: [layout.disks[0]!.id] } };
  }
  return { ...UEFI_MACHINE, layout, bootLoader: { ...bootLoader, efi: { ...bootLoader.efi!, device: esp.device } } };
}

/** Blank disks that are known by their serials, of sizes that `sizeOf` tells. */
export function planOnto(layout: Layout, sizeOf: (disk: Disk) => number, sectorBytes?: number): Plan {
  const present = layout.disks.map((disk) => {
    return { ...disk, sizeBytes: sizeOf(disk), logicalSectorBytes: sectorBytes ?? disk.logicalSectorBytes, table: undefined };
  });
  return planOntoDisks(layout, present);
}

export function planOntoDisks(layout: Layout, disks: readonly Disk[], options: Partial<PlanOptions> = {}): Plan {
  const machine = machineOf(layout);
  const present = disks.map((disk) => ({ disk, contents: [], lockedBecause: undefined }));
  const manifest = { id: "set", totals: TOTALS };
  return planRestore({
    machine,
    manifest,
    present,
    firmware: machine.firmware.kind,
    options: { map: new Map(), excluded: [], wipe: [], ...options },
  });
}

/** What the steps make, read back from them alone. */
function madeBy({ steps, matches, layout }: Plan): Omit<Layout, "fstab" | "images"> {
  const nodes = devicePaths(layout, matches);
  const made = <K extends Step["kind"]>(kind: K) => steps.filter((step): step is Extract<Step, { kind: K }> => step.kind === kind);
  const idOf = (node: string) => [...nodes].find(([, path]) => path === node)?.[0] ?? assert.fail(node);
  const disks = matches.map(({ from, disk }) => {
    const table = made("partition").find((step) => step.disk === disk)?.table;
    return { ...layout.disks.find(({ id }) => id === from)!, table };
  });
  const stack = steps.flatMap((step): readonly StackedDevice[] => {
    if (step.kind === "create-array") return [{ ...step.array, members: step.members.map(idOf), spares: step.spares.map(idOf) }];
    if (step.kind === "create-luks") return [{ ...step.luks, device: idOf(step.device) }];
    if (step.kind === "create-volume-group") {
      const physicalVolumes = step.group.physicalVolumes.map((one, index) => ({ ...one, device: idOf(step.devices[index]!) }));
      return [{ ...step.group, physicalVolumes }];
    }
    return step.kind === "create-logical-volume" ? [step.volume] : [];
  });
  const fileSystems = made("make-filesystem").map(({ devices, fileSystem }) => ({ ...fileSystem, device: idOf(devices[0]!.path) }));
  const swaps = made("make-swap").map(({ device, uuid, label }) => {
    return { kind: "partition" as const, place: idOf(device), uuid, label, sizeBytes: deviceBytes(layout, idOf(device)) ?? 0 };
  });
  const mounts = made("mount").map(({ device, path, type, options, fsRoot }) => ({ device: idOf(device), path, type, options, fsRoot }));
  return { disks, stack, fileSystems, swaps, mounts };
}

const byId = <T extends { readonly id: string }>(list: readonly T[]) => [...list].sort((a, b) => (a.id < b.id ? -1 : 1));
const byPlace = <T extends { readonly path: string }>(list: readonly T[]) => [...list].sort((a, b) => (a.path < b.path ? -1 : 1));

/** Each device is made after what it is on, once, and all that the layout has is made. */
export function checkMade(plan: Plan): void {
  const { layout } = plan;
  const made = madeBy(plan);
  assert.deepEqual(byId(made.disks), byId(layout.disks));
  assert.deepEqual(byId(made.stack), byId(layout.stack));
  assert.deepEqual([made.fileSystems, made.swaps], [layout.fileSystems, layout.swaps]);
  assert.deepEqual(byPlace(made.mounts), byPlace(layout.mounts));
  assert.equal(made.mounts[0]?.path, "/");
  const known = new Set(layout.disks.flatMap(({ id, table }) => [id, ...(table?.partitions ?? []).map((one) => one.id)]));
  for (const { id } of made.stack) {
    for (const below of standsOn(layout, id)) assert.ok(known.has(below), `${id} is made before ${below}`);
    known.add(id);
  }
  for (const { device } of layout.mounts) assert.ok(known.has(device), device);
}

/** `before`: the machine's own. */
export function checkSizes({ layout }: Plan, before: Layout): void {
  for (const disk of layout.disks) if (disk.table !== undefined) checkTable(disk);
  for (const stacked of layout.stack) {
    if (stacked.kind !== "volume-group") continue;
    const room = stacked.physicalVolumes.reduce((total, { extents }) => total + extents, 0);
    const used = layout.stack.reduce((total, one) => {
      const isHere = one.kind === "logical-volume" && one.volumeGroup === stacked.id && one.form.type !== "thin";
      return isHere ? total + Math.ceil(one.sizeBytes / stacked.extentBytes) : total;
    }, 0);
    assert.ok(used <= room, `${used} extents of ${room} in ${stacked.id}`);
    for (const { device, extents, startBytes } of stacked.physicalVolumes)
      assert.ok(startBytes + extents * stacked.extentBytes <= deviceBytes(layout, device)!, device);
  }
  for (const { device, sizeBytes } of layout.fileSystems) {
    assert.equal(sizeBytes, deviceBytes(layout, device), device);
    const least = leastFileSystemBytes(before.fileSystems.find((fileSystem) => fileSystem.device === device)!);
    assert.ok(sizeBytes >= least, `${device}: ${sizeBytes} of ${least}`);
  }
}

export function checkTable({ id, table, logicalSectorBytes, sizeBytes }: Disk): void {
  const end = ({ startSector, sizeSectors }: Partition) => startSector + sizeSectors;
  const byStart = [...table!.partitions].sort((a, b) => a.startSector - b.startSector);
  const top = byStart.filter(({ role }) => role !== "logical");
  const inside = byStart.filter(({ role }) => role === "logical");
  const extended = top.find(({ role }) => role === "extended");
  for (const list of [top, inside])
    list.slice(1).forEach((next, index) => assert.ok(end(list[index]!) <= next.startSector, `${next.id} begins inside of another`));
  for (const one of inside) assert.ok(one.startSector > extended!.startSector && end(one) <= end(extended!), one.id);
  for (const { startSector } of byStart) assert.equal((startSector * logicalSectorBytes) % MIB, 0, id);
  assert.ok(Math.max(...top.map(end)) * logicalSectorBytes <= sizeBytes, id);
}
