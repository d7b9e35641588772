// What stands on a machine's VGA screen, read from its text memory through QMP.
import { LifeboatError } from "#os/error";
import { readBytes, removeFile } from "#os/files";
import type { QmpClient } from "./qmp.ts";
import { textRows } from "./vga-text.ts";

/**
 * The 25 rows of 80 columns, trailing spaces cut, as lines. The machine stands still meanwhile. Throws LifeboatError in a
 * graphics mode, where only a screenshot helps. `scratchFile` must be absolute.
 */
export async function readScreen(qmp: QmpClient, scratchFile: string): Promise<string> {
  await qmp.execute("stop");
  try {
    if (((await readRegister(qmp, GRAPHICS, 0x06)) & 1) !== 0) {
      throw new LifeboatError("Cannot read the screen as it must be in text mode: it shows graphics", { hint: "Take a screenshot" });
    }
    // Consoles scroll by moving the start address and leave the rows where they are.
    const high = await readRegister(qmp, CRT_CONTROLLER, 0x0c);
    const low = await readRegister(qmp, CRT_CONTROLLER, 0x0d);
    await qmp.execute("pmemsave", { val: TEXT_MEMORY, size: TEXT_MEMORY_BYTES, filename: scratchFile });
    return textRows(await readBytes(scratchFile), high * 256 + low).join("\n");
  } finally {
    await qmp.execute("cont");
    await removeFile(scratchFile);
  }
}

const TEXT_MEMORY = 0xb8000;
const TEXT_MEMORY_BYTES = 0x8000;

/** Index ports of VGA's register files; the data port is the next one. */
const GRAPHICS = 0x3ce;
const CRT_CONTROLLER = 0x3d4;

/** Puts the index back, which the guest may have been about to use. */
async function readRegister(qmp: QmpClient, indexPort: number, register: number): Promise<number> {
  const index = await readPort(qmp, indexPort);
  await monitor(qmp, `o /b 0x${indexPort.toString(16)} 0x${register.toString(16)}`);
  const value = await readPort(qmp, indexPort + 1);
  await monitor(qmp, `o /b 0x${indexPort.toString(16)} 0x${index.toString(16)}`);
  return value;
}

async function readPort(qmp: QmpClient, port: number): Promise<number> {
  const answer = await monitor(qmp, `i /b 0x${port.toString(16)}`);
  const value = /= 0x([0-9a-f]+)/.exec(answer)?.[1];
  if (value === undefined) throw new LifeboatError(`Cannot read the screen as QEMU must tell its registers: "${answer.trim()}"`);
  return parseInt(value, 16);
}

async function monitor(qmp: QmpClient, line: string): Promise<string> {
  return String(await qmp.execute("human-monitor-command", { "command-line": line }));
}
