// What a build says when it is done: text for people, JSON for programs.

import type { RescueImage } from "../builder/build.ts";
import type { FoundKernel } from "../builder/find-kernel.ts";
import type { ImageContents } from "../builder/gather-image.ts";
import { formatMebibytes, formatSizeRows, sizeRows } from "../builder/size-report.ts";
import type { BootMedium } from "../bootloaders/iso.ts";
import type { MenuOptions } from "../bootloaders/rescue-files.ts";

interface Medium extends BootMedium {
  readonly menu: MenuOptions;
}

export function reportJson(kernel: FoundKernel, image: RescueImage, medium: Medium): string {
  const { contents, findings, initramfsBytes, toolsBytes, cachedPieces, allPieces } = image;
  return JSON.stringify({
    output: medium.outputPath,
    bytes: medium.sizeBytes,
    secureBoot: medium.signed,
    defaultMode: medium.menu.defaultMode,
    timeoutSeconds: medium.menu.timeoutSeconds,
    buildId: image.files.buildId,
    kernel: { release: kernel.release, path: kernel.kernelPath, provenance: kernel.provenance, findings },
    initramfsBytes,
    toolsBytes,
    cachedPieces,
    allPieces,
    groups: sizeRows(contents.entries),
    absentPrograms: contents.absentPrograms.map(({ name }) => name),
    incompleteFiles: contents.incompleteFiles.map(({ name, state }) => ({ name, state })),
    notes: contents.notes,
    unexplainedDlopens: contents.unexplainedDlopens,
    missingFirmware: contents.modulePart.missingFirmware,
  });
}

export function reportText(kernel: FoundKernel, image: RescueImage, medium: Medium): string {
  const { contents, findings, initramfsBytes, toolsBytes, cachedPieces, allPieces } = image;
  const { modulePart, busybox } = contents;
  const early = modulePart.selection.modules.filter(({ layer }) => layer === "initramfs").length;
  return [
    `${medium.outputPath}  ${formatMebibytes(medium.sizeBytes)}  build ${image.files.buildId}`,
    `  kernel    ${kernel.release}, ${kernel.provenance}`,
    `  busybox   ${busybox.provenance}`,
    `  modules   ${modulePart.selection.modules.length}, of them ${early} in the initramfs`,
    `  firmware  ${modulePart.missingFirmware.length} names without a file on this machine`,
    `  boots     BIOS, UEFI${medium.signed ? ", UEFI with Secure Boot" : "; not with Secure Boot: no signed boot loader here"}`,
    ...nukeLines(medium.menu),
    `  initramfs ${formatMebibytes(initramfsBytes)}, tools layer ${formatMebibytes(toolsBytes)}; ${cachedPieces} of ${allPieces} pieces from the cache`,
    "",
    "  unpacked sizes",
    ...formatSizeRows(sizeRows(contents.entries)),
    ...gapLines(contents),
    ...findings.map(({ severity, option, breaks }) => `  ${severity}: ${option}: ${breaks}`),
  ].join("\n");
}

type Gaps = Pick<ImageContents, "absentPrograms" | "incompleteFiles" | "notes" | "unexplainedDlopens">;

/** What the image lacks, or may lack, of programs and libraries. */
export function gapLines({ absentPrograms, incompleteFiles, notes, unexplainedDlopens }: Gaps): readonly string[] {
  const absent = [...new Set(absentPrograms.map((program) => program.package))];
  const lines = [
    ...(absent.length === 0 ? [] : [`  not on this machine, so not in the image: ${absent.join(", ")}`]),
    ...incompleteFiles.map(({ name, state }) => `  left out: ${name}: ${state}`),
    ...notes.map((note) => `  note: ${note}`),
    ...(unexplainedDlopens.length === 0
      ? []
      : [`  may open libraries that nobody could foresee: ${unexplainedDlopens.map(nameOf).join(", ")}`]),
  ];
  return lines.length === 0 ? [] : ["", ...lines];
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A medium that restores without being asked is named by the report: whoever finds it must not learn it from the machine that it boots. */
export function nukeLines({ defaultMode, timeoutSeconds }: MenuOptions): readonly string[] {
  if (defaultMode !== "nuke") return [];
  const when = timeoutSeconds === 0 ? "when Enter is pressed" : `by itself after ${timeoutSeconds} s`;
  return [`  WARNING   starts nuke ${when}: it erases the disks and asks nothing`];
}
