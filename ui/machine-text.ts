// The machine for people: a few lines on what it is, a table of its storage, and whether it could be restored.
import type { BootLoader, Disk, FileSystem, Firmware, Hardware, Layout, Machine, NetworkCard, Partition } from "../machine/model.ts";
import type { StackedDevice } from "../machine/stacked-device.ts";
import { plainLine, wrapLine } from "./plain-text.ts";
import { sizeText } from "./size-text.ts";

export interface MachineVerdict {
  /** Why it is not restorable; empty when it is. */
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
}

const COLUMNS = 100;

export function machineText(machine: Machine, { reasons, warnings }: MachineVerdict): string {
  const { system, layout } = machine;
  const lines = [
    `machine:     ${machine.hostName}, ${system.prettyName}, ${system.architecture}, kernel ${system.kernelRelease}`,
    `hardware:    ${hardwareText(machine.hardware)}`,
    `firmware:    ${firmwareText(machine.firmware)}`,
    `boot loader: ${bootLoaderText(machine.bootLoader)}`,
    ...machine.network.map((card) => `network:     ${cardText(card)}`),
    "",
    ...table([["DEVICE", "Size", "Kind", "Content", "Used", "Mounted at"], ...layoutRows(layout)]),
    "",
    `restorable: ${reasons.length === 0 ? "yes" : "no"}`,
    // What goes on is indented more than what begins.
    ...reasons.flatMap((reason) => wrapLine(plainLine(reason), COLUMNS - 2).map((line) => `  ${line}`)),
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
  return lines.flatMap((line) => wrapLine(plainLine(line), COLUMNS)).join("\n");
}

function hardwareText({ vendor, product, memoryBytes, processors }: Hardware): string {
  const name = [vendor, product].filter((word) => word !== undefined).join(" ");
  const counts = [`${processors} ${processors === 1 ? "processor" : "processors"}`, `${sizeText(memoryBytes)} of memory`];
  return [...(name === "" ? [] : [name]), ...counts].join(", ");
}

function firmwareText(firmware: Firmware): string {
  if (firmware.kind === "bios") return "BIOS";
  const inOrder = firmware.order.map((wanted) => firmware.entries.find(({ number }) => number === wanted));
  const names = inOrder.flatMap((entry) => (entry === undefined ? [] : [`${entry.number} ${entry.label}`]));
  return [`UEFI, Secure Boot ${firmware.secureBoot ? "on" : "off"}`, ...(names.length === 0 ? [] : [`boots ${names.join(", ")}`])].join(
    "; ",
  );
}

function bootLoaderText(loader: BootLoader): string {
  if (loader.kind === "unknown") return `not known: ${loader.detail}`;
  if (loader.kind === "systemd-boot") return `systemd-boot: EFI/${loader.efi.vendorDirectory} on ${loader.efi.mountPoint}`;
  if (loader.kind === "extlinux") return `extlinux in ${loader.directory}, on ${loader.disk}`;
  const { directory, biosDisks, efi } = loader;
  return [
    `GRUB in ${directory}`,
    ...(biosDisks.length === 0 ? [] : [`first sector of ${biosDisks.join(", ")}`]),
    ...(efi === undefined ? [] : [`EFI/${efi.vendorDirectory} on ${efi.mountPoint}`]),
  ].join("; ");
}

function cardText({ name, mac, driver, addresses, gateway }: NetworkCard): string {
  const words = [name, mac, driver, addresses.join(" "), gateway === undefined ? undefined : `by way of ${gateway}`];
  return words.filter((word) => word !== undefined && word !== "").join(", ");
}

type Row = readonly string[];

/** Disks with their partitions, then what stands on these, then swap files. What lsblk does not know stands last. */
function layoutRows(layout: Layout): readonly Row[] {
  const listed = new Set([
    ...layout.disks.flatMap(({ id, table }) => [id, ...(table?.partitions ?? []).map((part) => part.id)]),
    ...layout.stack.map(({ id }) => id),
  ]);
  return [
    ...layout.disks.flatMap((disk) => [
      diskRow(disk, layout),
      ...(disk.table?.partitions ?? []).map((part) => partitionRow(disk, part, layout)),
    ]),
    ...layout.stack.map((stacked) => [stacked.id, stackedSize(stacked), stackedKind(stacked), ...contentCells(stacked.id, layout)]),
    ...layout.fileSystems
      .filter(({ device }) => !listed.has(device))
      .map(({ device, sizeBytes }) => [device, sizeText(sizeBytes), "-", ...contentCells(device, layout)]),
    ...layout.swaps
      .filter(({ kind }) => kind === "file")
      .map(({ place, sizeBytes }) => [place, sizeText(sizeBytes), "file", "swap", "", ""]),
  ];
}

function diskRow(disk: Disk, layout: Layout): Row {
  const { model, serial, wwid } = disk.identity;
  const kind = disk.table === undefined ? "disk" : `${disk.table.kind} disk`;
  const [content = "", used = "", paths = ""] = contentCells(disk.id, layout);
  const name = [model, serial === undefined ? wwid : `serial ${serial}`].filter((word) => word !== undefined).join(", ");
  return [disk.id, sizeText(disk.sizeBytes), kind, content === "" ? name : content, used, paths];
}

function partitionRow(disk: Disk, partition: Partition, layout: Layout): Row {
  const { id, role, sizeSectors, type, active } = partition;
  const special = PARTITION_KINDS[type];
  const kind = [role === "primary" ? (special ?? "partition") : role, ...(active ? ["active"] : [])].join(", ");
  return [`  ${id}`, sizeText(sizeSectors * disk.logicalSectorBytes), kind, ...contentCells(id, layout)];
}

const PARTITION_KINDS: Readonly<Record<string, string>> = {
  "c12a7328-f81f-11d2-ba4b-00a0c93ec93b": "EFI system",
  ef: "EFI system",
  "21686148-6449-6e6f-744e-656564454649": "BIOS boot",
};

function stackedKind(stacked: StackedDevice): string {
  switch (stacked.kind) {
    case "array":
      return `array, ${stacked.level}`;
    case "volume-group":
      return "LVM group";
    case "logical-volume":
      return "LVM volume";
    case "luks":
      return "LUKS";
    case "other":
      return stacked.type;
  }
}

function stackedSize(stacked: StackedDevice): string {
  return stacked.kind === "volume-group" ? "" : sizeText(stacked.sizeBytes);
}

/** Content, used, mounted at. */
function contentCells(device: string, layout: Layout): Row {
  const fileSystem = layout.fileSystems.find((candidate) => candidate.device === device);
  if (fileSystem !== undefined) return fileSystemCells(fileSystem, layout);
  const swap = layout.swaps.find(({ kind, place }) => kind === "partition" && place === device);
  return [swap === undefined ? "" : withLabel("swap", swap.label), "", ""];
}

function fileSystemCells({ device, type, label, usedBytes }: FileSystem, { mounts }: Layout): Row {
  const paths = mounts
    .filter((mount) => mount.device === device)
    .map(({ path, fsRoot }) => (fsRoot === "/" ? path : `${path} (from ${fsRoot})`));
  return [withLabel(type, label), usedBytes === undefined ? "" : sizeText(usedBytes), paths.join(", ")];
}

function withLabel(type: string, label: string | undefined): string {
  return label === undefined ? type : `${type} "${label}"`;
}

/** Cells that are longer than their column's share push only their own row. */
const WIDEST_CELL = 36;
/** Size and Used. */
const RIGHT_COLUMNS: ReadonlySet<number> = new Set([1, 4]);

function table(rows: readonly Row[]): readonly string[] {
  const widths = rows[0]?.map((_, column) => Math.min(WIDEST_CELL, Math.max(...rows.map((row) => row[column]?.length ?? 0)))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => (RIGHT_COLUMNS.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
