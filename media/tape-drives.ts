// The tape drives that are there, and those that pretend to be a CD: HP's One-Button Disaster Recovery.

import { LifeboatError } from "#os/error";
import { writeFile } from "#os/files";
import { listSys, readSysBytes, sysLinkName } from "#os/sysfs";
import { asciiDecode } from "../formats/text.ts";
import type { RunCommand } from "./medium.ts";

/** Nodes that do not rewind. */
export function tapeDrives(sysRoot = "/sys"): readonly string[] {
  return listSys(`${sysRoot}/class/scsi_tape`).flatMap((name) => (/^nst\d+$/.test(name) ? [`/dev/${name}`] : []));
}

export interface ObdrDrive {
  /** `sr0` */
  readonly name: string;
  /** `HOST:CHANNEL:TARGET:LUN` */
  readonly address: string;
}

/** INQUIRY, bytes 43 to 48: "The OBDR Solution", HP, section "Identifying an OBDR drive". */
const SIGNATURE_AT = 43;
const SIGNATURE = "$DR-10";

/** CD drives that are tape drives. */
export function obdrDrives(sysRoot = "/sys"): readonly ObdrDrive[] {
  return listSys(`${sysRoot}/class/block`).flatMap((name) => {
    if (!/^sr\d+$/.test(name)) return [];
    const device = `${sysRoot}/class/block/${name}/device`;
    const inquiry = readSysBytes(`${device}/inquiry`) ?? new Uint8Array(0);
    const isObdr = asciiDecode(inquiry.subarray(SIGNATURE_AT, SIGNATURE_AT + SIGNATURE.length)) === SIGNATURE;
    const address = sysLinkName(device);
    return isObdr && address !== undefined ? [{ name, address }] : [];
  });
}

/** MODE SELECT of page 3Eh, whose second byte is the mode: 0 is that of a tape drive. */
export function leaveCdModeCommand({ name }: ObdrDrive): readonly [string, ...string[]] {
  return ["sg_wr_mode", "-f", "-p", "3eh", "-c", "3e,2,0,0", `/dev/${name}`];
}

/** The drive is a tape drive again, which the kernel learns by looking for it anew. Throws LifeboatError. */
export async function leaveCdMode(drive: ObdrDrive, run: RunCommand, sysRoot = "/sys"): Promise<void> {
  const { exitCode, output } = await run(leaveCdModeCommand(drive));
  if (exitCode !== 0) {
    throw new LifeboatError(`Cannot use "/dev/${drive.name}" as a tape drive as it must leave its CD mode: ${output.trim()}`, {
      hint: "Switch it off and on again, and restore from another boot medium",
    });
  }
  const [host = "", ...rest] = drive.address.split(":");
  await writeFile(`${sysRoot}/class/block/${drive.name}/device/delete`, "1\n");
  await writeFile(`${sysRoot}/class/scsi_host/host${host}/scan`, `${rest.join(" ")}\n`);
}
