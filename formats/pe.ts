// EFI programs: what runs them, and whether they are signed (Microsoft PE format, "PE Header" and "Attribute Certificate Table"; UEFI 2.10, 2.1.1).

import { fieldReader, type FieldReader } from "./fields.ts";

export interface EfiProgram {
  /** UEFI's short name, as in `BOOTX64.EFI`, lower case; undefined for one that it has no name for (UEFI 2.10, 3.5.1.1). */
  readonly architecture: string | undefined;
  /** There is a signature; whose it is, and whether it holds, nobody has looked. */
  readonly isSigned: boolean;
}

const ARCHITECTURES: ReadonlyMap<number, string> = new Map([
  [0x014c, "ia32"],
  [0x01c2, "arm"],
  [0x0200, "ia64"],
  [0x5032, "riscv32"],
  [0x5064, "riscv64"],
  [0x6264, "loongarch64"],
  [0x8664, "x64"],
  [0xaa64, "aa64"],
]);

const PE_POINTER = 0x3c;
const SIGNATURE = 0x00004550;
/** Of the COFF header, behind the signature. */
const OPTIONAL_HEADER = 24;
const PE32_PLUS = 0x20b;
const PE32 = 0x10b;
const CERTIFICATE_TABLE = 4;
const DIRECTORY_BYTES = 8;

/** Throws LifeboatError when the bytes are none. */
export function readEfiProgram(bytes: Uint8Array, name?: string): EfiProgram {
  const file = fieldReader(bytes, name === undefined ? "the EFI program" : `the EFI program "${name}"`, "little");
  if (file.u16(0, "e_magic") !== 0x5a4d) throw file.damage('it must begin with "MZ"', "it does not");
  const header = file.u32(PE_POINTER, "e_lfanew");
  if (file.u32(header, "Signature") !== SIGNATURE) throw file.damage('"e_lfanew" must point to "PE"', `nothing like it at ${header}`);
  const optional = header + OPTIONAL_HEADER;
  const magic = file.u16(optional, "Magic");
  if (magic !== PE32 && magic !== PE32_PLUS) throw file.damage('"Magic" must be that of PE32 or PE32+', `it is 0x${magic.toString(16)}`);
  return {
    architecture: ARCHITECTURES.get(file.u16(header + 4, "Machine")),
    isSigned: certificateTable(file, header).sizeBytes > 0,
  };
}

/** Where signatures stand in the file, 0 bytes of them where there are none. `header`: where "PE" stands. */
export function certificateTable(file: FieldReader, header: number): { readonly start: number; readonly sizeBytes: number } {
  const optional = header + OPTIONAL_HEADER;
  // NumberOfRvaAndSizes; the data directories follow it.
  const count = optional + (file.u16(optional, "Magic") === PE32_PLUS ? 108 : 92);
  if (file.u32(count, "NumberOfRvaAndSizes") <= CERTIFICATE_TABLE) return { start: 0, sizeBytes: 0 };
  const entry = count + 4 + CERTIFICATE_TABLE * DIRECTORY_BYTES;
  return { start: file.u32(entry, "Certificate Table"), sizeBytes: file.u32(entry + 4, "Certificate Table size") };
}
