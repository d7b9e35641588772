// UEFI firmware for a machine: Debian's OVMF files, and the machine's own copy of the variables.
import { join } from "node:path";
import { LifeboatError } from "#os/error";
import { copyFile, exists, makeDirectory } from "#os/files";
import type { FirmwareFiles, MachineSpec } from "./machine-spec.ts";

export interface FirmwareOptions {
  /** Where the variables go when the spec names no file; they start fresh then. */
  readonly workDirectory: string;
  /** Where the firmware is looked for; /usr/share/OVMF unless given. */
  readonly vendorDirectory?: string;
}

/** The files that UEFI needs, undefined for BIOS. Throws LifeboatError when the firmware is not installed. */
export async function prepareFirmware(
  firmware: MachineSpec["firmware"],
  { workDirectory, vendorDirectory = "/usr/share/OVMF" }: FirmwareOptions,
): Promise<FirmwareFiles | undefined> {
  if (firmware.kind === "bios") return undefined;
  const vendor = await findVendorFiles(vendorDirectory, firmware.secureBoot);
  const variables = firmware.variablesFile ?? join(workDirectory, "uefi-variables.fd");
  if (firmware.variablesFile === undefined || !(await exists(variables))) {
    await makeDirectory(join(variables, ".."));
    await copyFile(vendor.variables, variables);
  }
  return { code: vendor.code, variables };
}

/** `ms`: Microsoft's and Debian's keys are enrolled. The names without 4M are those of releases before Debian 11. */
const PLAIN_SUFFIXES = ["_4M.fd", ".fd"];
const SECURE_SUFFIXES = ["_4M.ms.fd", ".ms.fd"];

async function findVendorFiles(directory: string, secureBoot: boolean): Promise<FirmwareFiles> {
  const suffixes = secureBoot ? SECURE_SUFFIXES : PLAIN_SUFFIXES;
  for (const suffix of suffixes) {
    const files = { code: join(directory, `OVMF_CODE${suffix}`), variables: join(directory, `OVMF_VARS${suffix}`) };
    if ((await exists(files.code)) && (await exists(files.variables))) return files;
  }
  throw new LifeboatError(
    `Cannot start a UEFI machine as it needs OVMF: no "OVMF_CODE${suffixes[0]}" with its variables in "${directory}"`,
    {
      hint: 'Install the package "ovmf"',
    },
  );
}
