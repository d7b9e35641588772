// The virtual machine that a guest was made for.

import type { DiskSpec, MachineSpec } from "../../qemu/machine-spec.ts";
import { DISKS, firmwareOf, type GuestKind } from "./recipe.ts";

export interface GuestFiles {
  readonly file: string;
  /** `raw` unless given. */
  readonly format?: DiskSpec["format"];
  /** Of the machine's own; made when missing. Only for UEFI. */
  readonly uefiVariables?: string;
}

/** With the guest's disk as its only one, on virtio, and no network. Its boot index leaves 0 free for a medium or a kernel. */
export function guestMachine(kind: GuestKind, { file, format, uefiVariables }: GuestFiles): MachineSpec {
  const disk: DiskSpec = { file, bus: "virtio-blk", serial: DISKS[kind].serial, bootIndex: 1, ...(format === undefined ? {} : { format }) };
  const common = { memoryMb: 1024, disks: [disk] };
  if (firmwareOf(kind) === "bios") return { ...common, machineType: "pc", firmware: { kind: "bios" } };
  const variables = uefiVariables === undefined ? {} : { variablesFile: uefiVariables };
  return { ...common, machineType: "q35", firmware: { kind: "uefi", secureBoot: false, ...variables } };
}
