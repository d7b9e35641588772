// Who changes discs and tapes for a command: the person at its terminal; without one, whatever brings the next tape.

import { nowMs, sleep } from "#os/clock";
import type { MediumChanger } from "../media/medium-changer.ts";
import { patientChanger } from "../media/patient-changer.ts";
import { terminalChanger } from "./terminal-changer.ts";

export function commandChanger(say: (line: string) => void): MediumChanger {
  return process.stdin.isTTY ? terminalChanger() : patientChanger({ nowMs, sleep, say });
}
