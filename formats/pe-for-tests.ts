// For tests: the head of an EFI program, with or without a signature.

import { asciiEncode } from "./text.ts";

export interface ProgramSketch {
  readonly machine: number;
  readonly magic: 0x10b | 0x20b;
  readonly directories?: number;
  readonly certificateBytes?: number;
  /** Behind the head. */
  readonly text?: string;
}

export function sketchedProgram({ machine, magic, directories = 16, certificateBytes = 0, text = "" }: ProgramSketch): Uint8Array {
  const bytes = new Uint8Array(512 + text.length);
  const view = new DataView(bytes.buffer);
  const header = 0x80;
  view.setUint16(0, 0x5a4d, true);
  view.setUint32(0x3c, header, true);
  view.setUint32(header, 0x4550, true);
  view.setUint16(header + 4, machine, true);
  view.setUint16(header + 24, magic, true);
  const count = header + 24 + (magic === 0x20b ? 108 : 92);
  view.setUint32(count, directories, true);
  view.setUint32(count + 4 + 4 * 8, 0x1000, true);
  view.setUint32(count + 4 + 4 * 8 + 4, certificateBytes, true);
  bytes.set(asciiEncode(text), 512);
  return bytes;
}
